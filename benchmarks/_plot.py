"""A plot of how cost grows with work, both axes logarithmic, as an SVG file that stands alone."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

from tensorflow_hub.svg import element, line_through, scale

_WIDTH, _HEIGHT = 640, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 480, 16, 254  # of the area between the axes
_COLOURS = ("#1a56b0", "#b5460f", "#2b7a3d", "#7b3fa0", "#00707a", "#8a6d00", "#a3195b", "#555")
_STYLE = """
text { font: 12px system-ui, sans-serif; fill: #333 }
.grid { stroke: #ddd } .same { stroke: #888; stroke-dasharray: 4 4 } .line { fill: none; stroke-width: 2 }
"""


def plot(path: Path, title: str, amount: str, costs: Mapping[str, Sequence[tuple[float, float]]]) -> None:
    """Draws how many times the cost of the smallest amount the cost of each amount is.

    Args:
      path: the file to write.
      title: what it shows, for those who cannot see it.
      amount: what the work is counted in.
      costs: name → (amount, cost) of each measurement, from the smallest amount on; all above 0. A dashed
        line says what cost in proportion to work would be.
    """
    lines = {name: [(x, y / points[0][1]) for x, y in points] for name, points in costs.items()}
    xs, ys = ([point[i] for points in lines.values() for point in points] for i in (0, 1))
    least, most, low, high = min(xs), max(xs), _power(min(ys), math.floor), _power(max(ys), math.ceil)
    high = max(high, 10 * low)
    x_at = scale(least, most, _LEFT, _RIGHT, log=True)
    y_at = scale(low, high, _BOTTOM, _TOP, log=True)
    end = min(most, least * high)
    parts = [
        element("style", _STYLE),
        element("rect", width=_WIDTH, height=_HEIGHT, fill="#fff"),
        *_axes(x_at, _powers(least, most), y_at, _powers(low, high)),
        _text(amount, (_LEFT + _RIGHT) / 2, _HEIGHT - 8, "middle"),
        element("text", "times the cost of the smallest", transform=_turned(), text_anchor="middle"),
        _path("same", [(x_at(least), y_at(1.0)), (x_at(end), y_at(end / least))]),
    ]
    label_at = 0.0
    for name in sorted(lines, key=lambda name: -lines[name][-1][1]):
        colour = _COLOURS[list(lines).index(name) % len(_COLOURS)]
        at = [(x_at(x), y_at(y)) for x, y in lines[name]]
        label_at = max(label_at + 16, at[-1][1] + 4)
        parts += [
            _path("line", at, stroke=colour),
            *(element("circle", cx=x, cy=y, r=3, fill=colour) for x, y in at),
            element("text", escape(name), x=_RIGHT + 8, y=label_at, style=f"fill: {colour}"),
        ]
    size = {"viewBox": f"0 0 {_WIDTH} {_HEIGHT}", "width": _WIDTH, "height": _HEIGHT}
    head = element("title", escape(title))
    drawing = element("svg", head, *parts, xmlns="http://www.w3.org/2000/svg", role="img", **size)
    path.write_text(drawing + "\n", encoding="utf-8")


def _axes(x_at, xs, y_at, ys):
    for x in xs:
        yield _path("grid", [(x_at(x), _TOP), (x_at(x), _BOTTOM)])
        yield _text(f"{x:,.0f}", x_at(x), _BOTTOM + 18, "middle")
    for y in ys:
        yield _path("grid", [(_LEFT, y_at(y)), (_RIGHT, y_at(y))])
        yield _text(f"{y:,.10g}", _LEFT - 6, y_at(y) + 4, "end")


def _turned() -> str:
    return f"translate(14 {(_TOP + _BOTTOM) / 2}) rotate(-90)"


def _path(kind: str, points: Sequence[tuple[float, float]], **attributes: object) -> str:
    return element("path", class_=kind, d=line_through(points), **attributes)


def _text(text: str, x: float, y: float, anchor: str) -> str:
    return element("text", escape(text), x=x, y=y, text_anchor=anchor)


def _power(value: float, rounded) -> float:
    return 10.0 ** rounded(math.log10(value))


def _powers(low: float, high: float) -> list[float]:
    first, last = math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9)
    return [10.0**exponent for exponent in range(first, last + 1)]
