"""Answers a question: the page of hits, how many there are, the counts of the facets, the correction."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Sequence
from typing import Any

import tantivy

from tensorflow_hub.server.search.facets import FACET_KEYS
from tensorflow_hub.server.search.index import SAMPLING, SearchIndex
from tensorflow_hub.server.search.matching import (
    Must,
    candidates_query,
    filter_clauses,
    matching_query,
    sampled,
)
from tensorflow_hub.server.search.question import AskedWord, asked_words, question_words
from tensorflow_hub.server.search.ranking import Ranked, rank
from tensorflow_hub.server.search.request import MAX_RESULTS, SearchRequest
from tensorflow_hub.server.search.signatures import matches
from tensorflow_hub.server.search.spelling import correct
from tensorflow_hub.server.search.words import family

# Fewer hits than a page, and documents that lack words of the question are taken too.
_ENOUGH = 20
_FACET_VALUES = 30
# Up to so many documents are counted one by one.
_EXACT = 50_000
# Up to so many documents any word may be missing where too few have all; among more the commonest ones.
_SMALL = 100_000
# What share of the documents of a large catalogue may have a word that is looked for.
_NEARLY_ALL = 0.9
# How many are put in order with care.
_CANDIDATES = 150
# Among how many of the best hits families are mixed, and what each further one keeps of its score: of those
# that differ in numbers, of those whose handles begin alike.
_MIXED = 60
_SIBLING = 0.9
_COUSIN = 0.95
_SORT_FIELDS = {"newest": "published", "downloads": "quality", "size": "bytes"}


@dataclasses.dataclass(frozen=True)
class SearchAnswer:
    """What search found.

    Attributes:
      ids: the models of this page, best first.
      total: how many there are on all pages.
      facets: facet key → (value, how many), commonest first.
      estimated: whether the counts of the facets were made on a sample.
      corrected: the words that were searched in place of the question's, when a word was unknown.
      relaxed: whether results may lack a word of the question.
    """

    ids: tuple[int, ...]
    total: int
    facets: dict[str, tuple[tuple[str, int], ...]]
    estimated: bool
    corrected: str | None
    relaxed: bool


def search(
    index: SearchIndex,
    request: SearchRequest,
    *,
    audience: Sequence[str] | None = (),
    with_facets: bool = True,
) -> SearchAnswer:
    """Answers `request`.

    Args:
      index: where to look.
      request: the question.
      audience: the publishers whose private models may be shown; None for all.
      with_facets: whether to count the facets.
    """
    searcher = index.searcher()
    asked = question_words(request.text)
    words = correct(index, searcher, asked)
    narrowing = _Narrowing(index, request, audience)
    found = _Found(searcher, narrowing, asked_words(words))
    estimated = found.total > _EXACT
    facets = _count_facets(found, narrowing, sample=estimated) if with_facets else {}
    return SearchAnswer(
        ids=tuple(found.page()),
        total=found.total,
        facets=facets,
        estimated=estimated,
        corrected=" ".join(words) if words != asked else None,
        relaxed=found.missing > 0,
    )


def similar(
    index: SearchIndex, id: int, *, audience: Sequence[str] | None = (), limit: int = 6
) -> tuple[int, ...]:
    """The models whose names, facets and descriptions are most like those of model `id`."""
    searcher = index.searcher()
    own = searcher.search(tantivy.Query.term_query(index.schema, "id", id), 1, count=False).hits
    if not own:
        return ()
    alike = tantivy.Query.more_like_this_query(
        own[0][1],
        min_doc_frequency=2,
        # Frequencies count documents that were replaced and not yet merged away; Tantivy panics over a word
        # that seems to be in more documents than there are.
        max_doc_frequency=searcher.num_docs,
        min_term_frequency=1,
        max_query_terms=20,
    )
    clauses = [(Must, alike), *filter_clauses(index, SearchRequest(), audience)]
    hits = searcher.search(tantivy.Query.boolean_query(clauses), limit + 1, count=False).hits
    ids = (searcher.doc(address)["id"][0] for _, address in hits)
    return tuple(other for other in ids if other != id)[:limit]


class _Narrowing:
    """The filters of a request, ready to be joined to queries."""

    def __init__(self, index: SearchIndex, request: SearchRequest, audience: Sequence[str] | None) -> None:
        self.index = index
        self.request = request
        self.audience = audience
        self._typed: list[tuple[Any, tantivy.Query]] = []
        if request.interface:
            fitting = [text for text, offered in index.signatures() if matches(request.interface, offered)]
            wanted = tantivy.Query.term_set_query(index.schema, "signature", fitting)
            self._typed = [(Must, tantivy.Query.const_score_query(wanted, 0.0))]

    def apply(self, query: tantivy.Query, *, without: str = "") -> tantivy.Query:
        clauses = filter_clauses(self.index, self.request, self.audience, without=without) + self._typed
        return tantivy.Query.boolean_query([(Must, query), *clauses]) if clauses else query


class _Found:
    """The documents that match, in two steps: a quick choice of candidates among all of them, then a careful
    order of those.
    """

    def __init__(self, searcher: tantivy.Searcher, narrowing: _Narrowing, words: Sequence[AskedWord]) -> None:
        self.searcher = searcher
        self._narrowing = narrowing
        self.index, self._request = narrowing.index, narrowing.request
        self._words = words
        self._by_words = bool(words) and self._request.sort == "relevance"
        having = {word: searcher.doc_freq("all", self.index.stems[word.text]) for word in words}
        by_rarity = sorted(words, key=lambda word: having[word])
        # To look for a word that nearly all documents have takes longest and tells nothing.
        telling = [word for word in by_rarity if having[word] < _NEARLY_ALL * searcher.num_docs] or by_rarity
        for self.missing in dict.fromkeys((0, len(words) // 2, max(0, len(words) - 1))):
            kept = len(words) - self.missing
            if searcher.num_docs <= _SMALL:
                self._matching, self._optional = matching_query(self.index, words, self.missing), words[:0]
            else:  # to look for all but any one goes through all documents of all common words
                self._matching, self._optional = (
                    matching_query(self.index, telling[:kept]),
                    telling[kept:],
                )
            first = self._search(0, _CANDIDATES if self._by_words else 1)
            if _hits(first) >= _ENOUGH:
                break
        self.total = _hits(first)
        self._first = first.hits

    def matching(self, *, without: str = "", extra: tantivy.Query | None = None) -> tantivy.Query:
        """The query of all that match, for counts; `without` a facet's filter."""
        query = self._matching
        clauses = [(Must, query), *([(Must, extra)] if extra is not None else [])]
        return self._narrowing.apply(tantivy.Query.boolean_query(clauses), without=without)

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

    def _search(self, offset: int, limit: int) -> tantivy.SearchResult:
        query = candidates_query(self.index, self._matching, self._optional, self._request.text)
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
            complete=not self.missing,
        )
        return [hit.id for hit in _mix_families(ranked[:_MIXED]) + ranked[_MIXED:]]


