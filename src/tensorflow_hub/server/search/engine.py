"""Answers a search request: a page of hits, their number, the counts of the facets, the corrected words.

One query finds the hits. The score of a document is a sum, multiplied by its weight (`documents.py`): BM25 of
each word of the search in the whole text; if words may be missing, points for each word that is there, more
for a rare one; points if the name or the handle equals the search, and if the files are on this hub.

BM25 of each word in the name, the values of facets and the description takes too long for all hits. It is
added only for the best ones (`_rank`). Finally, models whose handles start with the same parts lose points,
so that ten sizes of one model do not fill a page.
"""

from __future__ import annotations

import dataclasses
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import tantivy
from tantivy import Query

from tensorflow_hub.format.card.facets import FACET_KEYS
from tensorflow_hub.server.search.index import SCHEMA, TEXT_FIELDS, SearchIndex
from tensorflow_hub.server.search.matching import matches
from tensorflow_hub.server.search.question import asked_name, correct, question_words, with_names
from tensorflow_hub.server.search.request import MAX_RESULTS, SearchRequest

# The weight of BM25 in the whole text; and the points for each word if words may be missing, to which a rare
# word adds more.
ANYWHERE, COVERAGE = 0.5, 4.0
# The points if the search is the name or the handle of the model, and if its files are on this hub.
WHOLE_NAME, DOWNLOADABLE = 100.0, 8.0
# For the best hits: the weights of BM25 in the text fields, and of names that a word may stand for.
PLACES = {"name": 1.0, "facet_words": 1.0, "also_called": 0.5, "description": 1.0}
OTHER_NAME = 0.5
# Each further model whose handle starts the same keeps this part of its score.
SAME_BEGINNING = 0.8
# A score above the sum of any scores of words.
ABOVE_ALL = 1000.0

# With fewer hits than this, documents that lack some words match too. In other orders than relevance, they
# would be mixed with the full matches; so there they match only if there is no full match.
_ENOUGH = 20
# A word that more documents have is not enough alone, if the search has rarer words: nobody reads so many
# hits, and it takes long to find, score and count them.
_COMMON = 10_000
# How many of the best hits are ordered by the complete score.
_CANDIDATES = 250
_SORT_FIELDS = {"newest": "published", "downloads": "downloads", "size": "bytes"}
_FACET_VALUES, _ALL_VALUES = 30, 2_000

# Facet → values and their numbers, commonest first.
Counts = dict[str, tuple[tuple[str, int], ...]]
Hit = tuple[Any, tantivy.DocAddress]
Must, Should = tantivy.Occur.Must, tantivy.Occur.Should


@dataclasses.dataclass(frozen=True)
class SearchAnswer:
    """The answer to a search request.

    Attributes:
      ids: the models of this page, best first.
      total: the number of hits on all pages.
      facets: facet key → (value, number), commonest first.
      corrected: the corrected words of the search, if a word was unknown; else None.
      relaxed: whether hits may lack some of the words.
    """

    ids: tuple[int, ...]
    total: int
    facets: Counts
    corrected: str | None
    relaxed: bool


def search(index: SearchIndex, request: SearchRequest) -> SearchAnswer:
    """Answers a search request from the index of the caller's audience (see `follow.py`)."""
    return index.kept(repr(request), lambda: _answer(index, request))


