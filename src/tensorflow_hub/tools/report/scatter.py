"""Named points with intervals in a plane, as inline SVG."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from html import escape

from tensorflow_hub.tools.report.charts import (
    BOTTOM,
    HEIGHT,
    LEFT,
    RIGHT,
    TOP,
    WIDTH,
    nice,
    open_svg,
    scale,
    y_axis,
)


@dataclasses.dataclass(frozen=True)
class Point:
    """A point; `low` and `high` are the ends of y's interval."""

    name: str
    x: float
    y: float
    low: float
    high: float


def scatter_chart(title: str, points: Sequence[Point], x_label: str, y_label: str) -> str:
    """Points over a logarithmic x axis; y values are shares, in percent. Empty without points.

    Args:
      title: what it shows, for those who cannot see it.
      points: drawn in the page's series colours; the legend names them.
      x_label: of the x axis.
      y_label: of the y axis.
    """
    if not points:
        return ""
    low, high, ticks = nice(min(p.low for p in points), max(p.high for p in points), percent=True)
    y_at = scale(low, high, HEIGHT - BOTTOM, TOP)
    first, last = min(p.x for p in points) / 1.5, max(p.x for p in points) * 1.5
    x_at = scale(first, last, LEFT, WIDTH - RIGHT, log=True)
    parts = [open_svg(title, x_label, y_label), *y_axis(ticks, y_at, percent=True)]
    parts += [
        f'<text class="tick" x="{x_at(tick):.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">'
        f"{tick:,.0f}</text>"
        for tick in _log_ticks(first, last)
    ]
    for number, point in enumerate(points):
        x, style = x_at(point.x), f"s{number % 4}"
        parts.append(
            f'<path class="line thin {style}" d="M{x:.1f} {y_at(point.low):.1f}V{y_at(point.high):.1f}"/>'
            f'<circle class="{style}" cx="{x:.1f}" cy="{y_at(point.y):.1f}" r="5"/>'
            f'<text class="tick" x="{x + 8:.1f}" y="{y_at(point.y) + 4:.1f}">{number + 1}</text>'
        )
    names = "".join(
        f'<li><i class="s{n % 4}"></i>{n + 1}: {escape(point.name)}</li>' for n, point in enumerate(points)
    )
    return "".join(parts) + f'</svg><ul class="legend">{names}</ul>'


def _log_ticks(low: float, high: float) -> list[float]:
    """Powers of ten within [low, high], with their double and fivefold where there is room."""
    factors = (1, 2, 5) if high / low < 100 else (1,)
    start, end = math.floor(math.log10(low)), math.ceil(math.log10(high))
    return [f * 10.0**e for e in range(start, end + 1) for f in factors if low <= f * 10.0**e <= high]
