"""A small chart of downloads by week."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from tensorflow_hub.server.web.rendering import show_count
from tensorflow_hub.svg import element, line_through, scale

WEEKS = 26
_WIDTH, _HEIGHT, _BOTTOM = 260, 64, 60


def downloads_chart(by_day: Sequence[tuple[int, int]], today: int) -> Markup | None:
    """Returns a chart of the downloads of the last half year by week; None if there were no downloads.

    Args:
      by_day: the downloads as (days since 1970, count).
      today: today in days since 1970.
    """
    weeks = [0] * WEEKS
    for day, count in by_day:
        age = (today - day) // 7
        if 0 <= age < WEEKS:
            weeks[WEEKS - 1 - age] += count
    total = sum(weeks)
    if not total:
        return None
    top = max(weeks)
    x_at, y_at = scale(0, WEEKS - 1, 0, _WIDTH), scale(0, top, _BOTTOM, 8)
    line = line_through((x_at(week), y_at(count)) for week, count in enumerate(weeks))
    words = f"{show_count(total, 'download')} in the last {WEEKS} weeks, at most {top:,} in a week"
    drawing = element(
        "svg",
        element("path", class_="area", d=f"{line}V{_BOTTOM}H0Z"),
        element("path", class_="line", d=line),
        element("path", class_="base", d=f"M0 {_BOTTOM}H{_WIDTH}"),
        class_="chart",
        viewBox=f"0 0 {_WIDTH} {_HEIGHT}",
        preserveAspectRatio="none",
        role="img",
        aria_label=words,
    )
    return Markup(drawing) + Markup(  # noqa: S704 - escaped by `element`
        '<p class="chart-ends small quiet" aria-hidden="true">'
        "<span>{weeks} weeks ago</span><span>now</span></p>"
        '<p class="small quiet">{words}</p>'
    ).format(words=words, weeks=WEEKS)
