"""Puts the candidates of a question in order.

A document's score: for each word the best of its places (name, facets, description; the word itself or
another way to say it) and a little for the others; what the choice of candidates made of all its text; for
each word that it has at all, more for rare ones; neighbouring words in its name and in the names of its
facets' values, such as "image classification"; its standing.
How much a word tells in a place follows BM25 (Robertson and Zaragoza, 2009). The candidates are few, so
their names, facets and descriptions are read and scored here: asking the index for each place would go
through all documents that have a common word.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections import Counter, defaultdict
from collections.abc import Sequence

import tantivy

from tensorflow_hub.server.search.index import SearchIndex
from tensorflow_hub.server.search.matching import Must, Should, ways_of
from tensorflow_hub.server.search.question import AskedWord, asked_handle
from tensorflow_hub.server.search.words import family
from tensorflow_hub.server.search.words import words as words_of

# How much a word counts by where it stands, and how many words a place usually has.
_PLACES = {"name": (2.0, 5), "facts": (1.6, 14), "description": (1.5, 12)}
_EVERYWHERE = 0.4
# What another way to say a word counts, what other places than the best one add, what having a word at
# all is worth (and more the rarer it is), what neighbours in the name or the facets are.
_ALTERNATIVE = 0.35
_OTHER_PLACES = 0.25
_COVERAGE = 4.0
_COVERAGE_RARE = 1.0
_NEIGHBOURS = {"name": 0.6, "facts": 1.6}
_WHOLE_HANDLE = 100.0
# The constants of BM25, as Tantivy has them.
_K1, _B = 1.2, 0.75
# Among how many of the best hits families are mixed, and what each further one keeps of its score: of those
# that differ in numbers, of those whose handles begin alike.
_MIXED = 60
_SIBLING = 0.9
_COUSIN = 0.95

# How many queries mark what they match in one score: it holds whole numbers of 24 bits.
_MARKS = 20

# Where a document is: segment and number.
_Place = tuple[int, int]
# A document chosen by the index: its score there, its address.
Candidate = tuple[float, tantivy.DocAddress]


@dataclasses.dataclass(frozen=True)
class Ranked:
    """A document with its place in the order.

    Attributes:
      score: the higher the better.
      id: of the model.
      handle: `publisher/model`.
    """

    score: float
    id: int
    handle: str


def rank(
    index: SearchIndex,
    searcher: tantivy.Searcher,
    words: Sequence[AskedWord],
    text: str,
    candidates: Sequence[Candidate],
    *,
    unsure: Sequence[AskedWord],
) -> list[Ranked]:
    """Orders the candidates for the `words` of the question `text`, best first.

    Args:
      index: where they are.
      searcher: the view of it that found them.
      words: the words of the question.
      text: the question.
      candidates: what was found.
      unsure: those of the words that a candidate may lack.
    """
    documents = [searcher.doc(address) for _, address in candidates]
    question = _Question(index, searcher, words, asked_handle(text))
    having = _having(index, searcher, unsure, documents)
    worths = [question.worth(word) for word in unsure]
    ranked = []
    for (score, address), document in zip(candidates, documents, strict=True):
        place = (address.segment_ord, address.doc)
        lacking = sum(worth for worth, places in zip(worths, having, strict=True) if place not in places)
        total = question.score(document) + question.worth_of_all - lacking + _EVERYWHERE * score
        ranked.append(Ranked(total, document["id"][0], document["handle"][0]))
    return sorted(ranked, key=lambda hit: -hit.score)


def mix_families(hits: Sequence[Ranked]) -> list[Ranked]:
    """The best of the hits with each further sibling of one family a little lower, then the others: ten sizes
    of one model do not fill a page that has other answers.
    """
    seen: Counter[str] = Counter()
    mixed = []
    for hit in hits[:_MIXED]:
        siblings, cousins = family(hit.handle), "/".join(hit.handle.split("/")[:2])
        mixed.append((hit.score * _SIBLING ** seen[siblings] * _COUSIN ** seen[cousins], hit))
        seen.update((siblings, cousins))
    return [hit for _, hit in sorted(mixed, key=lambda scored: -scored[0])] + list(hits[_MIXED:])


class _Question:
    """The words of a question with what each tells in each place.

    Attributes:
      worth_of_all: what it is worth to have all words.
    """

    def __init__(
        self,
        index: SearchIndex,
        searcher: tantivy.Searcher,
        words: Sequence[AskedWord],
        handle: str | None,
    ) -> None:
        self._stems = index.stems
        self._searcher = searcher
        self._handle = handle
        self._words = [index.stems[word.text] for word in words]
        # Stem → (which word it stands for, how much it counts); the same for ways of several stems.
        self._single: dict[str, list[tuple[int, float]]] = defaultdict(list)
        self._several: list[tuple[list[str], int, float]] = []
        for at, word in enumerate(words):
            self._single[self._words[at]].append((at, 1.0))
            for way in word.ways:
                parts = [index.stems[part] for part in words_of(way)]
                if len(parts) == 1:
                    self._single[parts[0]].append((at, _ALTERNATIVE))
                else:
                    self._several.append((parts, at, _ALTERNATIVE / len(parts)))
        self._wanted = {*self._single, *(part for parts, _, _ in self._several for part in parts)}
        self._weights = {
            field: {part: boost * (1 + _K1) * self._rarity(field, part) for part in self._wanted}
            for field, (boost, _) in _PLACES.items()
        }
        self._pairs = {
            field: {
                pair: boost * (self._rarity(field, pair[0]) + self._rarity(field, pair[1]))
                for pair in itertools.pairwise(self._words)
            }
            for field, boost in _NEIGHBOURS.items()
        }
        self.worth_of_all = sum(self.worth(word) for word in words)

    def worth(self, word: AskedWord) -> float:
        """What it is worth to have a word at all."""
        return _COVERAGE + _COVERAGE_RARE * self._rarity("all", self._stems[word.text])

    def score(self, document: tantivy.Document) -> float:
        """What the name, the facets and the description of a document, and its standing, are worth."""
        total: float = document["standing"][0] / 10
        if document["handle"][0] == self._handle:
            total += _WHOLE_HANDLE
        best = [0.0] * len(self._words)
        for field in _PLACES:
            text = [self._stems[word] for word in document[field][0].split()]
            found = self._wanted.intersection(text)
            if not found:
                continue
            for at, score in self._in_place(field, text, found):
                total += _OTHER_PLACES * score
                best[at] = max(best[at], score)
            if field in _NEIGHBOURS and len(found) > 1:
                total += self._neighbours(field, text)
        return total + (1 - _OTHER_PLACES) * sum(best)

    def _in_place(self, field: str, text: Sequence[str], found: set[str]) -> list[tuple[int, float]]:
        """What the words of the question, by their numbers, are worth in a place: BM25."""
        norm = _K1 * (1 - _B + _B * len(text) / _PLACES[field][1])
        weights = self._weights[field]
        worth = {}
        for part in found:
            times = text.count(part)
            worth[part] = weights[part] * times / (times + norm)
        scores = [(at, worth[part] * factor) for part in found for at, factor in self._single.get(part, ())]
        for parts, at, factor in self._several:
            if found.issuperset(parts):
                scores.append((at, factor * sum(worth[part] for part in parts)))
        return scores

    def _neighbours(self, field: str, text: Sequence[str]) -> float:
        """For two words of the question that stand side by side in a place of a document."""
        pairs = self._pairs[field]
        return sum(pairs[pair] for pair in pairs.keys() & itertools.pairwise(text))

    def _rarity(self, field: str, stem: str) -> float:
        """How rare a word is in a field."""
        having = self._searcher.doc_freq(field, stem)
        rest = self._searcher.num_docs - having
        return math.log(1 + max(0, rest + 0.5) / (having + 0.5))


def _having(
    index: SearchIndex,
    searcher: tantivy.Searcher,
    words: Sequence[AskedWord],
    documents: Sequence[tantivy.Document],
) -> list[set[_Place]]:
    """For each word, which of the documents have it somewhere."""
    found: list[set[_Place]] = [set() for _ in words]
    ways = [(places, way) for word, places in zip(words, found, strict=True) for way in ways_of(index, word)]
    ids = [document["id"][0] for document in documents]
    among = tantivy.Query.const_score_query(tantivy.Query.term_set_query(index.schema, "id", ids), 0.0)
    for start in range(0, len(ways) if ids else 0, _MARKS):
        marked = dict(enumerate(ways[start : start + _MARKS]))
        query = among
        # One in the other, not side by side: a choice of many is gone through in whole, these are looked up.
        for mark, (_, way) in marked.items():
            query = tantivy.Query.boolean_query(
                [(Must, query), (Should, tantivy.Query.const_score_query(way, float(1 << mark)))]
            )
        for score, address in searcher.search(query, len(ids), count=False).hits:
            for mark, (places, _) in marked.items():
                if int(score) >> mark & 1:
                    places.add((address.segment_ord, address.doc))
    return found
