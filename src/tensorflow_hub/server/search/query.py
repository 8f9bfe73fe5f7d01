"""Makes the query of the index for a search request, and orders the best hits.

The score of a document is a sum: for each word of the search, BM25 in the whole text and, if words may be
missing, points for having the word, more for a rare one. Points are added if the name equals the search, if
the files are on this hub, and for downloads.

Other parts of the score would take too long for all matches, and are added only for the best hits: BM25 of
each word in the name, the values of facets and the description, and the static score of the model. Finally,
models whose handles start with the same parts lose points, so that ten sizes of one model do not fill a page.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import tantivy

from tensorflow_hub.server.search.index import TEXT_FIELDS, SearchIndex
from tensorflow_hub.server.search.question import AskedWord, asked_handle
from tensorflow_hub.server.search.request import SearchRequest
from tensorflow_hub.server.search.signatures import matches
from tensorflow_hub.server.search.words import words as words_of

# The weight of BM25 in the whole text. BM25 in the name, the facets and the description has the weight 1.
ANYWHERE = 0.5
# The points for having a word, and the weight of its rarity.
COVERAGE, RARITY = 4.0, 1.0
# A word is common if more documents than this number, and more than this share of all documents, have it.
COMMON, COMMON_SHARE = 1000, 0.4
# The points if the search is the handle, or the name, of the model; and if its files are on this hub.
WHOLE_HANDLE, WHOLE_NAME, DOWNLOADABLE = 100.0, 20.0, 8.0
# The points for each of these powers of ten of downloads.
USED, POWERS = 0.4, (3, 5, 7)

# The weights of BM25 in the text fields, and of names that start with a word or that it starts with.
PLACES = {"name": 1.0, "facet_words": 1.0, "also_called": 0.5, "description": 1.0}
OTHER_NAME = 0.5
# Among so many best hits, each further model whose handle starts the same keeps this part of its score.
SPREAD, SAME_BEGINNING = 60, 0.9

Hit = tuple[float, tantivy.DocAddress]
Must, Should = tantivy.Occur.Must, tantivy.Occur.Should


def scored_query(
    index: SearchIndex, searcher: tantivy.Searcher, asked: Sequence[AskedWord], relaxed: bool, text: str
) -> tantivy.Query:
    """Returns the query for all matches, with the score that decides which are the best hits."""
    parts = [constant(term(index, "flag", "here"), DOWNLOADABLE)]
    parts += [constant(term(index, "flag", f"used-{power}"), USED) for power in POWERS]
    parts.append(constant(term(index, "title", " ".join(words_of(text))), WHOLE_NAME))
    if handle := asked_handle(text):
        parts.append(constant(term(index, "handle", handle), WHOLE_HANDLE))
    return lifted(matching_query(index, searcher, asked, relaxed), parts)


def matching_query(
    index: SearchIndex, searcher: tantivy.Searcher, asked: Sequence[AskedWord], relaxed: bool
) -> tantivy.Query:
    """Returns the query for documents with all words; if `relaxed`, with one word that is not common.

    The score is BM25 in the whole text and, if `relaxed`, the points for each word.
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
            constant(_anywhere(index, word), COVERAGE + RARITY * _rarity(searcher, word.stem)),
            [_anywhere(index, word)],
        )
        for word in asked
    }
    query = tantivy.Query.boolean_query([(Should, worth[word]) for word in rare])
    return lifted(query, [worth[word] for word in asked if word not in rare])


def lifted(query: tantivy.Query, parts: Iterable[tantivy.Query]) -> tantivy.Query:
    """Returns a query that matches the same as `query`, and adds the scores of the `parts` that match too."""
    for part in parts:
        # Nested, because Tantivy would scan all documents of each part if the parts were in one query.
        query = tantivy.Query.boolean_query([(Must, query), (Should, part)])
    return query


def rank(
    index: SearchIndex, searcher: tantivy.Searcher, words: Sequence[AskedWord], hits: Sequence[Hit]
) -> list[int]:
    """Returns the models of the hits, best first.

    Args:
      index: the index.
      searcher: the view of the index that found the hits.
      words: the words of the search.
      hits: pairs of score and address, from Tantivy.
    """
    if not hits:
        return []
    ids = numbers(searcher, "id", hits)
    scores = dict(zip(ids, (score for score, _ in hits), strict=True))
    among = constant(tantivy.Query.term_set_query(index.schema, "id", ids), 0.0)
    found = searcher.search(lifted(among, _in_places(index, words)), len(hits), count=False).hits
    statics = numbers(searcher, "static", found)
    for model, static, (score, _) in zip(numbers(searcher, "id", found), statics, found, strict=True):
        scores[model] += score + static / 10
    ranked = sorted(scores, key=scores.__getitem__, reverse=True)
    beginnings = dict(zip(ids, numbers(searcher, "beginning", hits), strict=True))
    seen: Counter[int] = Counter()
    spread = {}
    for model in ranked[:SPREAD]:
        spread[model] = scores[model] * SAME_BEGINNING ** seen[beginnings[model]]
        seen[beginnings[model]] += 1
    return sorted(spread, key=spread.__getitem__, reverse=True) + ranked[SPREAD:]


def _in_places(index: SearchIndex, words: Sequence[AskedWord]) -> Iterator[tantivy.Query]:
    """Yields the queries for BM25 of each word in each text field, and of the names of each word."""
    for word in words:
        for place, weight in PLACES.items():
            yield tantivy.Query.boost_query(term(index, place, word.stem), weight)
        for name in word.names:
            yield tantivy.Query.boost_query(term(index, "name", name), OTHER_NAME)


def numbers(
    searcher: tantivy.Searcher, field: str, hits: Sequence[tuple[Any, tantivy.DocAddress]]
) -> list[int]:
    """Returns the values of hits in a field of numbers."""
    values = searcher.fast_field_values(field, [address for _, address in hits])
    return [int(value) for value in values if value is not None]


def filtered(
    index: SearchIndex, query: tantivy.Query, request: SearchRequest, *, without: str = ""
) -> tantivy.Query:
    """Returns `query` with the filters of a request, except the filter of the facet `without`."""
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
    """Returns a query for one in `SAMPLING` of the matches of `query`."""
    return tantivy.Query.boolean_query([(Must, term(index, "flag", "sample")), (Must, query)])


def term(index: SearchIndex, field: str, value: str) -> tantivy.Query:
    """Returns a query for documents with a value in a field."""
    return tantivy.Query.term_query(index.schema, field, value, "freq" if field in TEXT_FIELDS else "basic")


def constant(query: tantivy.Query, score: float) -> tantivy.Query:
    """Returns a query with the same matches, all with the same score."""
    return tantivy.Query.const_score_query(query, score)


def _rarity(searcher: tantivy.Searcher, stem: str) -> float:
    """Returns how rare a word is: its inverse document frequency, as in BM25."""
    having = searcher.doc_freq("all", stem)
    return math.log(1 + max(0, searcher.num_docs - having + 0.5) / (having + 0.5))


def _anywhere(index: SearchIndex, word: AskedWord) -> tantivy.Query:
    """Returns a query for documents with a word, or one of its names, in any field; the score is BM25."""
    own = tantivy.Query.boost_query(term(index, "all", word.stem), ANYWHERE)
    names = [(Should, constant(term(index, "name", name), 0.0)) for name in word.names]
    return tantivy.Query.boolean_query([(Should, own), *names]) if names else own
