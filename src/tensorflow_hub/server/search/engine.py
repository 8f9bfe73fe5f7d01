"""Answers a search request: a page of hits, their number, the counts of the facets, the corrected words."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import tantivy

from tensorflow_hub.format.card.facets import FACET_KEYS
from tensorflow_hub.server.search.index import SAMPLING, SearchIndex
from tensorflow_hub.server.search.query import (
    Must,
    Should,
    filtered,
    matching_query,
    numbers,
    rank,
    sampled,
    scored_query,
)
from tensorflow_hub.server.search.question import correct, question_words, with_names
from tensorflow_hub.server.search.request import MAX_RESULTS, SearchRequest

# With fewer hits than this, documents that lack some words match too. In other orders than relevance, they
# would be mixed with the full matches; so there they match only if there is no full match.
_ENOUGH = 20
# How many of the best hits are ordered by the complete score (see `query.rank`).
_CANDIDATES = 150
_SORT_FIELDS = {"newest": "published", "downloads": "quality", "size": "bytes"}
_FACET_VALUES, _ALL_VALUES = 30, 2_000
# The facets of more documents than this are counted on a sample.
_EXACT = 20_000
# A score above the sum of any scores of words.
_ABOVE_ALL = 1000.0


@dataclasses.dataclass(frozen=True)
class SearchAnswer:
    """The answer to a search request.

    Attributes:
      ids: the models of this page, best first.
      total: the number of hits on all pages.
      facets: facet key → (value, number), commonest first.
      estimated: whether the counts of the facets were made on a sample.
      corrected: the corrected words of the search, if a word was unknown; else None.
      relaxed: whether hits may lack some of the words.
    """

    ids: tuple[int, ...]
    total: int
    facets: dict[str, tuple[tuple[str, int], ...]]
    estimated: bool
    corrected: str | None
    relaxed: bool


def search(index: SearchIndex, request: SearchRequest) -> SearchAnswer:
    """Answers a search request from the index of the caller's audience (see `audiences.py`)."""
    return index.kept(repr(request), lambda: _answer(index, request))


def _answer(index: SearchIndex, request: SearchRequest) -> SearchAnswer:
    searcher = index.searcher()
    asked = question_words(request.text)
    words = correct(index.schema, searcher, asked)
    found = _Matches(index, searcher, request, words)
    estimated = found.total > _EXACT
    facets = _count_facets(found, sample=estimated) if request.with_facets else {}
    return SearchAnswer(
        ids=tuple(found.page()),
        total=found.total,
        facets=facets,
        estimated=estimated,
        corrected=" ".join(words) if words != asked else None,
        relaxed=found.relaxed,
    )


class _Matches:
    """The documents that match a request.

    Attributes:
      total: the number of matching documents.
      relaxed: whether some of them may lack words.
    """

    def __init__(
        self, index: SearchIndex, searcher: tantivy.Searcher, request: SearchRequest, words: Sequence[str]
    ) -> None:
        self.index, self.searcher, self.request = index, searcher, request
        self._words = with_names(searcher, words)
        self._by_words = bool(words) and request.sort == "relevance"
        self.relaxed = False
        self._first, self.total = self._search(0, _CANDIDATES)
        if len(words) > 1 and self.total < (_ENOUGH if self._by_words else 1):
            self.relaxed = True
            self._first, self.total = self._search(0, _CANDIDATES)

    def query(self, *, without: str = "") -> tantivy.Query:
        """Returns the query for all matches, for counts; `without` names a facet whose filter is left out."""
        query = matching_query(self.index, self.searcher, self._words, self.relaxed)
        return filtered(self.index, query, self.request, without=without)

    def page(self) -> list[int]:
        """Returns the models on the requested page."""
        start = (self.request.page - 1) * self.request.page_size
        end = min(start + self.request.page_size, MAX_RESULTS)
        if start >= end:
            return []
        if not self._by_words:
            return self._ids(start, end)
        hits = rank(self.index, self.searcher, self._words, self._first)[start:end]
        return hits + self._ids(max(start, _CANDIDATES), end) if self.total > _CANDIDATES else hits

    def _ids(self, start: int, end: int) -> list[int]:
        return numbers(self.searcher, "id", self._search(start, end - start)[0]) if end > start else []

    def _search(self, offset: int, limit: int) -> tuple[list[Any], int]:
        query = scored_query(self.index, self.searcher, self._words, self.relaxed, self.request.text)
        field = None if self._by_words else _SORT_FIELDS.get(self.request.sort, "quality")
        order = tantivy.Order.Asc if self.request.sort == "size" else tantivy.Order.Desc
        ordered: dict[str, Any] = {"order_by_field": field, "order": order} if field else {}
        found = self.searcher.search(
            filtered(self.index, query, self.request), limit, count=True, offset=offset, **ordered
        )
        return found.hits, _count_of(found)


