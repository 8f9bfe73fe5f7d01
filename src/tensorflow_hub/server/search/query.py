"""A question → one query of the index, and the order of the best of its hits.

The score of a document is a sum. For each word of the question: BM25 in all of the text and, where words may
be missing, a score for having the word, higher for a rare one. Then what says most without words: a name that
is the question, files that can be downloaded here, downloads.

Other parts would take too long to score for all that match. They are added for the best hits only: BM25 of
each word in the name, in the values of facets and in the description, and the static score of the model. At
last, models whose handles begin alike are spread: ten sizes of one model do not fill a page.
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

# The places of words, and the weight of each; the weight of a name that a word may mean.
PLACES = {"name": 1.0, "facet_words": 1.0, "also_called": 0.5, "description": 1.0}
OTHER_NAME = 0.5
# Among so many hits, each further model whose handle begins alike keeps this part of its score.
SPREAD, SAME_BEGINNING = 60, 0.9

Hit = tuple[float, tantivy.DocAddress]
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
            constant(_anywhere(index, word), COVERAGE + RARITY * _rarity(searcher, word.stem)),
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


def rank(
    index: SearchIndex, searcher: tantivy.Searcher, words: Sequence[AskedWord], hits: Sequence[Hit]
) -> list[int]:
    """Returns the models of the hits, best first.

    Args:
      index: where they are.
      searcher: the view of it that found them.
      words: the words of the question.
      hits: pairs of score and address, as Tantivy gives them.
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
    """Yields BM25 of each word in each place, and of the names that it may mean."""
    for word in words:
        for place, weight in PLACES.items():
            yield tantivy.Query.boost_query(term(index, place, word.stem), weight)
        for name in word.names:
            yield tantivy.Query.boost_query(term(index, "name", name), OTHER_NAME)


def numbers(
    searcher: tantivy.Searcher, field: str, hits: Sequence[tuple[Any, tantivy.DocAddress]]
) -> list[int]:
    """Returns the numbers that hits have in a field."""
    values = searcher.fast_field_values(field, [address for _, address in hits])
    return [int(value) for value in values if value is not None]


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


def _rarity(searcher: tantivy.Searcher, stem: str) -> float:
    """Returns how rare a word is: its inverse document frequency, as in BM25."""
    having = searcher.doc_freq("all", stem)
    return math.log(1 + max(0, searcher.num_docs - having + 0.5) / (having + 0.5))


def _anywhere(index: SearchIndex, word: AskedWord) -> tantivy.Query:
    """The documents that have a word, or one of its names, in whatever place: BM25 of the word."""
    own = tantivy.Query.boost_query(term(index, "all", word.stem), ANYWHERE)
    names = [(Should, constant(term(index, "name", name), 0.0)) for name in word.names]
    return tantivy.Query.boolean_query([(Should, own), *names]) if names else own
