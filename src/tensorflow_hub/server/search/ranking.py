"""Orders the best hits of a query by parts that would take too long to score for all that match.

A hit's score is that of the query, and three parts more: BM25 of each word in the name, in the values of
facets and in the description; neighbours, words that stand side by side in the question and in these
values, such as "image classification"; and the static score of the model. Then families are mixed.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Sequence

import tantivy

from tensorflow_hub.server.search.index import SearchIndex
from tensorflow_hub.server.search.query import constant, lifted, rarity, term
from tensorflow_hub.server.search.question import AskedWord

# The places of words, and the weight of each.
PLACES = {"name": 1.0, "facet_words": 1.0, "also_called": 0.5, "description": 1.0}
# The weight of a name that a word may mean, and that of two neighbours (it is multiplied by their rarity).
OTHER_NAME, NEIGHBOURS = 0.5, 1.6
# Families are mixed among this number of hits. Each further model of a family (handles that differ only in
# numbers) keeps this part of its score; so does each further one whose handle begins alike.
MIXED, SAME_FAMILY, SAME_BEGINNING = 60, 0.9, 0.95

Hit = tuple[float, tantivy.DocAddress]


def rank(
    index: SearchIndex, searcher: tantivy.Searcher, words: Sequence[AskedWord], hits: Sequence[Hit]
) -> list[int]:
    """The models of the hits, best first.

    Args:
      index: where they are.
      searcher: the view of it that found them.
      words: the words of the question.
      hits: pairs of score and address, as Tantivy gives them.
    """
    if not hits:
        return []
    ids = _numbers(searcher, "id", hits)
    scores = dict(zip(ids, (score for score, _ in hits), strict=True))
    among = constant(tantivy.Query.term_set_query(index.schema, "id", ids), 0.0)
    parts = [*_in_places(index, words), *_side_by_side(index, searcher, words)]
    found = searcher.search(lifted(among, parts), len(hits), count=False).hits
    statics = _numbers(searcher, "static", found)
    for model, static, (score, _) in zip(_numbers(searcher, "id", found), statics, found, strict=True):
        scores[model] += score + static / 10
    families = zip(_numbers(searcher, "family", hits), _numbers(searcher, "beginning", hits), strict=True)
    return _mix_families(scores, dict(zip(ids, families, strict=True)))


def _in_places(index: SearchIndex, words: Sequence[AskedWord]) -> Iterator[tantivy.Query]:
    """BM25 of each word in each place, and of names it may mean."""
    for word in words:
        for place, weight in PLACES.items():
            yield tantivy.Query.boost_query(term(index, place, word.stem), weight)
        for name in word.names:
            yield tantivy.Query.boost_query(term(index, "name", name), OTHER_NAME)


def _side_by_side(
    index: SearchIndex, searcher: tantivy.Searcher, words: Sequence[AskedWord]
) -> Iterator[tantivy.Query]:
    """Two words of the question that stand side by side in values of facets."""
    for pair in set(itertools.pairwise(word.stem for word in words)):
        worth = NEIGHBOURS * sum(rarity(searcher, "facet_words", stem) for stem in pair)
        yield constant(term(index, "neighbours", " ".join(pair)), worth)


def _mix_families(scores: dict[int, float], families: dict[int, tuple[int, int]]) -> list[int]:
    """The best models with each further one of a family a little lower, then the others: ten sizes of one
    model do not fill a page that has other answers.
    """
    ranked = sorted(scores, key=scores.__getitem__, reverse=True)
    seen: Counter[int] = Counter()
    mixed = {}
    for model in ranked[:MIXED]:
        family, beginning = families[model]
        mixed[model] = scores[model] * SAME_FAMILY ** seen[family] * SAME_BEGINNING ** seen[beginning]
        seen.update((family, beginning))
    return sorted(mixed, key=mixed.__getitem__, reverse=True) + ranked[MIXED:]


def _numbers(searcher: tantivy.Searcher, field: str, hits: Sequence[Hit]) -> list[int]:
    values = searcher.fast_field_values(field, [address for _, address in hits])
    return [int(value) for value in values if value is not None]
