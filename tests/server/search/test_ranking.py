from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tensorflow_hub.server.search import ranking
from tensorflow_hub.server.search.document import SearchDocument
from tensorflow_hub.server.search.index import SearchIndex
from tensorflow_hub.server.search.matching import matching_query

WORDS = ["text", "image", "embedding", "bert", "small", "photo", "ocr", "lite", "100"]


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    index = SearchIndex(tmp_path_factory.mktemp("index"))
    with index.changing() as change:
        for number in range(1, 200):
            some = [
                word for place, word in enumerate(WORDS) if number >> place & 1 or number % (place + 3) == 0
            ]
            change.put(
                SearchDocument(
                    number,
                    f"acme/{'_'.join(some[:3]) or 'none'}_{number}",
                    1 + number % 6,
                    description=" ".join(some[1:]),
                    card=" ".join(reversed(some)),
                    downloads=number**2,
                )
            )
    return index


@settings(deadline=None, max_examples=50)
@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=3, unique=True))
def test_both_ways_to_rank_agree(index, words):
    searcher = index.searcher()
    hits = searcher.search(matching_query(index, words), 100, count=False).hits
    addresses = [address for _, address in hits]
    if not addresses:
        return
    from tantivy import Query

    ids = [searcher.doc(address)["id"][0] for address in addresses]
    among = Query.const_score_query(Query.term_set_query(index.schema, "id", ids), 0.0)
    at_once = ranking._score_at_once(index, searcher, words, "", among)
    by_joins = ranking._score_by_joins(index, searcher, words, "", among)
    assert at_once == pytest.approx(dict(by_joins), rel=1e-3)
