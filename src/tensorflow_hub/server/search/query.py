"""A question → one query of the index, scored by Tantivy.

A document's score is a sum. For each word of the question: what it is worth to have the word at all, more for
a rare one; and BM25 in the best of its places, with a little for the others. Then what says most without
words: a name that is just the question, files that can be downloaded here, how much a model is used.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import tantivy

from tensorflow_hub.server.search.index import TEXT_FIELDS, SearchIndex
from tensorflow_hub.server.search.question import AskedWord, asked_handle
from tensorflow_hub.server.search.request import SearchRequest
from tensorflow_hub.server.search.signatures import matches
from tensorflow_hub.server.search.words import words as words_of

# How much a word counts by where it stands; what other places than the best one add.
PLACES = {"name": 1.5, "facts": 1.5, "description": 1.5, "all": 1.0}
OTHER_PLACES = 0.25
# What having a word is worth, and what its rarity adds.
COVERAGE, RARITY = 4.0, 1.0
# A word that more documents than these have, and a larger share of all, tells none apart.
FEW, TELLING = 1000, 0.4
# What another way to say a word counts.
ALTERNATIVE = 0.5
# A question that is a handle, or just the name of a model; a model whose files are here, not only its card.
WHOLE_HANDLE, WHOLE_NAME, DOWNLOADABLE = 100.0, 20.0, 8.0
# What each of these powers of ten of downloads adds.
USED, POWERS = 0.4, (3, 5, 7)

Must, Should = tantivy.Occur.Must, tantivy.Occur.Should


def scored_query(
    index: SearchIndex, searcher: tantivy.Searcher, asked: Sequence[AskedWord], relaxed: bool, text: str
) -> tantivy.Query:
    """The documents that match, the likeliest highest."""
    clauses: list[tuple[Any, tantivy.Query]] = [(Must, matching_query(index, searcher, asked, relaxed))]
    clauses += [(Should, constant(_anywhere(index, word), _worth(index, searcher, word))) for word in asked]
    clauses += [(Should, _places(index, word)) for word in asked]
    clauses += [(Should, constant(term(index, "flag", f"used-{power}"), USED)) for power in POWERS]
    clauses.append((Should, constant(term(index, "flag", "here"), DOWNLOADABLE)))
    clauses.append((Should, constant(term(index, "title", " ".join(words_of(text))), WHOLE_NAME)))
    if handle := asked_handle(text):
        clauses.append((Should, constant(term(index, "handle", handle), WHOLE_HANDLE)))
    return tantivy.Query.boolean_query(clauses)


def matching_query(
    index: SearchIndex, searcher: tantivy.Searcher, asked: Sequence[AskedWord], relaxed: bool
) -> tantivy.Query:
    """The documents that have all words; when `relaxed`, half of those that tell documents apart."""
    if not relaxed:
        # An intersection, which skips most documents.
        every = [(Must, constant(_anywhere(index, word), 0.0)) for word in asked]
        return tantivy.Query.boolean_query(every) if every else tantivy.Query.all_query()
    most = max(FEW, TELLING * searcher.num_docs)
    having = {word: searcher.doc_freq("all", index.stems[word.text]) for word in asked}
    telling = [word for word in asked if 0 < having[word] <= most] or asked
    return tantivy.Query.boolean_query(
        [(Should, constant(_anywhere(index, word), 0.0)) for word in telling],
        minimum_number_should_match=(len(telling) + 1) // 2,
    )


def filtered(
    index: SearchIndex, query: tantivy.Query, request: SearchRequest, *, without: str = ""
) -> tantivy.Query:
    """What of `query` the filters of a request leave; `without` that of a facet."""
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
    """What matches, each with the same score."""
    return tantivy.Query.const_score_query(query, score)


def rarity(searcher: tantivy.Searcher, field: str, stem: str) -> float:
    """How rare a word is in a field: the inverse document frequency of BM25."""
    having = searcher.doc_freq(field, stem)
    return math.log(1 + max(0, searcher.num_docs - having + 0.5) / (having + 0.5))


def _worth(index: SearchIndex, searcher: tantivy.Searcher, word: AskedWord) -> float:
    return COVERAGE + RARITY * rarity(searcher, "all", index.stems[word.text])


def _places(index: SearchIndex, word: AskedWord) -> tantivy.Query:
    """BM25 of a word, and of other ways to say it, in the best of the places."""
    ways = [_in_best_place(index, index.stems[word.text], 1.0)]
    for way in word.ways:
        stems = [index.stems[part] for part in words_of(way)]
        parts = [(Must, _in_best_place(index, stem, ALTERNATIVE / len(stems))) for stem in stems]
        ways.append(tantivy.Query.boolean_query(parts))
    return tantivy.Query.disjunction_max_query(ways, OTHER_PLACES) if word.ways else ways[0]


def _in_best_place(index: SearchIndex, stem: str, factor: float) -> tantivy.Query:
    places = [
        tantivy.Query.boost_query(term(index, field, stem), boost * factor) for field, boost in PLACES.items()
    ]
    return tantivy.Query.disjunction_max_query(places, OTHER_PLACES)


def _anywhere(index: SearchIndex, word: AskedWord) -> tantivy.Query:
    """The documents that have a word, or another way to say it, in whatever place."""
    own = term(index, "all", index.stems[word.text])
    others = [
        tantivy.Query.boolean_query([(Must, term(index, "all", index.stems[part])) for part in words_of(way)])
        for way in word.ways
    ]
    return tantivy.Query.boolean_query([(Should, way) for way in (own, *others)]) if others else own
