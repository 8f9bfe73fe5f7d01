"""Charts as inline SVG: lines over numbers, points with intervals. Colours come from the page's style."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence
from html import escape

WIDTH, HEIGHT = 640, 260
LEFT, RIGHT, TOP, BOTTOM = 56, 16, 14, 40


@dataclasses.dataclass(frozen=True)
class Line:
    """A named line through (x, y) points; `low` and `high` are the ends of each point's interval."""

    name: str
    points: tuple[tuple[float, float], ...]
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()


def line_chart(
    title: str,
    lines: Sequence[Line],
    x_label: str,
    y_label: str,
    *,
    percent: bool = False,
    markers: bool = False,
    log_x: bool = False,
    mark: tuple[float, str] | None = None,
) -> str:
    """An SVG of lines with axes, a legend and a text alternative.

    Args:
      title: what it shows, for those who cannot see it.
      lines: drawn in the page's series colours, in this order.
      x_label: of the x axis.
      y_label: of the y axis.
      percent: y values are shares, shown in percent.
      markers: also draw the points and their intervals.
      log_x: the x axis is logarithmic.
      mark: an x with a name, drawn as a dashed line.
    """
    lines = [line for line in lines if line.points]
    if not lines:
        return ""
    xs = [x for line in lines for x, _ in line.points]
    ys = [v for line in lines for v in (*(y for _, y in line.points), *line.low, *line.high)]
    x_at = scale(min(xs), max(xs), LEFT, WIDTH - RIGHT, log=log_x)
    low, high, ticks = nice(min(ys), max(ys), percent)
    y_at = scale(low, high, HEIGHT - BOTTOM, TOP)
    parts = [open_svg(title, x_label, y_label), *y_axis(ticks, y_at, percent), *_x_axis(xs, x_at, markers)]
    if mark is not None:
        x, name = x_at(mark[0]), escape(mark[1])
        side, shift = ("end", -5) if x > (WIDTH + LEFT) / 2 else ("start", 5)
        parts.append(
            f'<path class="mark" d="M{x:.1f} {TOP}V{HEIGHT - BOTTOM}"/>'
            f'<text class="tick" x="{x + shift:.1f}" y="{TOP + 10}" text-anchor="{side}">{name}</text>'
        )
    for number, line in enumerate(lines):
        parts += _line(line, f"s{number % 4}", x_at, y_at, markers)
    return "".join(parts) + "</svg>" + _legend([line.name for line in lines])


def interval_bar(value: float, low: float, high: float) -> str:
    """A small bar of a share with its interval, for a cell of a table; empty for NaN."""
    if math.isnan(value):
        return ""
    return (
        '<svg class="bar" viewBox="0 0 120 14" width="120" height="14" aria-hidden="true">'
        '<rect class="track" x="0" y="3" width="120" height="8" rx="2"/>'
        f'<rect class="s0" x="0" y="3" width="{120 * value:.1f}" height="8" rx="2"/>'
        f'<path class="whisker" d="M{120 * low:.1f} 7H{120 * high:.1f}'
        f'M{120 * low:.1f} 3v8M{120 * high:.1f} 3v8"/></svg>'
    )


Scale = Callable[[float], float]


def scale(low: float, high: float, start: float, end: float, *, log: bool = False) -> Scale:
    """Maps [low, high] to [start, end], linearly or by logarithms."""
    if log:
        inner = scale(math.log(low), math.log(high), start, end)
        return lambda value: inner(math.log(value))
    span = (high - low) or 1.0
    return lambda value: start + (value - low) / span * (end - start)


def nice(low: float, high: float, percent: bool) -> tuple[float, float, list[float]]:
    """Round ends and ticks that contain [low, high]."""
    if not percent:
        low = min(low, 0.0) if low < 0.35 * high or low < 0 else low
    span = (high - low) or abs(high) or 1.0
    raw = span / 4
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= raw * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    if percent:
        first, last = max(first, 0), min(last, round(1 / step))
    last = max(last, first + 1)
    return first * step, last * step, [step * i for i in range(first, last + 1)]


def open_svg(title: str, x_label: str, y_label: str) -> str:
    """The beginning of a chart, with the names of its axes."""
    return (
        f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">'
        f"<title>{escape(title)}</title>"
        f'<text class="axis" x="{(WIDTH + LEFT) / 2}" y="{HEIGHT - 4}" text-anchor="middle">'
        f'{escape(x_label)}</text><text class="axis" text-anchor="middle" '
        f'transform="translate(12 {(HEIGHT - BOTTOM) / 2}) rotate(-90)">{escape(y_label)}</text>'
    )


def y_axis(ticks: Sequence[float], y_at: Scale, percent: bool) -> list[str]:
    """Lines and numbers of the ticks."""
    parts = []
    for tick in ticks:
        y = y_at(tick)
        text = f"{100 * tick:.4g} %" if percent else f"{tick:.3g}"
        parts.append(
            f'<path class="grid" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>'
            f'<text class="tick" x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{text}</text>'
        )
    return parts


def _x_axis(xs: Sequence[float], x_at: Scale, at_points: bool) -> list[str]:
    distinct = sorted(set(xs))
    if at_points and len(distinct) <= 12:
        ticks = distinct
    else:
        _, _, all_ticks = nice(distinct[0], distinct[-1], percent=False)
        ticks = [tick for tick in all_ticks if distinct[0] <= tick <= distinct[-1]] or distinct[:1]
    return [
        f'<text class="tick" x="{x_at(tick):.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">'
        f"{tick:g}</text>"
        for tick in ticks
    ]


def _line(line: Line, style: str, x_at: Scale, y_at: Scale, markers: bool) -> list[str]:
    at = [(x_at(x), y_at(y)) for x, y in line.points]
    path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in at)
    parts = [f'<path class="line {style}" d="{path}"/>']
    if markers or len(at) == 1:
        for (x, _), low, high in zip(at, line.low, line.high, strict=False):
            parts.append(f'<path class="line thin {style}" d="M{x:.1f} {y_at(low):.1f}V{y_at(high):.1f}"/>')
        parts += [f'<circle class="{style}" cx="{x:.1f}" cy="{y:.1f}" r="3.5"/>' for x, y in at]
    return parts


def _legend(names: Sequence[str]) -> str:
    if len(names) < 2:
        return ""
    items = "".join(f'<li><i class="s{n % 4}"></i>{escape(name)}</li>' for n, name in enumerate(names))
    return f'<ul class="legend">{items}</ul>'
