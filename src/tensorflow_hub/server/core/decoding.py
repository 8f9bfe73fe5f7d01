"""Bodies and parameters of requests → the typed structures that an endpoint declares."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from tensorflow_hub.errors import FormatError
from tensorflow_hub.server.core.problems import Malformed

T = TypeVar("T")

_WHERE = re.compile(r"(?P<what>.*) - at `\$\.(?P<field>.*)`", re.DOTALL)
_SEE = "See /api/v1/openapi.json."


def decode_body(body: bytes, kind: type[T]) -> T:
    """A JSON body as a `kind`; an empty one counts as `{}`.

    Raises:
      Malformed: it is no JSON, or not as `kind` describes; names the field and quotes its value.
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
        raise Malformed("Expected a body of JSON.", hint=f"It does not parse: {str(error)[:100]}.") from error


class _NoNumber(str):
    """NaN or an infinity, which some programs write and JSON does not have."""

    __slots__ = ()


def _as_sent(body: bytes) -> Any:
    """The body with its numbers as texts of any length; None if it cannot be read."""
    try:
        return json.loads(body, parse_int=str, parse_float=str, parse_constant=_NoNumber)
    except (ValueError, RecursionError):
        return None


def decode_parameters(source: Mapping[str, Any], kind: Any) -> Any:
    """Parameters of a path, a query or headers; a kind with a `parse` of its own reads all pairs itself.

    Raises:
      Malformed: one is absent or not as `kind` describes.
    """
    if not issubclass(kind, msgspec.Struct):
        try:
            return kind.parse(source.multi_items())  # type: ignore[attr-defined]
        except FormatError as error:
            raise Malformed(error.problem, hint=error.hint) from error
    values = {name: source[name] for name in kind.__struct_encode_fields__ if name in source}
    try:
        return msgspec.convert(values, kind, strict=False)
    except msgspec.ValidationError as error:
        raise _malformed(str(error), kind, values) from error


def _malformed(text: str, kind: Any, sent: Any) -> Malformed:
    """A problem that msgspec found as a sentence: the field, what was expected, what came."""
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
