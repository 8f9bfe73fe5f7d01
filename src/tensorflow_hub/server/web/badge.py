"""The badge of a version: a small SVG image with name, number and downloads, for other web pages."""

from __future__ import annotations

from html import escape
from typing import Any

from tensorflow_hub.server.catalogue.records import WITHDRAWN, Version
from tensorflow_hub.server.web.rendering import show_count
from tensorflow_hub.svg import element

_HEIGHT = 20
# The average width of a letter of Verdana at 11 pixels, and the space around a text, in pixels. The attribute
# `textLength` stretches other fonts to the same width.
_LETTER, _AROUND = 6.6, 12
_NAME, _GOOD, _WITHDRAWN = "#3b424b", "#a8430a", "#a3231d"


def badge_link(version: Version, url: str) -> dict[str, Any]:
    """Returns the badge, and Markdown with which other pages show the badge of the latest version.

    Args:
      version: the version.
      url: the URL of its page.
    """
    latest = url.rpartition("/")[0] if version.model.kind != "collection" else url
    return {
        "url": f"/{version.handle}?badge=svg",
        "width": _badge_width(version),
        "height": _HEIGHT,
        "text": ": ".join(_badge_texts(version)),
        "markdown": f"[![{version.model.handle}]({latest}?badge=svg)]({latest})",
    }


def badge_svg(version: Version) -> str:
    """Returns the badge as SVG."""
    left, right = _badge_texts(version)
    end, width = _width(left), _badge_width(version)
    colour = _WITHDRAWN if version.state == WITHDRAWN else _GOOD
    return element(
        "svg",
        element("title", escape(f"{left}: {right}")),
        element("clipPath", element("rect", width=width, height=_HEIGHT, rx=4), id="edge"),
        element(
            "g",
            element("rect", width=end, height=_HEIGHT, fill=_NAME),
            element("rect", x=end, width=width - end, height=_HEIGHT, fill=colour),
            clip_path="url(#edge)",
        ),
        _text(left, 0),
        _text(right, end),
        xmlns="http://www.w3.org/2000/svg",
        width=width,
        height=_HEIGHT,
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


def _badge_texts(version: Version) -> tuple[str, str]:
    """Returns the texts on the left and on the right."""
    state = "withdrawn" if version.state == WITHDRAWN else show_count(version.model.downloads, "download")
    number = "" if version.model.kind == "collection" else f"version {version.number} · "
    return version.model.handle, number + state


def _badge_width(version: Version) -> int:
    return sum(map(_width, _badge_texts(version)))
