"""Fills the templates of the tools' pages. All values are escaped."""

from __future__ import annotations

import base64
import functools
import io
import math
from pathlib import Path
from typing import Any

from tensorflow_hub.errors import DataError
from tensorflow_hub.tools.extras import require
from tensorflow_hub.tools.images import on_white, readable_bytes

_SIDE = 168  # pixels of a thumbnail
TEMPLATES = Path(__file__).parent / "templates"


def render(template: str, **values: Any) -> str:
    """Returns the page that a template of this folder gives for some values."""
    return str(_environment().get_template(template).render(**values))


def svg(text: str) -> Any:
    """Marks the text of a drawing, so that a template does not escape it."""
    return require("markupsafe").Markup(text)


def thumbnail(path: Path) -> str:
    """Returns a `data:` URL of a small JPEG of an image file; empty if the file cannot be read."""
    image_module = require("PIL.Image")
    try:
        with image_module.open(io.BytesIO(readable_bytes(path))) as image:
            image.draft("RGB", (2 * _SIDE, 2 * _SIDE))
            small = on_white(image)
            small.thumbnail((_SIDE, _SIDE))
            target = io.BytesIO()
            small.save(target, "JPEG", quality=80)
    except (OSError, DataError, ValueError):
        return ""
    return "data:image/jpeg;base64," + base64.b64encode(target.getvalue()).decode()


def percent(value: float | None) -> str:
    """Returns a share in percent, as a text.

    >>> percent(0.8666), percent(float("nan"))
    ('86.7 %', '–')
    """
    return "–" if value is None or math.isnan(value) else f"{100 * value:.1f} %"


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
    environment.policies["truncate.leeway"] = 0
    return environment
