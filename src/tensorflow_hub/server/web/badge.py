"""The badge of a version: its name, number and downloads as a small drawing for pages elsewhere."""

from __future__ import annotations

from html import escape

from tensorflow_hub.server.catalogue.records import WITHDRAWN, Version
from tensorflow_hub.server.web.rendering import show_count
from tensorflow_hub.svg import element

HEIGHT = 20
# Pixels of an average letter of Verdana at 11 pixels, and around a text. `textLength` makes other fonts fit.
_LETTER, _AROUND = 6.6, 12
_NAME, _GOOD, _WITHDRAWN = "#3b424b", "#a8430a", "#a3231d"


def badge_texts(version: Version) -> tuple[str, str]:
    """What stands on the left and on the right."""
    said = "withdrawn" if version.state == WITHDRAWN else show_count(version.model.downloads, "download")
    number = "" if version.model.kind == "collection" else f"version {version.number} · "
    return version.model.handle, number + said


def badge_width(version: Version) -> int:
    """Pixels."""
    return sum(map(_width, badge_texts(version)))


def badge_svg(version: Version) -> str:
    """The drawing."""
    left, right = badge_texts(version)
    end, width = _width(left), badge_width(version)
    colour = _WITHDRAWN if version.state == WITHDRAWN else _GOOD
    return element(
        "svg",
        element("title", escape(f"{left}: {right}")),
        element("clipPath", element("rect", width=width, height=HEIGHT, rx=4), id="edge"),
        element(
            "g",
            element("rect", width=end, height=HEIGHT, fill=_NAME),
            element("rect", x=end, width=width - end, height=HEIGHT, fill=colour),
            clip_path="url(#edge)",
        ),
        _text(left, 0),
        _text(right, end),
        xmlns="http://www.w3.org/2000/svg",
        width=width,
        height=HEIGHT,
        role="img",
        aria_label=f"{left}: {right}",
    )


def _width(text: str) -> int:
    return round(len(text) * _LETTER) + _AROUND


def _text(text: str, start: int) -> str:
    return element(
        "text",
        escape(text),
        x=start + _AROUND // 2,
        y=14,
        textLength=_width(text) - _AROUND,
        fill="#fff",
        font_family="Verdana,DejaVu Sans,Geneva,sans-serif",
        font_size=11,
    )
