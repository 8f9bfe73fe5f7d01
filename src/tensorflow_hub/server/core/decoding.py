"""Decodes bodies and parameters of requests into the types that an endpoint declares."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from tensorflow_hub.server.core.problems import Malformed

T = TypeVar("T")

_WHERE = re.compile(r"(?P<what>.*) - at `\$\.(?P<field>.*)`", re.DOTALL)
_SEE = "See /api/v1/openapi.json."


def decode_body(body: bytes, kind: type[T]) -> T:
    """Decodes a JSON body; an empty body counts as `{}`.

    Args:
      body: the bytes.
      kind: the type of the result.

    Raises:
      Malformed: the body is not JSON, or does not match `kind`; names the field and quotes its value.
    """
    body = body or b"{}"
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        sent = _as_sent(body)
        if isinstance(error, msgspec.ValidationError) and sent is not None:
            raise _malformed(str(error), kind, sent) from error
        fields = sent.items() if isinstance(sent, dict) else ()
        wrong = next(((field, value) for field, value in fields if isinstance(value, _NoNumber)), None)
        if wrong is not None:
            raise _refused(wrong[0], "a number", wrong[1]) from error
        raise Malformed(
            f"Expected a JSON body, got one that cannot be parsed: {str(error)[:100]}.", hint=_SEE
        ) from error


class _NoNumber(str):
    """The text of a NaN or infinity: some programs write them, but JSON does not allow them."""

    __slots__ = ()


def _as_sent(body: bytes) -> Any:
    """Parses a body with its numbers as texts, to quote them unchanged; None if it is not JSON."""
    try:
        return json.loads(body, parse_int=str, parse_float=str, parse_constant=_NoNumber)
    except (ValueError, RecursionError):
        return None


def decode_parameters(source: Mapping[str, Any], kind: Any) -> Any:
    """Decodes the parameters of a path, a query or headers.

    Args:
      source: the parameters.
      kind: the type of the result: a msgspec structure, or a class with a method `parse` for all pairs.

    Raises:
      Malformed: a parameter is missing or does not match `kind`.
    """
    if not issubclass(kind, msgspec.Struct):
        return kind.parse(source.multi_items())  # type: ignore[attr-defined]
    values = {name: source[name] for name in kind.__struct_encode_fields__ if name in source}
    try:
        return msgspec.convert(values, kind, strict=False)
    except msgspec.ValidationError as error:
        raise _malformed(str(error), kind, values) from error


def _malformed(text: str, kind: Any, sent: Any) -> Malformed:
    """Turns msgspec's message into ours: names the field, what was expected, and the value that came."""
    fields = ", ".join(kind.__struct_encode_fields__)
    if unknown := re.fullmatch(r"Object contains unknown field `(.*)`", text, re.DOTALL):
        return Malformed(f"The field {unknown[1][:100]!r} is not known here.", hint=f"Known: {fields}.")
    if missing := re.fullmatch(r"Object missing required field `(.*)`", text):
        return Malformed(f"Expected the field {missing[1]!r}, got none.", hint=_SEE)
    found = _WHERE.fullmatch(text)
    if found is None or not isinstance(sent, Mapping):
        return Malformed(f"Expected a JSON object as body, got a {type(sent).__name__}.", hint=_SEE)
    value = sent.get(found["field"])
    if found["what"] == "Number out of range":
        return _refused(found["field"], "a number of 64 bits", value)
    expected = (
        found["what"].partition(", got ")[0].removeprefix("Expected ").replace("`", "").replace(" | null", "")
    )
    return _refused(found["field"], expected, value)


def _refused(field: str, expected: str, got: object) -> Malformed:
    return Malformed(f"Expected the field {field[:100]!r} as {expected}, got {str(got)[:100]!r}.", hint=_SEE)
