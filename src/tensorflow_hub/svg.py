"""SVG drawings as text: elements, lines through points, and scales from values to pixels."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from html import escape

# Colours for what is told apart on a picture; text on them is black.
LIGHT_COLOURS = ("#ffd400", "#6ee7ff", "#ff9ecb", "#9dff8a", "#ffb86b", "#d0bfff")
# From a value to a place in pixels.
Scale = Callable[[float], float]


def element(name: str, *content: str, **attributes: object) -> str:
    """An element as text.

    Args:
      name: of the element, such as `path`.
      *content: elements inside it, as text of this function; put other text through `html.escape`.
      **attributes: floats are written with one decimal, and everything is escaped. `_` in a name stands for
        `-`; one at the end is left out.

    >>> element("circle", class_="point", cx=1.25, r=3)
    '<circle class="point" cx="1.2" r="3"/>'
    >>> element("text", "cats &amp; dogs", text_anchor="end")
    '<text text-anchor="end">cats &amp; dogs</text>'
    """
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(_number(value))}"'
        for key, value in attributes.items()
    )
    inner = "".join(content)
    return f"<{name}{written}>{inner}</{name}>" if inner else f"<{name}{written}/>"


def line_through(points: Iterable[tuple[float, float]]) -> str:
    """The attribute `d` of a path: a line through points in pixels.

    >>> line_through([(0, 1), (10, 2.55)])
    'M0 1L10 2.5'
    """
    return "M" + "L".join(f"{_number(x)} {_number(y)}" for x, y in points)


def scale(low: float, high: float, start: float, end: float, *, log: bool = False) -> Scale:
    """The scale that puts `low` at `start` and `high` at `end`, in proportion or by logarithms.

    >>> scale(0, 10, 100, 200)(5), scale(1, 100, 0, 200, log=True)(10)
    (150.0, 100.0)
    """
    if log:
        inner = scale(math.log(low), math.log(high), start, end)
        return lambda value: inner(math.log(value))
    span = (high - low) or 1.0
    return lambda value: start + (value - low) / span * (end - start)


def _number(value: object) -> str:
    return f"{value:.1f}" if isinstance(value, float) else str(value)
