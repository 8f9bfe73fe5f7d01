"""Puts the candidates of a question in order.

A document's score: for each word the best of its places (name, facets, description, anywhere; the word
itself or another way to say it) and a little for the others; neighbouring words in its name and in the
names of its facets' values, such as "image classification"; its standing.
How much a word tells in a place follows BM25 (Robertson and Zaragoza, 2009). The candidates are few, so
their names, facets and descriptions are read and scored here: asking the index for each place would go
through all documents that have a common word.
"""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence

import tantivy

from tensorflow_hub.server.search.index import SearchIndex
from tensorflow_hub.server.search.matching import Must, anywhere
from tensorflow_hub.server.search.question import AskedWord, asked_handle
from tensorflow_hub.server.search.words import words as words_of

# How much a word counts by where it stands, and how many words a place usually has.
_PLACES = {"name": (2.0, 5), "facts": (1.6, 14), "description": (1.5, 12)}
_ANYWHERE = 0.5
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

Place = tuple[int, int]


def rank(
    index: SearchIndex,
    searcher: tantivy.Searcher,
    words: Sequence[AskedWord],
    text: str,
    addresses: Sequence[tantivy.DocAddress],
) -> list[tuple[float, tantivy.DocAddress]]:
    """The documents at `addresses` with their scores for the `words` of the question `text`, best first."""
    if not addresses:
        return []
    documents = [searcher.doc(address) for address in addresses]
    among = tantivy.Query.term_set_query(index.schema, "id", [document["id"][0] for document in documents])
    found = [_scores(searcher, anywhere(index, word), among) for word in words]
    question = _Question(index, searcher, words, asked_handle(text))
    ranked = []
    for address, document in zip(addresses, documents, strict=True):
        place = (address.segment_ord, address.doc)
        ranked.append((question.score(document, [scores.get(place) for scores in found]), address))
    return sorted(ranked, key=lambda hit: -hit[0])


class _Question:
    """The words of a question with what each tells in each place."""

    def __init__(
        self, index: SearchIndex, searcher: tantivy.Searcher, words: Sequence[AskedWord], handle: str | None
    ) -> None:
        self._index = index
        self._searcher = searcher
        self._handle = handle
        self._stems = [index.stem(word.text) for word in words]
        others = [[[index.stem(part) for part in words_of(way)] for way in word.ways] for word in words]
        # For each word: (its parts, how much this way to say it counts).
        self._ways = [
            [([stem], 1.0), *((parts, _ALTERNATIVE / len(parts)) for parts in ways)]
            for stem, ways in zip(self._stems, others, strict=True)
        ]
        self._weights: dict[tuple[str, str], float] = {}

    def score(self, document: tantivy.Document, anywhere: Sequence[float | None]) -> float:
        """The score of a document, given what each word scores anywhere in it (None: it is not there)."""
        texts = {field: [self._index.stem(w) for w in document[field][0].split()] for field in _PLACES}
        total: float = document["standing"][0] / 10 + self._neighbours(texts)
        if document["handle"][0] == self._handle:
            total += _WHOLE_HANDLE
        for stem, ways, elsewhere in zip(self._stems, self._ways, anywhere, strict=True):
            if elsewhere is None:
                continue
            scores = [self._in_place(field, texts[field], *way) for way in ways for field in _PLACES]
            scores.append(_ANYWHERE * elsewhere)
            best = max(scores)
            total += best + _OTHER_PLACES * (sum(scores) - best)
            total += _COVERAGE + _COVERAGE_RARE * self._weight("all", stem)
        return total

    def _in_place(self, field: str, text: Sequence[str], parts: Sequence[str], factor: float) -> float:
        """BM25 of words in a field; 0 when one of them is not there."""
        boost, usual = _PLACES[field]
        norm = _K1 * (1 - _B + _B * len(text) / usual)
        total = 0.0
        for part in parts:
            times = text.count(part)
            if not times:
                return 0.0
            total += self._weight(field, part) * times * (1 + _K1) / (times + norm)
        return total * boost * factor

    def _neighbours(self, texts: Mapping[str, Sequence[str]]) -> float:
        """For two words of the question that stand side by side in the same place of a document."""
        total = 0.0
        for field, boost in _NEIGHBOURS.items():
            pairs = set(itertools.pairwise(texts[field]))
            for first, second in itertools.pairwise(self._stems):
                if (first, second) in pairs:
                    total += boost * (self._weight(field, first) + self._weight(field, second))
        return total

    def _weight(self, field: str, stem: str) -> float:
        """How rare a word is in a field."""
        known = self._weights.get((field, stem))
        if known is None:
            having = self._searcher.doc_freq(field, stem)
            rest = self._searcher.num_docs - having
            known = self._weights[field, stem] = math.log(1 + max(0, rest + 0.5) / (having + 0.5))
        return known


def _scores(searcher: tantivy.Searcher, query: tantivy.Query, among: tantivy.Query) -> dict[Place, float]:
    unscored = tantivy.Query.const_score_query(among, 0.0)
    joined = tantivy.Query.boolean_query([(Must, unscored), (Must, query)])
    scores: dict[Place, float] = defaultdict(float)
    for score, address in searcher.search(joined, 1000, count=False).hits:
        scores[address.segment_ord, address.doc] = score
    return scores
