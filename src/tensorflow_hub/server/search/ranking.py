"""Puts the candidates of a question in order.

A document's score: for each word the best of its places (name, facets, description, anywhere; the word
itself or another way to say it) and a little for the others; neighbouring words in its name; its standing.

Each place is asked for by a query of its own that is joined with the candidates: such joins only look at
the candidates, while one query with all places would go through all documents that have a word.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import tantivy

from tensorflow_hub.server.search.index import SearchIndex
from tensorflow_hub.server.search.matching import Must, name_phrases, ways_to_say, whole_handle

# What other places than the best one add, and what having a word at all is worth.
_OTHER_PLACES = 0.25
_COVERAGE = 4.0

Place = tuple[int, int]


def rank(
    index: SearchIndex,
    searcher: tantivy.Searcher,
    words: Sequence[str],
    text: str,
    addresses: Sequence[tantivy.DocAddress],
) -> list[tuple[float, tantivy.DocAddress]]:
    """The documents at `addresses` with their scores for the `words` of the question `text`, best first."""
    if not addresses:
        return []
    ids, standings = (_numbers(searcher, field, addresses) for field in ("id", "standing"))
    among = tantivy.Query.const_score_query(tantivy.Query.term_set_query(index.schema, "id", ids), 0.0)
    scores: dict[Place, float] = defaultdict(float)
    for word in words:
        for place, value in _word_scores(index, searcher, word, among).items():
            scores[place] += value + _COVERAGE
    for query in [*name_phrases(index, words), *whole_handle(index, text)]:
        for place, value in _scores(searcher, query, among).items():
            scores[place] += value
    ranked = [
        (scores[address.segment_ord, address.doc] + standing / 10, address)
        for address, standing in zip(addresses, standings, strict=True)
    ]
    return sorted(ranked, key=lambda hit: -hit[0])


def _word_scores(
    index: SearchIndex, searcher: tantivy.Searcher, word: str, among: tantivy.Query
) -> dict[Place, float]:
    best: dict[Place, float] = defaultdict(float)
    total: dict[Place, float] = defaultdict(float)
    for way in ways_to_say(index, word):
        for place, score in _scores(searcher, way, among).items():
            best[place] = max(best[place], score)
            total[place] += score
    return {place: best[place] + _OTHER_PLACES * (total[place] - best[place]) for place in total}


def _scores(searcher: tantivy.Searcher, query: tantivy.Query, among: tantivy.Query) -> dict[Place, float]:
    joined = tantivy.Query.boolean_query([(Must, among), (Must, query)])
    hits = searcher.search(joined, 1000, count=False).hits
    return {(address.segment_ord, address.doc): score for score, address in hits}


def _numbers(searcher: tantivy.Searcher, field: str, addresses: Sequence[tantivy.DocAddress]) -> list[int]:
    if hasattr(searcher, "fast_field_values"):  # since Tantivy 0.27
        return [int(value or 0) for value in searcher.fast_field_values(field, list(addresses))]
    return [searcher.doc(address)[field][0] for address in addresses]
