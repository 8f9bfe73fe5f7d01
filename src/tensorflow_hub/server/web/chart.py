"""Downloads over time as a small drawing."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from tensorflow_hub.server.web.rendering import show_count

WEEKS = 26
_WIDTH, _HEIGHT = 260, 64


def downloads_chart(by_day: Sequence[tuple[int, int]], today: int) -> Markup | None:
    """A drawing of the downloads of the last half year by week; None without downloads.

    Args:
      by_day: (days since 1970, downloads).
      today: days since 1970.
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
    points = " ".join(
        f"{i * _WIDTH / (WEEKS - 1):.1f},{_HEIGHT - 4 - count / top * (_HEIGHT - 12):.1f}"
        for i, count in enumerate(weeks)
    )
    words = f"{show_count(total, 'download')} in the last {WEEKS} weeks, at most {top:,} in a week"
    return Markup(
        '<svg class="chart" viewBox="0 0 {w} {h}" preserveAspectRatio="none" role="img" aria-label="{words}">'
        '<polygon class="area" points="0,{b} {points} {w},{b}"/><polyline class="line" points="{points}"/>'
        '<line class="base" x1="0" y1="{b}" x2="{w}" y2="{b}"/></svg>'
        '<p class="chart-ends small quiet" aria-hidden="true">'
        "<span>{weeks} weeks ago</span><span>now</span></p>"
        '<p class="small quiet">{words}</p>'
    ).format(w=_WIDTH, h=_HEIGHT, b=_HEIGHT - 4, points=points, words=words, weeks=WEEKS)
