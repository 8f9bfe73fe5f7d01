"""Splits the text of a search into words, corrects misspelt words, and recognizes names and URLs."""

from __future__ import annotations

import difflib
import itertools
import re
from collections import Counter
from collections.abc import Sequence

import tantivy

from tensorflow_hub.server.search.index import SCHEMA
from tensorflow_hub.server.search.words import stem, words

# Words that are ignored in a search, unless it has no other words.
STOP_WORDS = frozenset(
    """a an and are as at be by for from how i in into is it of on or that the this to with what which
    model models module modules pretrained pre trained using use my me need want tensorflow tf tfhub hub
    """.split()  # noqa: SIM905 - read as text
)
_MOST_WORDS = 12
_HOST = re.compile(r"\s*(?:https?://[^/\s]+|(?:www\.)?tfhub\.dev|localhost:[0-9]+)/+", re.IGNORECASE)
_VERSION = re.compile(r"/[0-9]+$")
# How many documents with a similar word are read, and how many longer names are taken.
_LOOK_AT, _LONGER_NAMES = 40, 5


def question_words(text: str) -> list[str]:
    """Returns the words of a search without stop words, each once; of a URL only the words of its path.

    >>> question_words("https://tfhub.dev/google/elmo/3?tf-hub-format=compressed")
    ['google', 'elmo', '3']
    >>> question_words("which model for USE lite?")  # in capitals it is a name
    ['use', 'lite']
    """
    text = _without_host(text)
    names = {word.lower() for word in re.findall(r"\b[A-Z]{3,}\b", text)} if not text.isupper() else set()
    found = list(dict.fromkeys(words(text)))[:_MOST_WORDS]
    return [word for word in found if word not in STOP_WORDS or word in names] or found


def asked_name(text: str) -> str:
    """Returns the words that the title of a model has if the search is its name, its handle or its URL.

    >>> asked_name("https://tfhub.dev/google/elmo/3")
    'google elmo'
    """
    return " ".join(words(_VERSION.sub("", _without_host(text).strip("/ "))))


def correct(searcher: tantivy.Searcher, asked: Sequence[str]) -> list[str]:
    """Returns the words of a search; unknown words are replaced by the most likely words that documents have.

    Unknown words without a likely correction stay.
    """
    found = ([word] if _is_known(searcher, word) else _correction(searcher, word) for word in asked)
    return list(dict.fromkeys(itertools.chain.from_iterable(found)))


def with_names(searcher: tantivy.Searcher, word: str) -> list[str]:
    """Returns the stem of a word, and the names of models that it may stand for.

    A name may start with the word ("regnety" with "regnet"), or the word with a name ("multilingual" with
    "multi").
    """
    if len(word) < 4 or not word.isalpha():
        return [stem(word)]
    longer = [name for name, _ in searcher.terms_with_prefix("name", stem(word), limit=_LONGER_NAMES)]
    shorter = (word[:length] for length in range(len(word) - 3, 4, -1))
    known = (name for name in shorter if searcher.doc_freq("name", name))
    return [stem(word), *(name for name in longer if name != stem(word)), *itertools.islice(known, 1)]


def _without_host(text: str) -> str:
    host = _HOST.match(text)
    return re.split(r"[?#]", text[host.end() :])[0] if host else text


def _is_known(searcher: tantivy.Searcher, word: str) -> bool:
    """Whether a document has the word."""
    return searcher.doc_freq("all", stem(word)) > 0


def _correction(searcher: tantivy.Searcher, word: str) -> list[str]:
    """Returns the correction of an unknown word: a similar word, a longer one, two words, or itself."""
    if len(word) < 4 or not word.isalpha():
        return [word]
    if similar := _similar(searcher, word, 1):
        return [similar]
    if longer := searcher.terms_with_prefix("spelling", word, limit=1):  # the commonest
        return [longer[0][0]]
    # Two known words that were written as one ("sentenceencoder").
    cuts = ([word[:at], word[at:]] for at in range(len(word) - 4, 3, -1))
    if parts := next((parts for parts in cuts if all(_is_known(searcher, part) for part in parts)), None):
        return parts
    return [(len(word) >= 6 and _similar(searcher, word, 2)) or word]


def _similar(searcher: tantivy.Searcher, word: str, errors: int) -> str | None:
    """Returns the most similar word, where documents have one with at most so many typing errors."""
    query = tantivy.Query.fuzzy_term_query(SCHEMA, "spelling", word, errors)
    hits = searcher.search(query, _LOOK_AT, count=False).hits
    seen = Counter(other for _, address in hits for other in searcher.doc(address)["spelling"][0].split())
    near = [other for other, _ in seen.most_common() if abs(len(other) - len(word)) <= errors]
    return next(iter(difflib.get_close_matches(word, near, n=1)), None)
