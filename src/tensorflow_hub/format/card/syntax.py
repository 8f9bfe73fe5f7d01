"""The syntax of model cards, which is that of the documentation files of tfhub.dev.

A card has a title with the name, a paragraph of description, comments with fields, and Markdown:

# Module acme/text-embedding/1

Embeds sentences.

<!-- task: text-embedding -->
<!-- language: en -->

## Overview
…
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from typing import NoReturn

from tensorflow_hub.errors import CardError, HandleError
from tensorflow_hub.format.card.vocabulary import RENAMED_FIELDS
from tensorflow_hub.format.kinds.table import KIND_BY_CARD
from tensorflow_hub.handles import ModelName, is_publisher_name

# The kinds of cards: of deployments, and of things without files.
WITHOUT_FILES = ("placeholder", "collection")
CARD_KINDS: tuple[str, ...] = (*KIND_BY_CARD, *WITHOUT_FILES, "publisher")

LARGEST_CARD = 1 << 20  # bytes
_TITLE = re.compile(r"#\s*([A-Za-z]+)\s+(\S+)\s*")
_FIELD = re.compile(r"\s*([A-Za-z][A-Za-z0-9_-]*)\s*:(?!//)(.*)", re.DOTALL)
_HEADING = re.compile(r"#{1,6}(\s|$)")
# Cards of tfhub.dev have zero-width non-joiners in names, so that its pages did not make links of them.
_INVISIBLE = ("&zwnj;", "\u200c", "\ufeff")
_EXAMPLE = "'# Module acme/text-embedding/1'"


@dataclasses.dataclass(frozen=True)
class Card:
    """A parsed card.

    Attributes:
      kind: the kind in the title, in lower case, such as "module".
      name: `publisher/model/version`, `publisher/collection/version`, or a publisher.
      description: the first paragraph, on one line.
      metadata: field → its values in their order.
      body: the Markdown after the fields.
      lines: field → the line (from 1) of each of its values.
      body_line: the line on which the body starts.
    """

    kind: str
    name: str
    description: str
    metadata: Mapping[str, tuple[str, ...]]
    body: str
    lines: Mapping[str, tuple[int, ...]] = dataclasses.field(default_factory=dict, compare=False)
    body_line: int = dataclasses.field(default=1, compare=False)

    @property
    def publisher(self) -> str:
        """The name of the publisher."""
        return self.name.partition("/")[0]

    @property
    def model_name(self) -> ModelName | None:
        """The name as a `ModelName`; None for a publisher."""
        return None if self.kind == "publisher" else ModelName.parse(self.name)

    def first(self, field: str) -> str | None:
        """The first value of a field; None if the card does not have the field."""
        return next(iter(self.metadata.get(field, ())), None)


def parse_card(text: str | bytes) -> Card:
    r"""Parses a card.

    Args:
      text: the content of the file; bytes have to be UTF-8.

    Raises:
      CardError: the card has no title, no valid name or no description; `line` is the line of the problem.

    >>> card = parse_card("# Module acme/words/1\nEmbeds words.\n\n<!-- task: text-embedding -->\n\n## Use\n")
    >>> card.kind, card.name, card.description, card.metadata["task"], card.body
    ('module', 'acme/words/1', 'Embeds words.', ('text-embedding',), '## Use')
    """
    lines = _decode(text).splitlines()
    first = next((number for number, line in enumerate(lines) if line.strip()), 0)
    kind, name = _title(lines[first] if lines else "", first + 1)
    head = _Head(lines, first + 1)
    head.read()
    if not head.description and kind != "publisher":
        _refuse(
            first + 2,
            "a paragraph of description after the title",
            "none",
            "Write a sentence that says what the model does.",
        )
    return Card(
        kind,
        name,
        head.description,
        {field: tuple(value for value, _ in values) for field, values in head.fields.items()},
        "\n".join(lines[head.at :]).strip(),
        {field: tuple(line for _, line in values) for field, values in head.fields.items()},
        head.at + 1,
    )


class _Head:
    """Reads the part between the title and the body: a paragraph, and comments with fields."""

    def __init__(self, lines: list[str], at: int) -> None:
        self.at = at
        self.description = ""
        self.fields: dict[str, list[tuple[str, int]]] = {}
        self._lines = lines
        self._text_until = 0  # the line up to which comments are known to be a part of the text

    def read(self) -> None:
        """Reads up to the first line of the body."""
        paragraph_ended = False
        paragraph: list[str] = []
        while self.at < len(self._lines):
            line = self._lines[self.at].strip()
            if line.startswith("<!--") and self._read_comment():
                paragraph_ended = True
            elif not line:
                paragraph_ended = paragraph_ended or bool(paragraph)
                self.at += 1
            elif paragraph_ended or _HEADING.match(line):
                break
            else:
                paragraph.append(line)
                self.at += 1
        self.description = " ".join(paragraph)

    def _read_comment(self) -> bool:
        """Reads comments on separate lines. Returns whether there are any."""
        if self.at < self._text_until:  # without this check a card of many such lines takes quadratic time
            return False
        last = next((n for n in range(self.at, len(self._lines)) if "-->" in self._lines[n]), None)
        if last is None:
            _refuse(self.at + 1, "'-->' at the end of the comment", "none", "Close the comment.")
        comments, _, rest = "\n".join(self._lines[self.at : last + 1]).rpartition("-->")
        if rest.strip():
            self._text_until = last + 1
            return False
        for comment in comments.split("-->"):
            inside = comment.strip().removeprefix("<!--")
            field = _FIELD.fullmatch(inside)
            if field:
                key = RENAMED_FIELDS.get(field[1].lower(), field[1].lower())
                self.fields.setdefault(key, []).append((" ".join(field[2].split()), self.at + 1))
        self.at = last + 1
        return True


def _decode(text: str | bytes) -> str:
    size = len(text)
    if size > LARGEST_CARD:
        _refuse(1, f"a card of at most {LARGEST_CARD:,} bytes", f"{size:,}", "Link to long texts and images.")
    if isinstance(text, str):
        return text
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = text[: error.start].count(b"\n") + 1
        _refuse(line, "text in UTF-8", repr(text[error.start : error.start + 4]), "Save the file as UTF-8.")


def _title(line: str, number: int) -> tuple[str, str]:
    for invisible in _INVISIBLE:
        line = line.replace(invisible, "")
    title = _TITLE.fullmatch(line)
    if not title or title[1].lower() not in CARD_KINDS:
        kinds = ", ".join(kind.capitalize() for kind in CARD_KINDS)
        hint = f"Begin with one of {kinds}, for example {_EXAMPLE}."
        _refuse(number, "a title such as " + _EXAMPLE, repr(line[:100]), hint)
    kind, name = title[1].lower(), title[2].strip("/")
    _check_name(kind, name, number)
    return kind, name


def _check_name(kind: str, name: str, number: int) -> None:
    if kind == "publisher":
        if not is_publisher_name(name):
            _refuse(number, "a publisher's name", repr(name[:100]), "Use letters, digits and . _ - +.")
        return
    try:
        version = ModelName.parse(name).version
    except HandleError as error:
        _refuse(number, "a name of the form publisher/model/version", repr(name[:100]), error.hint)
    if version is None:
        _refuse(number, "a version at the end of the name", repr(name[:100]), f"For example {_EXAMPLE}.")


def _refuse(line: int, expected: str, got: str, hint: str) -> NoReturn:
    raise CardError(f"Expected {expected}, got {got}.", hint=hint, line=line)
