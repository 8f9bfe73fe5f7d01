"""The documents that match a question: which they are, how many, which stand on a page."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import tantivy

from tensorflow_hub.server.search.index import SAMPLING, SearchIndex
from tensorflow_hub.server.search.matching import (
    Must,
    Should,
    candidates_query,
    filter_clauses,
    matching_query,
    much_used,
    sampled,
    whole_handle,
)
from tensorflow_hub.server.search.question import AskedWord
from tensorflow_hub.server.search.ranking import mix_families, rank
from tensorflow_hub.server.search.request import MAX_RESULTS, SearchRequest
from tensorflow_hub.server.search.signatures import matches

# Fewer hits than a page, and documents that lack words of the question are taken too; in another order than
# by relevance, where they would stand among the others, only when there is no hit.
_ENOUGH = 20
# Up to so many documents any word may be missing where too few have all; among more the commonest ones.
_SMALL = 100_000
# Among so many, when a word is common (a share of the documents), and how many words are looked for when some
# are: each takes a way through most documents and changes little.
_COMMON = 0.05
_MOST_COMMON = 3
# Where so many match, the candidates are the much used ones of them, if these are enough (to score all takes
# long and says little), and come first by what no score of words reaches.
_MANY = 100_000
_USED_FIRST = 64.0
# How many are put in order with care.
_CANDIDATES = 150
_SORT_FIELDS = {"newest": "published", "downloads": "quality", "size": "bytes"}


class Narrowing:
    """The filters of a request, ready to be joined to queries."""

    def __init__(self, index: SearchIndex, request: SearchRequest) -> None:
        self.index = index
        self.request = request
        self._typed: list[tuple[Any, tantivy.Query]] = []
        if request.interface:
            fitting = [text for text, offered in index.signatures() if matches(request.interface, offered)]
            wanted = tantivy.Query.term_set_query(index.schema, "signature", fitting)
            self._typed = [(Must, tantivy.Query.const_score_query(wanted, 0.0))]

    def apply(self, query: tantivy.Query, *, without: str = "") -> tantivy.Query:
        """What of `query` the filters leave; `without` that of a facet."""
        clauses = filter_clauses(self.index, self.request, without=without) + self._typed
        return tantivy.Query.boolean_query([(Must, query), *clauses]) if clauses else query


@dataclasses.dataclass(frozen=True)
class _Demand:
    """What a document has to have.

    Attributes:
      words: the words that they must have.
      missing: how many of these any document may lack.
      unsure: the words of the question that they may lack.
      lifting: those of them that make a document likelier to be a candidate.
      commonness: how many documents have the rarest word that they must have.
    """

    words: Sequence[AskedWord]
    missing: int = 0
    unsure: Sequence[AskedWord] = ()
    lifting: Sequence[AskedWord] = ()
    commonness: int = 0


class Found:
    """The documents that match, in two steps: a quick choice of candidates among all of them, then a careful
    order of those.
    """

    def __init__(self, searcher: tantivy.Searcher, narrowing: Narrowing, words: Sequence[AskedWord]) -> None:
        self.searcher = searcher
        self._narrowing = narrowing
        self.index, self._request = narrowing.index, narrowing.request
        self._words = words
        self._by_words = bool(words) and self._request.sort == "relevance"
        enough = _ENOUGH if self._by_words else 1
        self._used_first: tantivy.Query | None = None
        for missing in dict.fromkeys((0, len(words) // 2, max(0, len(words) - 1))):
            self._demand = self._demanded(missing)
            if self._choose_used():
                break
            first = self._search(0, _CANDIDATES if self._by_words else 1)
            self.total, self._first = count_of(first), first.hits
            if self.total >= enough or (missing and self._is_large and self.total):
                break

    @property
    def is_relaxed(self) -> bool:
        """Whether what was found may lack a word of the question."""
        return bool(self._demand.unsure)

    @property
    def is_estimated(self) -> bool:
        """Whether the total was counted on a sample."""
        return self._used_first is not None

    @property
    def _is_large(self) -> bool:
        return self.searcher.num_docs > _SMALL

    def _demanded(self, missing: int) -> _Demand:
        """All words but `missing`.

        In a large catalogue it is the commonest words that may be missing: to look for all but any one goes
        through all documents of all common words. Of those no more than a few are looked for at all.
        """
        if not self._is_large:
            return _Demand(self._words, missing, unsure=self._words if missing else ())
        having = {word: self.searcher.doc_freq("all", self.index.stems[word.text]) for word in self._words}
        by_rarity = sorted(self._words, key=lambda word: having[word])
        rare = [word for word in by_rarity if having[word] < _COMMON * self.searcher.num_docs]
        telling = by_rarity[: max(len(rare), _MOST_COMMON)]
        kept = max(1, len(telling) - missing)
        return _Demand(
            telling[:kept],
            unsure=by_rarity[kept:],
            lifting=telling[kept:],
            commonness=min(having.values(), default=0),
        )

    def _choose_used(self) -> bool:
        """Takes the candidates from the much used models where very many match, if enough are such."""
        if not (self._is_large and self._by_words and self._demand.commonness > _MANY):
            return False
        used, share = much_used(self.index, self.searcher, _COMMON)
        self._used_first = tantivy.Query.boolean_query(
            [(Should, used), *((Should, handle) for handle in whole_handle(self.index, self._request.text))]
        )
        first = self._search(0, _CANDIDATES, used_only=True)
        if count_of(first) < _CANDIDATES or count_of(first) <= _MANY * share:
            self._used_first = None
            return False
        self._first = first.hits
        sample = self.searcher.search(self.matching(among=sampled(self.index)), 1, count=True)
        self.total = count_of(sample) * SAMPLING
        return True

    def matching(self, *, without: str = "", among: tantivy.Query | None = None) -> tantivy.Query:
        """The query of all that match, for counts; `without` a facet's filter, `among` some only."""
        query = matching_query(self.index, self._demand.words, self._demand.missing, among=among)
        return self._narrowing.apply(query, without=without)

    def page(self) -> list[int]:
        """The models on the page that was asked for."""
        start = (self._request.page - 1) * self._request.page_size
        end = min(start + self._request.page_size, MAX_RESULTS)
        if start >= end:
            return []
        if not self._by_words:
            return self._ids(self._search(start, end - start))
        ranked = self._ranked()[start:end] if start < _CANDIDATES else []
        if end > _CANDIDATES and self.total > _CANDIDATES:
            behind = max(start, _CANDIDATES)
            ranked += self._ids(self._search(behind, end - behind))
        return ranked

    def _search(self, offset: int, limit: int, *, used_only: bool = False) -> tantivy.SearchResult:
        matching = matching_query(self.index, self._demand.words, self._demand.missing)
        query = candidates_query(self.index, matching, self._demand.lifting, self._request.text)
        if self._used_first is not None:
            first = tantivy.Query.const_score_query(self._used_first, _USED_FIRST)
            query = tantivy.Query.boolean_query([(Must, query), (Must if used_only else Should, first)])
        field = None if self._by_words else _SORT_FIELDS.get(self._request.sort, "quality")
        order = tantivy.Order.Asc if self._request.sort == "size" else tantivy.Order.Desc
        ordered: dict[str, Any] = {"order_by_field": field, "order": order} if field else {}
        narrowed = self._narrowing.apply(query)
        return self.searcher.search(narrowed, limit, count=True, offset=offset, **ordered)

    def _ids(self, found: tantivy.SearchResult) -> list[int]:
        values = self.searcher.fast_field_values("id", [address for _, address in found.hits])
        return [int(value) for value in values if value is not None]

    def _ranked(self) -> list[int]:
        """The candidates, best first, families mixed."""
        ranked = rank(
            self.index,
            self.searcher,
            self._words,
            self._request.text,
            self._first,
            unsure=self._demand.unsure,
        )
        return [hit.id for hit in mix_families(ranked)]


def count_of(found: tantivy.SearchResult) -> int:
    """How many documents match, of which the hits are the first."""
    count: int = found.count  # type: ignore[attr-defined]
    return count
