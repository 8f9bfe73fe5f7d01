"""A question → one query of the index, scored by Tantivy.

A document's score is a sum. For each word of the question: BM25 in all of the text and, where words may be
missing, what it is worth to have the word, more for a rare one. Then what says most without words: a name
that is just the question, files that can be downloaded here, how much a model is used. In which place a word
stands is scored for the best hits only (`ranking.py`): each part takes time for every document that matches.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import tantivy

from tensorflow_hub.server.search.index import TEXT_FIELDS, SearchIndex
from tensorflow_hub.server.search.question import AskedWord, asked_handle
from tensorflow_hub.server.search.request import SearchRequest
from tensorflow_hub.server.search.signatures import matches
from tensorflow_hub.server.search.words import words as words_of

# The weight of BM25 in all of the text; that in the name, the facets and the description has 1.
ANYWHERE = 0.5
# The score for having a word at all, and the weight of how rare it is.
COVERAGE, RARITY = 4.0, 1.0
# A word is common when more documents than this number, and more than this share of all, have it.
COMMON, COMMON_SHARE = 1000, 0.4
# The score when the question is the handle, or the name, of the model; and when its files are on this hub.
WHOLE_HANDLE, WHOLE_NAME, DOWNLOADABLE = 100.0, 20.0, 8.0
# The score for each of these powers of ten of downloads.
USED, POWERS = 0.4, (3, 5, 7)

Must, Should = tantivy.Occur.Must, tantivy.Occur.Should


def scored_query(
    index: SearchIndex, searcher: tantivy.Searcher, asked: Sequence[AskedWord], relaxed: bool, text: str
) -> tantivy.Query:
    """The documents that match, the likeliest highest."""
    parts = [constant(term(index, "flag", "here"), DOWNLOADABLE)]
    parts += [constant(term(index, "flag", f"used-{power}"), USED) for power in POWERS]
    parts.append(constant(term(index, "title", " ".join(words_of(text))), WHOLE_NAME))
    if handle := asked_handle(text):
        parts.append(constant(term(index, "handle", handle), WHOLE_HANDLE))
    return lifted(matching_query(index, searcher, asked, relaxed), parts)


def matching_query(
    index: SearchIndex, searcher: tantivy.Searcher, asked: Sequence[AskedWord], relaxed: bool
) -> tantivy.Query:
    """The documents that have all words; when `relaxed`, one of those that are not common.

    The score is BM25 in all of the text and, when words may be missing, what it is worth to have each.
    """
    if not asked:
        return tantivy.Query.all_query()
    if not relaxed:
        # An intersection, which skips most documents.
        return tantivy.Query.boolean_query([(Must, _anywhere(index, word)) for word in asked])
    most = max(COMMON, COMMON_SHARE * searcher.num_docs)
    rare = [word for word in asked if searcher.doc_freq("all", word.stem) <= most] or list(asked)
    worth = {
        word: lifted(
            constant(_anywhere(index, word), COVERAGE + RARITY * rarity(searcher, "all", word.stem)),
            [_anywhere(index, word)],
        )
        for word in asked
    }
    query = tantivy.Query.boolean_query([(Should, worth[word]) for word in rare])
    return lifted(query, [worth[word] for word in asked if word not in rare])


def lifted(query: tantivy.Query, parts: Iterable[tantivy.Query]) -> tantivy.Query:
    """The documents that match `query`; the scores of the `parts` that one matches are added to its score."""
    for part in parts:
        # One inside the other: of parts side by side Tantivy goes through every document, matching or not.
        query = tantivy.Query.boolean_query([(Must, query), (Should, part)])
    return query


def filtered(
    index: SearchIndex, query: tantivy.Query, request: SearchRequest, *, without: str = ""
) -> tantivy.Query:
    """The documents of `query` that pass the filters of a request, but that of the facet `without`."""
    schema = index.schema
    clauses = [
        tantivy.Query.term_set_query(schema, key, list(values))
        for key, values in request.filters.items()
        if key != without
    ]
    if request.max_size is not None:
        kind, largest = tantivy.FieldType.Unsigned, request.max_size
        clauses.append(tantivy.Query.range_query(schema, "bytes", kind, lower_bound=0, upper_bound=largest))
    for flag, wanted in (("trainable", request.trainable), ("custom-ops", request.custom_ops)):
        if wanted is not None:
            clauses.append(term(index, "flag", flag if wanted else f"no-{flag}"))
    if request.interface:
        fitting = [text for text, offered in index.signatures() if matches(request.interface, offered)]
        clauses.append(tantivy.Query.term_set_query(schema, "signature", fitting))
    if not clauses:
        return query
    return tantivy.Query.boolean_query(
        [(Must, query), *((Must, constant(clause, 0.0)) for clause in clauses)]
    )


def sampled(index: SearchIndex, query: tantivy.Query) -> tantivy.Query:
    """One in `SAMPLING` of what matches."""
    return tantivy.Query.boolean_query([(Must, term(index, "flag", "sample")), (Must, query)])


def term(index: SearchIndex, field: str, value: str) -> tantivy.Query:
    """The documents that have a value in a field."""
    return tantivy.Query.term_query(index.schema, field, value, "freq" if field in TEXT_FIELDS else "basic")


def constant(query: tantivy.Query, score: float) -> tantivy.Query:
    """The documents that match, all with the same score."""
    return tantivy.Query.const_score_query(query, score)


def rarity(searcher: tantivy.Searcher, field: str, stem: str) -> float:
    """How rare a word is in a field: the inverse document frequency of BM25."""
    having = searcher.doc_freq(field, stem)
    return math.log(1 + max(0, searcher.num_docs - having + 0.5) / (having + 0.5))


def _anywhere(index: SearchIndex, word: AskedWord) -> tantivy.Query:
    """The documents that have a word, or one of its names, in whatever place: BM25 of the word."""
    own = tantivy.Query.boost_query(term(index, "all", word.stem), ANYWHERE)
    names = [(Should, constant(term(index, "name", name), 0.0)) for name in word.names]
    return tantivy.Query.boolean_query([(Should, own), *names]) if names else own
