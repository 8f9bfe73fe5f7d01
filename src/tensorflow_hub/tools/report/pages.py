"""Fills the templates of the tools' pages; everything that comes from data is escaped."""

from __future__ import annotations

import base64
import functools
import io
import math
from pathlib import Path
from typing import Any

from tensorflow_hub.errors import DataError
from tensorflow_hub.tools.datasets.tables import require
from tensorflow_hub.tools.images import on_white, readable_bytes

TEMPLATES = Path(__file__).parent / "templates"


def render(template: str, **values: Any) -> str:
    """The page made of a template of this folder."""
    return str(_environment().get_template(template).render(**values))


def svg(text: str) -> Any:
    """A chart, as what a template must not escape."""
    return require("markupsafe").Markup(text)


def thumbnail(path: Path, side: int = 168) -> str:
    """A `data:` URL of a small JPEG of an image file; empty when it cannot be read any more."""
    image_module = require("PIL.Image")
    try:
        with image_module.open(io.BytesIO(readable_bytes(path))) as image:
            image.draft("RGB", (2 * side, 2 * side))
            small = on_white(image)
            small.thumbnail((side, side))
            target = io.BytesIO()
            small.save(target, "JPEG", quality=80)
    except (OSError, DataError, ValueError):
        return ""
    return "data:image/jpeg;base64," + base64.b64encode(target.getvalue()).decode()


def percent(value: float | None) -> str:
    """A share for people.

    >>> percent(0.8666), percent(float("nan"))
    ('86.7 %', '–')
    """
    return "–" if value is None or math.isnan(value) else f"{100 * value:.1f} %"


def shortened(text: str, most: int) -> str:
    """A text of at most so many characters.

    >>> shortened("Felis catus", 6), shortened("cat", 6)
    ('Felis…', 'cat')
    """
    return text if len(text) <= most else f"{text[: most - 1]}…"


@functools.cache
def _environment() -> Any:
    jinja2 = require("jinja2")
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters["percent"] = percent
    environment.filters["shortened"] = shortened
    return environment
