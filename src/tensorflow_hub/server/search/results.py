"""The documents that match a request: which they are, how many, which stand on a page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tantivy

from tensorflow_hub.server.search.index import SearchIndex
from tensorflow_hub.server.search.query import filtered, matching_query, scored_query
from tensorflow_hub.server.search.question import AskedWord
from tensorflow_hub.server.search.ranking import rank
from tensorflow_hub.server.search.request import MAX_RESULTS, SearchRequest

# With fewer hits than this, documents that lack words are taken too. In another order than by relevance they
# would stand among the others, so there they are taken only when there is no hit.
_ENOUGH = 20
# How many of the best hits are put in order with care.
_CANDIDATES = 150
_SORT_FIELDS = {"newest": "published", "downloads": "quality", "size": "bytes"}


class Results:
    """The result of a request.

    Attributes:
      total: how many documents match.
      relaxed: whether any of them may lack words.
    """

    def __init__(
        self,
        index: SearchIndex,
        searcher: tantivy.Searcher,
        request: SearchRequest,
        words: Sequence[AskedWord],
    ) -> None:
        self.index, self.searcher, self.request = index, searcher, request
        self._words = words
        self._by_words = bool(words) and request.sort == "relevance"
        self.relaxed = False
        self._first, self.total = self._search(0, _CANDIDATES)
        if len(words) > 1 and self.total < (_ENOUGH if self._by_words else 1):
            self.relaxed = True
            self._first, self.total = self._search(0, _CANDIDATES)

    def matching(self, *, without: str = "") -> tantivy.Query:
        """The query of all that match, for counts; `without` a facet's filter."""
        query = matching_query(self.index, self.searcher, self._words, self.relaxed)
        return filtered(self.index, query, self.request, without=without)

    def page(self) -> list[int]:
        """The models on the page that was asked for."""
        start = (self.request.page - 1) * self.request.page_size
        end = min(start + self.request.page_size, MAX_RESULTS)
        if start >= end:
            return []
        if not self._by_words:
            return self._ids(self._search(start, end - start)[0])
        hits = rank(self.index, self.searcher, self._words, self._first)[start:end]
        if end > _CANDIDATES and self.total > _CANDIDATES:
            behind = max(start, _CANDIDATES)
            hits += self._ids(self._search(behind, end - behind)[0])
        return hits

    def _search(self, offset: int, limit: int) -> tuple[list[Any], int]:
        query = scored_query(self.index, self.searcher, self._words, self.relaxed, self.request.text)
        field = None if self._by_words else _SORT_FIELDS.get(self.request.sort, "quality")
        order = tantivy.Order.Asc if self.request.sort == "size" else tantivy.Order.Desc
        ordered: dict[str, Any] = {"order_by_field": field, "order": order} if field else {}
        found = self.searcher.search(
            filtered(self.index, query, self.request), limit, count=True, offset=offset, **ordered
        )
        return found.hits, count_of(found)

    def _ids(self, hits: Sequence[Any]) -> list[int]:
        values = self.searcher.fast_field_values("id", [address for _, address in hits])
        return [int(value) for value in values if value is not None]


def count_of(found: tantivy.SearchResult) -> int:
    """How many documents match, of which the hits are the first."""
    count: int = found.count  # type: ignore[attr-defined]
    return count
