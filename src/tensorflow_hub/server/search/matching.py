"""A question → a query of the index: which documents match, and how high they stand.

A document matches when it has every word of the question, or another way to say it. Where too few do,
one word may be missing, then more. Higher stands who has the words in its name, its facets (task,
architecture, …) and its description, then who is a model rather than a deployment of one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tantivy

from tensorflow_hub.server.search.index import TEXT_FIELDS, SearchIndex
from tensorflow_hub.server.search.question import AskedWord, asked_handle
from tensorflow_hub.server.search.request import SearchRequest
from tensorflow_hub.server.search.words import words

# What another way to say a word counts.
_ALTERNATIVE = 0.35
# Powers of ten of downloads that lift a model.
_USED = (3, 5, 7)

Must, Should = tantivy.Occur.Must, tantivy.Occur.Should


def matching_query(
    index: SearchIndex,
    asked: Sequence[AskedWord],
    missing: int = 0,
    *,
    among: tantivy.Query | None = None,
) -> tantivy.Query:
    """The documents that have all of `asked` but at most `missing`; scored, roughly.

    Those `among` some only, if given.
    """
    groups = [anywhere(index, word, among) for word in asked]
    narrowed = [(Must, among)] if among is not None else []
    if not groups:
        return tantivy.Query.all_query() if among is None else among
    if not missing:
        return tantivy.Query.boolean_query([*narrowed, *((Must, group) for group in groups)])
    least = max(1, len(groups) - missing)
    some = tantivy.Query.boolean_query(
        [(Should, group) for group in groups], minimum_number_should_match=least
    )
    return tantivy.Query.boolean_query([*narrowed, (Must, some)]) if narrowed else some


def candidates_query(
    index: SearchIndex, matching: tantivy.Query, optional: Sequence[AskedWord], text: str
) -> tantivy.Query:
    """What is `matching`; who has the `optional` words too or is much used stands higher, a handle that
    is the question first.
    """
    clauses: list[tuple[Any, tantivy.Query]] = [(Must, matching)]
    clauses += [(Should, anywhere(index, word)) for word in optional]
    clauses += [(Should, _constant(_term(index, "flag", f"used-{power}"), 1.0)) for power in _USED]
    clauses += [(Should, handle) for handle in whole_handle(index, text)]
    return tantivy.Query.boolean_query(clauses)


def much_used(index: SearchIndex, searcher: tantivy.Searcher, most: float) -> tuple[tantivy.Query, float]:
    """The models that are used the most, a share of at most `most` of all; what share they are."""
    shares = {power: searcher.doc_freq("flag", f"used-{power}") / searcher.num_docs for power in _USED}
    power = next((power for power in _USED if shares[power] <= most), _USED[-1])
    return _term(index, "flag", f"used-{power}"), shares[power]


def whole_handle(index: SearchIndex, text: str) -> list[tantivy.Query]:
    """The model whose handle the question is; none when it is no handle."""
    handle = asked_handle(text)
    return [_constant(_term(index, "handle", handle), 100.0)] if handle else []


def filter_clauses(
    index: SearchIndex, request: SearchRequest, *, without: str = ""
) -> list[tuple[Any, tantivy.Query]]:
    """What narrows the results beside the words and the typed interface.

    Args:
      index: where the terms are.
      request: the question.
      without: a facet whose filter is left out.
    """
    schema = index.schema
    clauses: list[tuple[Any, tantivy.Query]] = []
    for key, values in request.filters.items():
        if key != without:
            clauses.append((Must, _unscored(tantivy.Query.term_set_query(schema, key, list(values)))))
    if request.max_size is not None:
        within = tantivy.Query.range_query(
            schema, "bytes", tantivy.FieldType.Unsigned, lower_bound=0, upper_bound=request.max_size
        )
        clauses.append((Must, _unscored(within)))
    for flag, wanted in (("trainable", request.trainable), ("custom-ops", request.custom_ops)):
        if wanted is None:
            continue
        value = flag if wanted else f"no-{flag}"
        clauses.append((Must, _unscored(_term(index, "flag", value))))
    return clauses


def anywhere(index: SearchIndex, word: AskedWord, among: tantivy.Query | None = None) -> tantivy.Query:
    """The documents that have a word, or another way to say it, in whatever place; `among` some, if given."""
    own, *others = ways_of(index, word)
    if not others:
        return own
    ways = [own, *(tantivy.Query.boost_query(other, _ALTERNATIVE) for other in others)]
    if among is not None:  # here already: a choice of many is gone through in whole, one of few is not
        ways = [tantivy.Query.boolean_query([(Must, among), (Must, way)]) for way in ways]
    return tantivy.Query.boolean_query([(Should, way) for way in ways])


def ways_of(index: SearchIndex, word: AskedWord) -> list[tantivy.Query]:
    """The documents that have a word; for each other way to say it, those that say it so."""
    return [_term(index, "all", index.stems[word.text]), *(_said(index, way) for way in word.ways)]


def _said(index: SearchIndex, phrase: str) -> tantivy.Query:
    terms = [_term(index, "all", index.stems[word]) for word in words(phrase)]
    return terms[0] if len(terms) == 1 else tantivy.Query.boolean_query([(Must, term) for term in terms])


def sampled(index: SearchIndex) -> tantivy.Query:
    """One document in `SAMPLING`."""
    return _unscored(_term(index, "flag", "sample"))


def _term(index: SearchIndex, field: str, value: str) -> tantivy.Query:
    option = "freq" if field in TEXT_FIELDS else "basic"
    return tantivy.Query.term_query(index.schema, field, value, option)


def _constant(query: tantivy.Query, score: float) -> tantivy.Query:
    return tantivy.Query.const_score_query(query, score)


def _unscored(query: tantivy.Query) -> tantivy.Query:
    return tantivy.Query.const_score_query(query, 0.0)
