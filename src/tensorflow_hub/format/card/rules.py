"""The rules for cards. Each violation is reported with its line and a hint."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Literal
from urllib.parse import urlsplit

from tensorflow_hub.errors import CardError, HandleError
from tensorflow_hub.format.card.syntax import Card, parse_card
from tensorflow_hub.format.card.vocabulary import FIELDS, closest, known_values
from tensorflow_hub.format.kinds.table import KIND_BY_CARD
from tensorflow_hub.format.module.module_description import ModuleDescription
from tensorflow_hub.handles import ModelName, is_web_address

Severity = Literal["error", "warning"]
_LONGEST_VALUE = 1000
_COLAB_HOST = "colab.research.google.com"


@dataclasses.dataclass(frozen=True, order=True)
class CardProblem:
    """A violated rule.

    Attributes:
      line: the line of the card, from 1.
      severity: "error" (a hub refuses the card) or "warning" (the card could be better).
      problem: a sentence that says what was expected and what the card has.
      hint: a sentence that says what to do.
    """

    line: int
    severity: Severity
    problem: str
    hint: str

    def __str__(self) -> str:
        """The problem as one line of text."""
        return f"line {self.line}: {self._text}"

    def in_file(self, path: str) -> str:
        """The problem as one line in the format of compilers, which editors parse: `card.md:3: error: …`."""
        return f"{path}:{self.line}: {self._text}"

    @property
    def _text(self) -> str:
        return f"{self.severity}: {self.problem} {self.hint}"


def check_card(card: Card, module: ModuleDescription | None = None) -> tuple[CardProblem, ...]:
    r"""Checks a parsed card against the rules.

    Args:
      card: the card.
      module: the description of the model's files; None if there are no files. The card has to agree with it.

    Returns:
      The violations in the order of their lines.

    >>> card = parse_card("# Module acme/words/1\nEmbeds words.\n\n<!-- task: text-embeding -->\n")
    >>> print(check_card(card)[0])
    line 4: warning: 'text-embeding' is not a known task. Did you mean 'text-embedding'?
    """
    problems = [*_missing(card), *_fields(card)]
    if module is not None:
        problems += _contradictions(card, module)
    return tuple(sorted(problems))


def check_text(
    text: str | bytes, module: ModuleDescription | None = None
) -> tuple[Card | None, tuple[CardProblem, ...]]:
    """Parses and checks a card. Returns the card (None if it cannot be parsed) and the problems."""
    try:
        card = parse_card(text)
    except CardError as error:
        return None, (CardProblem(error.line or 1, "error", error.finding, error.hint),)
    return card, check_card(card, module)


def _missing(card: Card) -> Iterator[CardProblem]:
    if card.kind in {"module", "placeholder"} and not card.metadata.get("task"):
        yield CardProblem(
            1, "warning", "The card has no task.", "Add a line such as <!-- task: text-embedding -->."
        )
    kind = KIND_BY_CARD.get(card.kind)
    if kind is not None and not kind.is_model and not card.metadata.get("parent-model"):
        yield CardProblem(
            1,
            "warning",
            "The card does not name the model that this is a deployment of.",
            "Add a line such as <!-- parent-model: acme/words/1 -->.",
        )


def _fields(card: Card) -> Iterator[CardProblem]:
    for key, values in card.metadata.items():
        lines = card.lines.get(key, (1,) * len(values))
        if key not in FIELDS:
            meant = closest(key, FIELDS)
            hint = f"Did you mean {meant!r}?" if meant else f"The fields are {', '.join(FIELDS)}."
            yield CardProblem(lines[0], "warning", f"The field {key!r} is unknown.", hint)
            continue
        if len(values) > 1 and not FIELDS[key].repeats:
            problem = f"Expected the field {key!r} once, got it {len(values)} times."
            yield CardProblem(lines[1], "error", problem, "Keep one of the lines.")
        for value, line in zip(values, lines, strict=True):
            problem_of_value = _value(key, value)
            if problem_of_value:
                yield CardProblem(line, *problem_of_value)


def _value(key: str, value: str) -> tuple[Severity, str, str] | None:
    if not value or len(value) > _LONGEST_VALUE:
        return (
            "error",
            f"Expected a value of 1 to {_LONGEST_VALUE:,} characters for {key!r}, got {len(value):,}.",
            "Write a value, or remove the line.",
        )
    form = FIELDS[key].form
    if form == "flag" and value not in {"true", "false"}:
        return "error", f"Expected 'true' or 'false' for {key!r}, got {value!r}.", "Write one of the two."
    if form == "one of" and value not in known_values(key):
        known = ", ".join(known_values(key))
        return "error", f"Expected one of {known} for {key!r}, got {value!r}.", "Write one of them."
    if form == "handle" or (form == "module" and "://" not in value):
        return _handle(key, value)
    if form == "module" and (any(map(str.isspace, value)) or not value.isprintable()):
        return "error", f"Expected a module for {key!r}, got {value!r}.", "Write its handle or its URL."
    if form in {"url", "colab"}:
        return _url(key, value, must_be_colab=form == "colab")
    if form == "known" and value not in known_values(key):
        meant = closest(value, known_values(key))
        hint = f"Did you mean {meant!r}?" if meant else "It is kept, but filters may not find it."
        return "warning", f"{value!r} is not a known {key.replace('-', ' ')}.", hint
    return None


def _handle(key: str, value: str) -> tuple[Severity, str, str] | None:
    try:
        ModelName.parse(value)
    except HandleError as error:
        return "error", f"Expected a handle for {key!r}, got {value!r}.", error.hint
    return None


def _url(key: str, value: str, *, must_be_colab: bool) -> tuple[Severity, str, str] | None:
    if not is_web_address(value) or any(map(str.isspace, value)):
        return "error", f"Expected a URL for {key!r}, got {value!r}.", "Begin it with https://."
    if must_be_colab and urlsplit(value).hostname != _COLAB_HOST:
        return (
            "error",
            f"Expected a URL at {_COLAB_HOST} for {key!r}, got {value!r}.",
            "Use the field 'demo'.",
        )
    return None


def _contradictions(card: Card, module: ModuleDescription) -> Iterator[CardProblem]:
    formats, written = known_values("format"), card.first("format")
    if written in formats and module.kind in formats and written != module.kind:
        yield CardProblem(
            card.lines["format"][0],
            "error",
            f"The card has the format {written!r}, but the files are a module of format {module.kind!r}.",
            f"Write <!-- format: {module.kind} -->, or remove the line.",
        )
    if card.first("fine-tunable") == "true" and module.fine_tunable is False:
        yield CardProblem(
            card.lines["fine-tunable"][0],
            "warning",
            "The card has fine-tunable: true, but the files have no trainable variables.",
            "Export it with trainable variables, or write <!-- fine-tunable: false -->.",
        )