def _answer(index: SearchIndex, request: SearchRequest) -> SearchAnswer:
    searcher, asked = index.searcher(), question_words(request.text)
    words = correct(searcher, asked)
    stems = [with_names(searcher, word) for word in words]
    field = _SORT_FIELDS.get(request.sort)
    end = min(request.page * request.page_size, MAX_RESULTS)
    for relaxed in (False, True):
        query = _matching(searcher, request.text, stems, relaxed)
        found = searcher.search(
            _filtered(index, query, request),
            end if field else max(end, _CANDIDATES),
            order_by_field=field,
            order=tantivy.Order.Asc if request.sort == "size" else tantivy.Order.Desc,
            weight_by_field=None if field else "weight",
        )
        total: int = found.count  # type: ignore[attr-defined]
        if len(words) < 2 or total >= (1 if field else _ENOUGH):
            break
    best = [] if field else found.hits[:_CANDIDATES]
    ids = [*_rank(searcher, query, stems, best), *_numbers(searcher, "id", found.hits[len(best) :])]
    return SearchAnswer(
        ids=tuple(ids[(request.page - 1) * request.page_size : end]),
        total=total,
        facets=_count_facets(index, searcher, query, request) if request.with_facets else {},
        corrected=" ".join(words) if words != asked else None,
        relaxed=relaxed,
    )


def similar(index: SearchIndex, id: int, *, limit: int = 6) -> tuple[int, ...]:
    """Returns the models whose names, facets and descriptions are most similar to those of model `id`.

    Models of the same domain come first. Otherwise, a text classifier would be similar to an image
    classifier, because their cards have many words in common.
    """
    searcher, itself = index.searcher(), _term("id", id)
    own = searcher.search(itself, 1, count=False).hits
    if not own:
        return ()
    alike = Query.more_like_this_query(
        own[0][1],
        min_doc_frequency=2,
        # Frequencies include replaced documents that are not yet merged away. Tantivy panics if a word seems
        # to be in more documents than there are.
        max_doc_frequency=searcher.num_docs,
        min_term_frequency=1,
        max_query_terms=20,
    )
    values = _aggregate(searcher, itself, ["domain", "task"])
    of_domain, of_task = (
        Query.const_score_query(Query.term_set_query(SCHEMA, key, [value for value, _ in values[key]]), score)
        for key, score in (("domain", ABOVE_ALL), ("task", 0.0))
    )
    hits = searcher.search(_lifted(_any_of([alike, of_task]), [of_domain]), limit + 1, count=False).hits
    return tuple(other for other in _numbers(searcher, "id", hits) if other != id)[:limit]


def _matching(searcher: tantivy.Searcher, text: str, words: Sequence[Sequence[str]], relaxed: bool) -> Query:
    """Returns the query for a search, and for models with only some of the words if it is relaxed.

    The score decides which are the best hits. Each word is its stem and the names that it may stand for.
    """
    points = [(_term("title", asked_name(text)), WHOLE_NAME), (_term("flag", "here"), DOWNLOADABLE)]
    queries = [_anywhere(*word) for word in words]
    if not words:
        matching = Query.all_query()
    elif relaxed:
        having = [searcher.doc_freq("all", stem) for stem, *_ in words]
        rare = [query for query, count in zip(queries, having, strict=True) if count <= _COMMON]
        matching = _any_of(rare or queries)
        for query, count in zip(queries, having, strict=True):
            points.append((query, COVERAGE + math.log((1 + searcher.num_docs) / (1 + count))))
    else:
        matching = Query.boolean_query([(Must, query) for query in queries])
    return _lifted(matching, [Query.const_score_query(query, score) for query, score in points])


def _anywhere(stem: str, *names: str) -> Query:
    """Returns a query for documents with a word, or one of its names; the score is BM25."""
    own = Query.boost_query(_term("all", stem), ANYWHERE)
    others = [Query.const_score_query(_term("name", name), 0.0) for name in names if name != stem]
    return _any_of([own, *others]) if others else own


def _any_of(queries: Iterable[Query]) -> Query:
    """Returns a query for what one of the queries matches; their scores are added."""
    return Query.boolean_query([(Should, query) for query in queries])


def _term(field: str, value: str | int) -> Query:
    """Returns a query for documents with a value in a field."""
    return Query.term_query(SCHEMA, field, value, "freq" if field in TEXT_FIELDS else "basic")


