"""Orders the best hits of a query by parts that would take too long to score for all that match.

A hit's score is that of the query, and three parts more: BM25 of each word in the name, in the facts and in
the description; neighbours, words that stand side by side in the question and in facts, such as "image
classification"; and the static score of the model. Then families are mixed.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Sequence

import tantivy

from tensorflow_hub.server.search.index import SearchIndex
from tensorflow_hub.server.search.query import all_words, constant, lifted, rarity, term
from tensorflow_hub.server.search.question import AskedWord
from tensorflow_hub.server.search.words import words as words_of

PLACES = ("name", "facts", "description")
# The weight of another way to say a word, and that of two neighbours (it is multiplied by their rarity).
ALTERNATIVE, NEIGHBOURS = 0.5, 1.6
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
    """BM25 of each word, and of other ways to say it, in each place."""
    for word in words:
        ways = [(word.text, 1.0), *((way, ALTERNATIVE / len(words_of(way))) for way in word.ways)]
        for (way, counts), place in itertools.product(ways, PLACES):
            yield tantivy.Query.boost_query(all_words(index, place, way), counts)


def _side_by_side(
    index: SearchIndex, searcher: tantivy.Searcher, words: Sequence[AskedWord]
) -> Iterator[tantivy.Query]:
    """Two words of the question that stand side by side in facts."""
    for pair in set(itertools.pairwise(index.stems[word.text] for word in words)):
        worth = NEIGHBOURS * sum(rarity(searcher, "facts", stem) for stem in pair)
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