def _hits(found: tantivy.SearchResult) -> int:
    count: int = found.count  # type: ignore[attr-defined]
    return count


def _mix_families(hits: Sequence[Ranked]) -> list[Ranked]:
    """Best first, but each further sibling of one family a little lower: ten sizes of one model do not
    fill a page that has other answers.
    """
    seen: Counter[str] = Counter()
    mixed = []
    for hit in hits:
        siblings, cousins = family(hit.handle), "/".join(hit.handle.split("/")[:2])
        mixed.append((hit.score * _SIBLING ** seen[siblings] * _COUSIN ** seen[cousins], hit))
        seen.update((siblings, cousins))
    return [hit for _, hit in sorted(mixed, key=lambda scored: -scored[0])]


def _count_facets(
    found: _Found, narrowing: _Narrowing, *, sample: bool
) -> dict[str, tuple[tuple[str, int], ...]]:
    """Counts the values; those of a facet with a filter as if that filter were not there.

    Among very many documents one in `SAMPLING` is counted, and stands for as many.
    """
    filters = narrowing.request.filters
    counts = _count(found, [key for key in FACET_KEYS if key not in filters], sample=sample)
    for key in filters:
        counts |= _count(found, [key], sample=sample or _is_large(found, key), without=key)
    return {key: counts.get(key, ()) for key in FACET_KEYS}


def _count(
    found: _Found, keys: Sequence[str], *, sample: bool, without: str = ""
) -> dict[str, tuple[tuple[str, int], ...]]:
    extra = sampled(found.index) if sample else None
    counts = _aggregate(found.searcher, found.matching(extra=extra, without=without), keys)
    times = SAMPLING if sample else 1
    return {key: tuple((value, count * times) for value, count in counts[key]) for key in counts}


def _is_large(found: _Found, key: str) -> bool:
    """Whether very many documents match without the filter of a facet, going by the sample."""
    query = found.matching(extra=sampled(found.index), without=key)
    return _hits(found.searcher.search(query, 1, count=True)) * SAMPLING > _EXACT


def _aggregate(
    searcher: tantivy.Searcher, query: tantivy.Query, fields: Sequence[str]
) -> dict[str, tuple[tuple[str, int], ...]]:
    if not fields or not searcher.num_docs:
        return {}
    wanted = {field: {"terms": {"field": field, "size": _FACET_VALUES}} for field in fields}
    answer = searcher.aggregate(query, wanted)
    return {
        field: tuple((bucket["key"], bucket["doc_count"]) for bucket in answer[field]["buckets"])
        for field in fields
    }