def _lifted(query: Query, parts: Iterable[Query]) -> Query:
    """Returns a query that matches the same as `query`, and adds the scores of the `parts` that match too.

    This is faster for few matches than a query of all parts, which reads all documents of each part.
    """
    for part in parts:
        query = Query.boolean_query([(Must, query), (Should, part)])
    return query


def _filtered(index: SearchIndex, query: Query, request: SearchRequest, *, without: str = "") -> Query:
    """Returns `query` with the filters of a request, except the filter of the facet `without`."""
    filters = [
        Query.term_set_query(SCHEMA, key, list(values))
        for key, values in request.filters.items()
        if key != without
    ]
    if request.max_size is not None:
        kind, largest = tantivy.FieldType.Unsigned, request.max_size
        filters.append(Query.range_query(SCHEMA, "bytes", kind, lower_bound=0, upper_bound=largest))
    for flag, wanted in (("trainable", request.trainable), ("custom-ops", request.custom_ops)):
        if wanted is not None:
            filters.append(_term("flag", flag if wanted else f"no-{flag}"))
    if request.interface:
        fitting = [text for text, offered in index.signatures() if matches(request.interface, offered)]
        filters.append(Query.term_set_query(SCHEMA, "signature", fitting))
    clauses = [(Must, Query.const_score_query(filter_, 0.0)) for filter_ in filters]
    return Query.boolean_query([(Must, query), *clauses])


def _rank(
    searcher: tantivy.Searcher, query: Query, words: Sequence[Sequence[str]], hits: Sequence[Hit]
) -> list[int]:
    """Returns the models of the best hits of a query in the order of their complete scores."""
    if not hits:
        return []
    parts = [query]
    for stem, *names in words:
        parts += [Query.boost_query(_term(place, stem), weight) for place, weight in PLACES.items()]
        parts += [Query.boost_query(_term("name", name), OTHER_NAME) for name in names]
    among = Query.const_score_query(Query.term_set_query(SCHEMA, "id", _numbers(searcher, "id", hits)), 0.0)
    found = searcher.search(_lifted(among, parts), len(hits), count=False, weight_by_field="weight").hits
    ids, beginnings = (_numbers(searcher, field, found) for field in ("id", "beginning"))
    seen: Counter[int] = Counter()
    scores = {}
    for model, beginning, (score, _) in zip(ids, beginnings, found, strict=True):
        scores[model] = score * SAME_BEGINNING ** seen[beginning]
        seen[beginning] += 1
    return sorted(scores, key=scores.__getitem__, reverse=True)


def _numbers(searcher: tantivy.Searcher, field: str, hits: Sequence[Hit]) -> list[int]:
    """Returns the values of hits in a field of numbers."""
    values = searcher.fast_field_values(field, [address for _, address in hits])
    return [int(value) for value in values if value is not None]


def _count_facets(
    index: SearchIndex, searcher: tantivy.Searcher, query: Query, request: SearchRequest
) -> Counts:
    """Counts the values of the facets. A facet with a filter is counted as if it had none."""
    others = [key for key in FACET_KEYS if key not in request.filters]
    counts = _aggregate(searcher, _filtered(index, query, request), others, request.all_of)
    for key in request.filters:
        every = _filtered(index, query, request, without=key)
        counts |= _aggregate(searcher, every, [key], request.all_of)
    return {key: counts.get(key, ()) for key in FACET_KEYS}


def _aggregate(searcher: tantivy.Searcher, query: Query, fields: Sequence[str], all_of: str = "") -> Counts:
    """Returns the values in some fields of the matches; more of them for the field `all_of`."""
    if not fields or not searcher.num_docs:
        return {}
    sizes = {field: _ALL_VALUES if field == all_of else _FACET_VALUES for field in fields}
    answer = searcher.aggregate(
        query, {field: {"terms": {"field": field, "size": size}} for field, size in sizes.items()}
    )
    return {
        field: tuple((bucket["key"], bucket["doc_count"]) for bucket in answer[field]["buckets"])
        for field in fields
    }
