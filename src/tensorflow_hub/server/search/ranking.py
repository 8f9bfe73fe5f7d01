"""Puts the candidates of a question in order.

A document's score: for each word the best of its places (name, facets, description, anywhere; the word
itself or another way to say it) and a little for the others; neighbouring words in its name; its standing.

In a large catalogue each place is asked for by a query of its own that is joined with the candidates: such
joins only look at the candidates, while one query with all places goes through all documents that have a
word. In a small one that single query is quicker.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import tantivy

from tensorflow_hub.server.search.index import SearchIndex
from tensorflow_hub.server.search.matching import Must, Should, name_phrases, ways_to_say, whole_handle

# What other places than the best one add, and what having a word at all is worth.
_OTHER_PLACES = 0.25
_COVERAGE = 4.0
# Up to so many documents one query is quicker than many.
_SMALL = 50_000

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
    score = _score_at_once if searcher.num_docs <= _SMALL else _score_by_joins
    scores = score(index, searcher, words, text, among)
    ranked = [
        (scores.get((address.segment_ord, address.doc), 0.0) + standing / 10, address)
        for address, standing in zip(addresses, standings, strict=True)
    ]
    return sorted(ranked, key=lambda hit: -hit[0])


def _score_at_once(
    index: SearchIndex, searcher: tantivy.Searcher, words: Sequence[str], text: str, among: tantivy.Query
) -> dict[Place, float]:
    clauses = [(Should, clause) for clause in _clauses(index, words, text)]
    for word in words:
        ways = ways_to_say(index, word)
        clauses.append((Should, tantivy.Query.disjunction_max_query(ways, _OTHER_PLACES)))
        anywhere = tantivy.Query.boolean_query([(Should, way) for way in ways])
        clauses.append((Should, tantivy.Query.const_score_query(anywhere, _COVERAGE)))
    return _scores(searcher, tantivy.Query.boolean_query(clauses), among)


def _score_by_joins(
    index: SearchIndex, searcher: tantivy.Searcher, words: Sequence[str], text: str, among: tantivy.Query
) -> dict[Place, float]:
    scores: dict[Place, float] = defaultdict(float)
    for word in words:
        for place, value in _word_scores(index, searcher, word, among).items():
            scores[place] += value + _COVERAGE
    for clause in _clauses(index, words, text):
        for place, value in _scores(searcher, clause, among).items():
            scores[place] += value
    return scores


def _clauses(index: SearchIndex, words: Sequence[str], text: str) -> list[tantivy.Query]:
    return [*name_phrases(index, words), *whole_handle(index, text)]


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
