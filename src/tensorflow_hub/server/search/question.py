"""A question → its words, each with other ways to say it, and the handle that it may be."""

from __future__ import annotations

import dataclasses
import itertools
import re
from collections.abc import Sequence

from tensorflow_hub.server.search.synonyms import STOP_WORDS, alternatives
from tensorflow_hub.server.search.words import words

_MOST_WORDS = 12
_HOST = re.compile(r"\s*(?:https?://[^/\s]+|(?:www\.)?tfhub\.dev|localhost:[0-9]+)/+", re.IGNORECASE)
_VERSION = re.compile(r"/[0-9]+$")


@dataclasses.dataclass(frozen=True)
class AskedWord:
    """A word of a question.

    Attributes:
      text: the word.
      ways: other ways to say it, as phrases.
    """

    text: str
    ways: tuple[str, ...] = ()


def question_words(text: str) -> list[str]:
    """The words of a question that say something, each once; of an address only its path.

    >>> question_words("https://tfhub.dev/google/elmo/3?tf-hub-format=compressed")
    ['google', 'elmo', '3']
    >>> question_words("which model for USE lite?")  # in capitals it is a name
    ['use', 'lite']
    """
    text = _without_host(text)
    names = {word.lower() for word in re.findall(r"\b[A-Z]{3,}\b", text)} if not text.isupper() else set()
    found = list(dict.fromkeys(words(text)))[:_MOST_WORDS]
    return [word for word in found if word not in STOP_WORDS or word in names] or found


def asked_words(texts: Sequence[str]) -> list[AskedWord]:
    """The words with other ways to say each, or the phrase that it makes with its neighbour.

    >>> [word.ways for word in asked_words(["speech", "recognition"])]
    [('stt',), ('classification', 'stt')]
    """
    ways = [list(alternatives(text)) for text in texts]
    for (at, first), (_, second) in itertools.pairwise(enumerate(texts)):
        others = alternatives(f"{first} {second}")
        ways[at] += others
        ways[at + 1] += others
    return [AskedWord(text, tuple(dict.fromkeys(w))) for text, w in zip(texts, ways, strict=True)]


def asked_handle(text: str) -> str | None:
    """The model that a question names by its handle or address; None when it is no handle.

    >>> asked_handle("https://tfhub.dev/google/elmo/3"), asked_handle("elmo")
    ('google/elmo', None)
    """
    handle = _VERSION.sub("", _without_host(text).strip("/ "))
    return handle if "/" in handle and " " not in handle else None


def _without_host(text: str) -> str:
    host = _HOST.match(text)
    return re.split(r"[?#]", text[host.end() :])[0] if host else text
