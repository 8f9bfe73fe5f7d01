"""Checks the figures of a measurement, from a JSON body, a form, or another hub."""

from __future__ import annotations

import math
import urllib.parse

from tensorflow_hub.api.figures import STORED_FIELDS, Figures
from tensorflow_hub.api.requests import NewMeasurement
from tensorflow_hub.server.core.problems import Malformed

# How far an interval may miss its value, as a part of the value: both may have been rounded.
_ROUNDING = 1e-6


def figures_of(body: NewMeasurement) -> Figures:
    """Returns the checked figures of a measurement.

    Raises:
      Malformed: a text is not printable, a URL or number is invalid, or the interval lacks the value.
    """
    for field in ("dataset", "metric", "task", "machine", "tool"):
        text: str = getattr(body, field)
        if not text.isprintable() or text != text.strip() or (not text and field in {"dataset", "metric"}):
            raise _refused(field, "printable text without spaces around it", text)
    scheme, host = urllib.parse.urlsplit(_readable(body.dataset_url))[:2]
    is_url = scheme in {"http", "https"} and host and body.dataset_url.isprintable()
    if body.dataset_url and (not is_url or " " in body.dataset_url):
        raise _refused("dataset_url", "an http or https URL", body.dataset_url)
    for field in ("value", "low", "high", "examples_per_second"):
        number: float | None = getattr(body, field)
        if number is not None and not math.isfinite(number):
            raise _refused(field, "a finite number", number)
    room = _ROUNDING * (1 + abs(body.value))
    if (body.low is None) != (body.high is None):
        raise _refused("low" if body.low is None else "high", "the other end of the interval", "none")
    if body.low is not None and body.low > body.value + room:
        raise _refused("low", f"at most the value {body.value}", body.low)
    if body.high is not None and body.high < body.value - room:
        raise _refused("high", f"at least the value {body.value}", body.high)
    values = {name: getattr(body, name) for name in STORED_FIELDS}
    return Figures(**{**values, "dataset_digest": body.dataset_digest or ""})


def _readable(url: str) -> str:
    """Returns the URL; "" if Python cannot split it."""
    try:
        urllib.parse.urlsplit(url)
    except ValueError:
        return ""
    return url


def _refused(field: str, expected: str, got: object) -> Malformed:
    return Malformed(
        f"Expected the field {field!r} as {expected}, got {str(got)[:100]!r}.",
        hint="See /api/v1/openapi.json.",
    )
