"""A question → its words, and the handle that it may be."""

from __future__ import annotations

import dataclasses
import re

from tensorflow_hub.server.search.words import words

# Words that say nothing in a question unless they are all of it.
STOP_WORDS = frozenset(
    """a an and are as at be by for from how i in into is it of on or that the this to with what which
    model models module modules pretrained pre trained using use my me need want tensorflow tf tfhub hub
    """.split()  # noqa: SIM905 - read as text
)
_MOST_WORDS = 12
_HOST = re.compile(r"\s*(?:https?://[^/\s]+|(?:www\.)?tfhub\.dev|localhost:[0-9]+)/+", re.IGNORECASE)
_VERSION = re.compile(r"/[0-9]+$")


@dataclasses.dataclass(frozen=True)
class AskedWord:
    """A word of a question.

    Attributes:
      stem: of the word.
      names: words of names that begin with it, or that it begins with: "regnety" for "regnet".
    """

    stem: str
    names: tuple[str, ...] = ()


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
