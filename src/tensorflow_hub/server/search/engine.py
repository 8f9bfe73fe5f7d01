"""Answers a question: the page of hits, how many there are, the counts of the facets, the correction."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Sequence
from typing import Any

import tantivy

from tensorflow_hub.server.search.facets import FACET_KEYS
from tensorflow_hub.server.search.index import SearchIndex
from tensorflow_hub.server.search.matching import (
    Must,
    filter_clauses,
    matching_query,
    question_words,
    scored_query,
)
from tensorflow_hub.server.search.request import MAX_RESULTS, SearchRequest
from tensorflow_hub.server.search.signatures import matches
from tensorflow_hub.server.search.spelling import correct
from tensorflow_hub.server.search.words import family

# Fewer hits than this, and documents that lack a word of the question are taken too.
_ENOUGH = 5
_FACET_VALUES = 30
# Among how many of the best hits families are mixed, and what each further sibling keeps of its score.
_MIXED = 60
_SIBLING = 0.9
_SORT_FIELDS = {"newest": "published", "downloads": "quality", "size": "bytes"}


@dataclasses.dataclass(frozen=True)
class SearchAnswer:
    """What search found.

    Attributes:
      ids: the models of this page, best first.
      total: how many there are on all pages.
      facets: facet key → (value, how many), commonest first.
      corrected: the words that were searched in place of the question's, when a word was unknown.
      relaxed: whether results may lack a word of the question.
    """

    ids: tuple[int, ...]
    total: int
    facets: dict[str, tuple[tuple[str, int], ...]]
    corrected: str | None
    relaxed: bool


def search(
    index: SearchIndex,
    request: SearchRequest,
    *,
    audience: Sequence[str] | None = (),
    with_facets: bool = True,
) -> SearchAnswer:
    """Answers `request`.

    Args:
      index: where to look.
      request: the question.
      audience: the publishers whose private models may be shown; None for all.
      with_facets: whether to count the facets.
    """
    searcher = index.searcher()
    asked = question_words(request.text)
    words = correct(index, searcher, asked)
    narrowing = _Narrowing(index, request, audience)
    missing = _missing_words(index, searcher, words, narrowing)
    query = narrowing.apply(scored_query(index, words, request.text, missing))
    addresses, total = _page(searcher, query, request, scored=bool(words))
    counted = matching_query(index, words, missing)
    facets = _count_facets(searcher, counted, request, narrowing) if with_facets else {}
    return SearchAnswer(
        ids=tuple(searcher.doc(address)["id"][0] for address in addresses),
        total=total,
        facets=facets,
        corrected=" ".join(words) if words != asked else None,
        relaxed=missing > 0,
    )


def similar(
    index: SearchIndex, id: int, *, audience: Sequence[str] | None = (), limit: int = 6
) -> tuple[int, ...]:
    """The models whose names, facets and descriptions are most like those of model `id`."""
    searcher = index.searcher()
    own = searcher.search(tantivy.Query.term_query(index.schema, "id", id), 1, count=False).hits
    if not own:
        return ()
    alike = tantivy.Query.more_like_this_query(
        own[0][1], min_doc_frequency=2, min_term_frequency=1, max_query_terms=20
    )
    clauses = [(Must, alike), *filter_clauses(index, SearchRequest(), audience)]
    hits = searcher.search(tantivy.Query.boolean_query(clauses), limit + 1, count=False).hits
    ids = (searcher.doc(address)["id"][0] for _, address in hits)
    return tuple(other for other in ids if other != id)[:limit]


class _Narrowing:
    """The filters of a request, ready to be joined to queries."""

    def __init__(self, index: SearchIndex, request: SearchRequest, audience: Sequence[str] | None) -> None:
        self.index = index
        self.request = request
        self.audience = audience
        self._typed: list[tuple[Any, tantivy.Query]] = []
        if request.interface:
            fitting = [text for text, offered in index.signatures() if matches(request.interface, offered)]
            wanted = tantivy.Query.term_set_query(index.schema, "signature", fitting)
            self._typed = [(Must, tantivy.Query.const_score_query(wanted, 0.0))]

    def apply(self, query: tantivy.Query, *, without: str = "") -> tantivy.Query:
        clauses = filter_clauses(self.index, self.request, self.audience, without=without) + self._typed
        return tantivy.Query.boolean_query([(Must, query), *clauses]) if clauses else query


def _missing_words(
    index: SearchIndex, searcher: tantivy.Searcher, words: Sequence[str], narrowing: _Narrowing
) -> int:
    """How many words documents may lack, so that there are enough results."""
    for missing in range(len(words)):
        query = narrowing.apply(matching_query(index, words, missing))
        if len(searcher.search(query, _ENOUGH, count=False).hits) == _ENOUGH:
            return missing
    return max(0, len(words) - 1)


def _page(
    searcher: tantivy.Searcher, query: tantivy.Query, request: SearchRequest, *, scored: bool
) -> tuple[list[tantivy.DocAddress], int]:
    offset = (request.page - 1) * request.page_size
    if offset >= MAX_RESULTS:
        return [], _count(searcher.search(query, 1, count=True))
    field = _SORT_FIELDS.get(request.sort) or (None if scored else "quality")
    if field:
        order = tantivy.Order.Asc if request.sort == "size" else tantivy.Order.Desc
        found = searcher.search(
            query, request.page_size, count=True, offset=offset, order_by_field=field, order=order
        )
        return [address for _, address in found.hits], _count(found)
    found = searcher.search(query, max(_MIXED, offset + request.page_size), count=True)
    ranked = _mix_families(searcher, found.hits[:_MIXED]) + [address for _, address in found.hits[_MIXED:]]
    return ranked[offset : offset + request.page_size], _count(found)


def _count(found: tantivy.SearchResult) -> int:
    count: int = found.count  # type: ignore[attr-defined]
    return count


def _mix_families(
    searcher: tantivy.Searcher, hits: Sequence[tuple[float, tantivy.DocAddress]]
) -> list[tantivy.DocAddress]:
    """Best first, but each further sibling of one family a little lower: ten sizes of one model do not
    fill a page that has other answers.
    """
    seen: Counter[str] = Counter()
    ranked = []
    for score, address in hits:
        kin = family(searcher.doc(address)["handle"][0])
        ranked.append((score * _SIBLING ** seen[kin], address))
        seen[kin] += 1
    return [address for _, address in sorted(ranked, key=lambda hit: -hit[0])]


def _count_facets(
    searcher: tantivy.Searcher, words: tantivy.Query, request: SearchRequest, narrowing: _Narrowing
) -> dict[str, tuple[tuple[str, int], ...]]:
    """Counts the values; those of a facet with a filter as if that filter were not there."""
    free = [key for key in FACET_KEYS if key not in request.filters]
    counts = _aggregate(searcher, narrowing.apply(words), free)
    for key in request.filters:
        counts |= _aggregate(searcher, narrowing.apply(words, without=key), [key])
    return {key: counts.get(key, ()) for key in FACET_KEYS}


def _aggregate(
    searcher: tantivy.Searcher, query: tantivy.Query, fields: Sequence[str]
) -> dict[str, tuple[tuple[str, int], ...]]:
    if not fields or not searcher.num_docs:
        return {}
    wanted = {field: {"terms": {"field": field, "size": _FACET_VALUES}} for field in fields}
    answer = searcher.aggregate(query, wanted)
    return {
        field: tuple((bucket["key"], bucket["doc_count"]) for bucket in answer[field]["buckets"])
        for field in fields
    }