def similar(index: SearchIndex, id: int, *, limit: int = 6) -> tuple[int, ...]:
    """Returns the models whose names, facets and descriptions are most similar to those of model `id`.

    Models of the same domain come first. Otherwise, a text classifier would be similar to an image
    classifier, because their cards have many words in common.
    """
    searcher, itself = index.searcher(), tantivy.Query.term_query(index.schema, "id", id)
    own = searcher.search(itself, 1, count=False).hits
    if not own:
        return ()
    alike = tantivy.Query.more_like_this_query(
        own[0][1],
        min_doc_frequency=2,
        # Frequencies include replaced documents that are not yet merged away. Tantivy panics if a word seems
        # to be in more documents than there are.
        max_doc_frequency=searcher.num_docs,
        min_term_frequency=1,
        max_query_terms=20,
    )
    facets = _aggregate(searcher, itself, ["domain", "task"])

    def same(key: str, score: float) -> tantivy.Query:
        values = [value for value, _ in facets[key]]
        return tantivy.Query.const_score_query(tantivy.Query.term_set_query(index.schema, key, values), score)

    either = tantivy.Query.boolean_query([(Should, alike), (Should, same("task", 0.0))])
    clauses = [(Must, either), (Should, same("domain", _ABOVE_ALL))]
    hits = searcher.search(tantivy.Query.boolean_query(clauses), limit + 1, count=False).hits
    ids = (searcher.doc(address)["id"][0] for _, address in hits)
    return tuple(other for other in ids if other != id)[:limit]


def _count_facets(found: _Matches, *, sample: bool) -> dict[str, tuple[tuple[str, int], ...]]:
    """Counts the values of the facets. A facet with a filter is counted as if it had none.

    If very many documents match, one in `SAMPLING` is counted, and the counts are multiplied.
    """
    filters = found.request.filters
    counts = _count(found, [key for key in FACET_KEYS if key not in filters], sample=sample)
    for key in filters:
        counts |= _count(found, [key], sample=sample or _is_large(found, key), without=key)
    return {key: counts.get(key, ()) for key in FACET_KEYS}


def _count(
    found: _Matches, keys: Sequence[str], *, sample: bool, without: str = ""
) -> dict[str, tuple[tuple[str, int], ...]]:
    query, times = found.query(without=without), SAMPLING if sample else 1
    counts = _aggregate(
        found.searcher, sampled(found.index, query) if sample else query, keys, found.request.all_of
    )
    return {key: tuple((value, count * times) for value, count in counts[key]) for key in counts}


def _is_large(found: _Matches, key: str) -> bool:
    """Whether very many documents match without the filter of a facet, estimated on the sample."""
    query = sampled(found.index, found.query(without=key))
    return _count_of(found.searcher.search(query, 1, count=True)) * SAMPLING > _EXACT


def _aggregate(
    searcher: tantivy.Searcher, query: tantivy.Query, fields: Sequence[str], all_of: str = ""
) -> dict[str, tuple[tuple[str, int], ...]]:
    if not fields or not searcher.num_docs:
        return {}
    wanted = {
        field: {"terms": {"field": field, "size": _ALL_VALUES if field == all_of else _FACET_VALUES}}
        for field in fields
    }
    answer = searcher.aggregate(query, wanted)
    return {
        field: tuple((bucket["key"], bucket["doc_count"]) for bucket in answer[field]["buckets"])
        for field in fields
    }


def _count_of(found: tantivy.SearchResult) -> int:
    """Returns the number of all matches, which is larger than the number of hits in `found`."""
    count: int = found.count  # type: ignore[attr-defined]
    return count
