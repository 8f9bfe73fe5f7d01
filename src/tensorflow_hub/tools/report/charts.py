"""Draws charts as inline SVG: lines and points with intervals. Their colours come from the page's style."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from html import escape

from tensorflow_hub.svg import Scale, element, line_through, scale

_WIDTH, _HEIGHT = 640, 260
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 624, 14, 220  # of the area between the axes


@dataclasses.dataclass(frozen=True)
class Series:
    """A named line through (x, y) points. `low` and `high` are the ends of the points' intervals."""

    name: str
    points: tuple[tuple[float, float], ...]
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()


def chart(
    title: str,
    series: Sequence[Series],
    x_label: str,
    y_label: str,
    *,
    percent: bool = False,
    markers: bool = False,
    log_x: bool = False,
    numbered: bool = False,
    mark: tuple[float, str] | None = None,
) -> str:
    """Returns an SVG of lines with axes, a legend and a text alternative; an empty text without points.

    Args:
      title: what the chart shows, for people who cannot see it.
      series: the lines, drawn in the page's series colours, in this order.
      x_label: the label of the x axis.
      y_label: the label of the y axis.
      percent: whether y values are shares.
      markers: whether to draw the points and their intervals.
      log_x: whether the x axis is logarithmic.
      numbered: whether points have the number of their series, as many series have the same colour.
      mark: an x value with a name, drawn as a dashed line.
    """
    series = [one for one in series if one.points]
    if not series:
        return ""
    xs = [x for one in series for x, _ in one.points]
    ys = [v for one in series for v in (*(y for _, y in one.points), *one.low, *one.high)]
    first, last = (min(xs) / 1.5, max(xs) * 1.5) if log_x else (min(xs), max(xs))
    x_at = scale(first, last, _LEFT, _RIGHT, log=log_x)
    y_at, parts = _y_axis(min(ys), max(ys), percent)
    ticks = _log_ticks(first, last) if log_x else _x_ticks(xs, markers)
    parts += [_tick(f"{tick:,.10g}", x_at(tick), _BOTTOM + 16, "middle") for tick in ticks]
    if mark is not None:
        x = x_at(mark[0])
        side, shift = ("end", -5) if x > (_WIDTH + _LEFT) / 2 else ("start", 5)
        parts.append(element("path", class_="mark", d=line_through([(x, _TOP), (x, _BOTTOM)])))
        parts.append(_tick(mark[1], x + shift, _TOP + 10, side))
    for number, one in enumerate(series):
        parts += _line(one, f"s{number % 4}", x_at, y_at, markers)
        if numbered:
            parts += [_tick(str(number + 1), x_at(x) + 8, y_at(y) + 4, "start") for x, y in one.points]
    names = [f"{n}: {one.name}" if numbered else one.name for n, one in enumerate(series, 1)]
    legend = _legend(names) if numbered or len(names) > 1 else ""
    return _drawing(title, x_label, y_label, parts) + legend


def interval_bar(value: float, low: float, high: float) -> str:
    """Returns a small bar of a share with its interval, for a cell of a table; empty for NaN."""
    if math.isnan(value):
        return ""
    ends = "".join(f"M{120 * end:.1f} 3v8" for end in (low, high))
    return element(
        "svg",
        element("rect", class_="track", x=0, y=3, width=120, height=8, rx=2),
        element("rect", class_="s0", x=0, y=3, width=120 * value, height=8, rx=2),
        element("path", class_="whisker", d=line_through([(120 * low, 7), (120 * high, 7)]) + ends),
        class_="bar",
        viewBox="0 0 120 14",
        width=120,
        height=14,
        aria_hidden="true",
    )


def _drawing(title: str, x_label: str, y_label: str, parts: Sequence[str]) -> str:
    """Returns the whole drawing, with the names of its axes."""
    turned = f"translate(12 {_BOTTOM / 2}) rotate(-90)"
    middle = {"class_": "axis", "text_anchor": "middle"}
    return element(
        "svg",
        element("title", escape(title)),
        element("text", escape(x_label), x=(_WIDTH + _LEFT) / 2, y=_HEIGHT - 4, **middle),
        element("text", escape(y_label), transform=turned, **middle),
        *parts,
        class_="chart",
        viewBox=f"0 0 {_WIDTH} {_HEIGHT}",
        role="img",
        aria_label=title,
    )


def _y_axis(low: float, high: float, percent: bool) -> tuple[Scale, list[str]]:
    """Returns the scale of y values, and the lines and numbers of its ticks."""
    start, end, ticks = nice(low, high, percent)
    y_at, parts = scale(start, end, _BOTTOM, _TOP), []
    for tick in ticks:
        y = y_at(tick)
        parts.append(element("path", class_="grid", d=line_through([(_LEFT, y), (_RIGHT, y)])))
        text = f"{100 * tick:.4g} %" if percent else f"{tick:.3g}"
        parts.append(_tick(text, _LEFT - 6, y + 4, "end"))
    return y_at, parts


def _tick(text: str, x: float, y: float, anchor: str) -> str:
    return element("text", escape(text), class_="tick", x=x, y=y, text_anchor=anchor)


def _x_ticks(xs: Sequence[float], at_points: bool) -> Sequence[float]:
    distinct = sorted(set(xs))
    if at_points and len(distinct) <= 12:
        return distinct
    _, _, ticks = nice(distinct[0], distinct[-1], percent=False)
    return [tick for tick in ticks if distinct[0] <= tick <= distinct[-1]] or distinct[:1]


def _log_ticks(low: float, high: float) -> list[float]:
    """Returns powers of ten within [low, high], with their double and fivefold where there is room."""
    factors = (1, 2, 5) if high / low < 100 else (1,)
    start, end = math.floor(math.log10(low)), math.ceil(math.log10(high))
    return [f * 10.0**e for e in range(start, end + 1) for f in factors if low <= f * 10.0**e <= high]


def nice(low: float, high: float, percent: bool) -> tuple[float, float, list[float]]:
    """Returns round ends, and ticks, that contain [low, high].

    >>> nice(12, 37, percent=False)
    (0.0, 40.0, [0.0, 10.0, 20.0, 30.0, 40.0])
    """
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


def _line(one: Series, style: str, x_at: Scale, y_at: Scale, markers: bool) -> list[str]:
    at = [(x_at(x), y_at(y)) for x, y in one.points]
    parts = [element("path", class_=f"line {style}", d=line_through(at))]
    if markers or len(at) == 1:
        ends = zip(at, one.low, one.high, strict=False)
        for (x, _), low, high in ends:
            interval = line_through([(x, y_at(low)), (x, y_at(high))])
            parts.append(element("path", class_=f"line thin {style}", d=interval))
        parts += [element("circle", class_=style, cx=x, cy=y, r=3.5) for x, y in at]
    return parts


def _legend(names: Sequence[str]) -> str:
    items = "".join(f'<li><i class="s{n % 4}"></i>{escape(name)}</li>' for n, name in enumerate(names))
    return f'<ul class="legend">{items}</ul>'
