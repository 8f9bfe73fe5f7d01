"""Puts the best hits of a query in order by what the query cannot see.

A hit's score is that of the query, and two parts more: neighbours, words that stand side by side in the
question and in the name of a facet's value, such as "image classification"; and the static score of the
model. Then families are mixed.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections import Counter
from collections.abc import Sequence
from typing import Any

import tantivy

from tensorflow_hub.server.search.index import SearchIndex
from tensorflow_hub.server.search.query import rarity
from tensorflow_hub.server.search.question import AskedWord
from tensorflow_hub.server.search.words import family

# What two neighbours count, times how rare they are.
NEIGHBOURS = 1.6
# Among how many of the best hits families are mixed, and what each further one keeps of its score: of those
# that differ in numbers, of those whose handles begin alike.
MIXED, SIBLING, COUSIN = 60, 0.9, 0.95


@dataclasses.dataclass(frozen=True)
class _Hit:
    score: float
    id: int
    handle: str


def rank(
    index: SearchIndex, searcher: tantivy.Searcher, words: Sequence[AskedWord], hits: Sequence[Any]
) -> list[int]:
    """The models of the hits, best first.

    Args:
      index: where they are.
      searcher: the view of it that found them.
      words: the words of the question.
      hits: pairs of score and address, as Tantivy gives them.
    """
    pairs = set(itertools.pairwise(index.stems[word.text] for word in words))
    worth = {pair: NEIGHBOURS * sum(rarity(searcher, "facts", stem) for stem in pair) for pair in pairs}
    ranked = []
    for score, address in hits:
        document = searcher.doc(address)
        total = score + document["static"][0] / 10
        if pairs:
            facts = itertools.pairwise(index.stems[word] for word in document["facts"][0].split())
            total += sum(worth[pair] for pair in pairs.intersection(facts))
        ranked.append(_Hit(total, document["id"][0], document["handle"][0]))
    return [hit.id for hit in _mix_families(sorted(ranked, key=lambda hit: -hit.score))]


def _mix_families(hits: Sequence[_Hit]) -> list[_Hit]:
    """The best of the hits with each further sibling of one family a little lower, then the others: ten sizes
    of one model do not fill a page that has other answers.
    """
    seen: Counter[str] = Counter()
    mixed = []
    for hit in hits[:MIXED]:
        siblings, cousins = family(hit.handle), "/".join(hit.handle.split("/")[:2])
        mixed.append((hit.score * SIBLING ** seen[siblings] * COUSIN ** seen[cousins], hit))
        seen.update((siblings, cousins))
    return [hit for _, hit in sorted(mixed, key=lambda scored: -scored[0])] + list(hits[MIXED:])
