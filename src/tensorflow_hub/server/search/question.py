"""Splits the text of a search into words, corrects misspelt words, and recognizes handles and URLs."""

from __future__ import annotations

import dataclasses
import itertools
import re
from collections import Counter
from collections.abc import Iterator, Sequence

import tantivy

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
# How many documents with a similar word are read, and how many longer names are added to a word.
_LOOK_AT, _LONGER_NAMES = 40, 5


@dataclasses.dataclass(frozen=True)
class AskedWord:
    """A word of a search.

    Attributes:
      stem: its stem.
      names: words of model names that start with it, or with which it starts: "regnety" for "regnet".
    """

    stem: str
    names: tuple[str, ...] = ()


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


def asked_handle(text: str) -> str | None:
    """Returns the handle if the search is a handle or the URL of a model, else None.

    >>> asked_handle("https://tfhub.dev/google/elmo/3"), asked_handle("elmo")
    ('google/elmo', None)
    """
    handle = _VERSION.sub("", _without_host(text).strip("/ "))
    return handle if "/" in handle and " " not in handle else None


def correct(schema: tantivy.Schema, searcher: tantivy.Searcher, asked: Sequence[str]) -> list[str]:
    """Returns the words of a search; unknown words are replaced by the most likely word that documents have.

    Unknown words without a likely correction stay.
    """
    corrected: list[str] = []
    for word in _numbers_with_letter(searcher, asked):
        corrected += [word] if _is_known(searcher, word) else _correction(schema, searcher, word)
    return list(dict.fromkeys(corrected))


def with_names(searcher: tantivy.Searcher, words: Sequence[str]) -> list[AskedWord]:
    """Adds to each word the model names that it may stand for.

    A name may start with the word ("regnety" with "regnet"), or the word with a name ("multilingual" with
    "multi").
    """
    return [AskedWord(stem(word), tuple(_names(searcher, word))) for word in words]


def distance(one: str, other: str, limit: int) -> int:
    """Returns the number of typing errors between two words: added, missing, changed or swapped letters.

    Stops counting at `limit` + 1.

    >>> distance("objct", "object", 2), distance("tranformer", "transformer", 2), distance("ab", "ba", 2)
    (1, 1, 1)
    """
    if abs(len(one) - len(other)) > limit:
        return limit + 1
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, char in enumerate(one, 1):
        older, before, row = before, row, [i]
        for j, against in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (char != against))
            if i > 1 and j > 1 and char == other[j - 2] and one[i - 2] == against:
                cost = min(cost, older[j - 2] + 1)
            row.append(cost)
        if min(row) > limit:
            return limit + 1
    return row[-1]


def _without_host(text: str) -> str:
    host = _HOST.match(text)
    return re.split(r"[?#]", text[host.end() :])[0] if host else text


def _names(searcher: tantivy.Searcher, word: str) -> Iterator[str]:
    if len(word) < 4 or not word.isalpha():
        return
    longer = searcher.terms_with_prefix("name", stem(word), limit=_LONGER_NAMES)
    yield from (name for name, _ in longer if name != stem(word))
    shorter = (word[:length] for length in range(len(word) - 3, 4, -1))
    yield from itertools.islice((name for name in shorter if searcher.doc_freq("name", name)), 1)


def _is_known(searcher: tantivy.Searcher, word: str) -> bool:
    """Returns whether a document has the word."""
    return searcher.doc_freq("all", stem(word)) > 0


def _numbers_with_letter(searcher: tantivy.Searcher, asked: Sequence[str]) -> list[str]:
    """Moves the last letter of an unknown word to the number after it, if that makes two known words.

    For example, "efficientnetb7" was split into "efficientnetb" and "7", and becomes "efficientnet" and "b7".
    """
    found = list(asked)
    for at, (word, number) in enumerate(itertools.pairwise(asked)):
        parts = [word[:-1], word[-1:] + number]
        if number.isdigit() and not _is_known(searcher, word) and _are_known(searcher, parts):
            found[at : at + 2] = parts
    return found


def _correction(schema: tantivy.Schema, searcher: tantivy.Searcher, word: str) -> list[str]:
    """Returns the correction of an unknown word: a similar word, a longer one, two words, or itself."""
    likely: str | None = None
    if len(word) >= 4 and word.isalpha():
        begun = (other for other, _ in searcher.terms_with_prefix("spelling", word, limit=1))
        likely = _similar(schema, searcher, word, 1) or next(begun, None)
    if likely is None:
        # Two known words that were written as one ("sentenceencoder").
        cuts = ([word[:at], word[at:]] for at in range(len(word) - 4, 3, -1))
        if parts := next((parts for parts in cuts if _are_known(searcher, parts)), None):
            return parts
        likely = _similar(schema, searcher, word, 2) if len(word) >= 6 and word.isalpha() else None
    return [likely or word]


def _are_known(searcher: tantivy.Searcher, parts: Sequence[str]) -> bool:
    return all(_is_known(searcher, part) for part in parts)


def _similar(schema: tantivy.Schema, searcher: tantivy.Searcher, word: str, limit: int) -> str | None:
    """Returns the word with the fewest typing errors, at most `limit`; of several, the commonest."""
    query = tantivy.Query.fuzzy_term_query(schema, "spelling", word, limit, True)
    seen: Counter[str] = Counter()
    for _, address in searcher.search(query, _LOOK_AT, count=False).hits:
        seen.update(searcher.doc(address)["spelling"][0].split())
    near = {other: distance(word, other, limit) for other in seen if abs(len(other) - len(word)) <= limit}
    fitting = [other for other, errors in near.items() if errors <= limit]
    return max(fitting, key=lambda o: (-near[o], o[0] == word[0], seen[o], o), default=None)
