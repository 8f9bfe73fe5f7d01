"""A picture with the boxes that a detector found, as SVG."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Annotated

from markupsafe import Markup
from msgspec import Meta, Struct

from tensorflow_hub.svg import LIGHT_COLOURS, element

_LETTERS = 30  # of a label on the picture; the table has all of it
_Share = Annotated[float, Meta(ge=0, le=1)]


class ShownBox(Struct, array_like=True):
    """A box as the process that runs the model tells it: places are shares of the picture."""

    label: Annotated[str, Meta(max_length=200)]
    score: _Share
    top: _Share
    left: _Share
    bottom: _Share
    right: _Share


def draw_boxes(picture: str, width: int, height: int, boxes: Sequence[ShownBox], name: str) -> Markup:
    """The picture with a numbered box for each thing that was found.

    Args:
      picture: a JPEG in base64.
      width: of the picture, in pixels.
      height: of the picture, in pixels.
      boxes: what was found, the highest score first.
      name: of the picture, for those who do not see it.
    """
    image = element("image", href=f"data:image/jpeg;base64,{picture}", width=width, height=height)
    letter = max(width, height) / 30
    frames = [_frame(number, box, width, height, letter) for number, box in enumerate(boxes)]
    labels = _labels(boxes, width, height, letter)
    drawing = element(
        "svg",
        image,
        *reversed(frames),  # the first one, which is the surest, above the others
        *reversed(labels),
        class_="found",
        viewBox=f"0 0 {width} {height}",
        width=width,
        height=height,
        role="img",
        aria_label=f"{name} with the boxes that the table lists",
    )
    return Markup(drawing)  # noqa: S704 - of numbers, checked base64 and escaped text


def _frame(number: int, box: ShownBox, width: int, height: int, letter: float) -> str:
    left, top = box.left * width, box.top * height
    size = {"width": max(0.0, box.right * width - left), "height": max(0.0, box.bottom * height - top)}
    return element(
        "rect", x=left, y=top, **size, fill="none", stroke=_colour(number), stroke_width=letter / 6
    )


def _labels(boxes: Sequence[ShownBox], width: int, height: int, letter: float) -> list[str]:
    """The labels, each at the top of its box, or below the labels that are there already."""
    high = 1.3 * letter
    taken: list[tuple[float, float, float]] = []  # left, right and top
    drawn = []
    for number, box in enumerate(boxes):
        text = f"{number + 1} {box.label[:_LETTERS]} {100 * box.score:.0f}\u00a0%"
        wide = 0.62 * letter * len(text) + letter / 2  # about as wide as the text
        start = max(0.0, min(box.left * width, width - wide))
        above = sorted(top for left, right, top in taken if left < start + wide and start < right)
        top = max(0.0, min(box.top * height, height - high))
        for other in above:
            if other - high < top < other + high:
                top = other + high
        if top + high > height:  # no place is left below
            top = max(0.0, min(box.top * height, height - high))
        taken.append((start, start + wide, top))
        back = element("rect", x=start, y=top, width=wide, height=high, fill=_colour(number))
        place = {"x": start + letter / 4, "y": top + letter}
        drawn.append(back + element("text", escape(text), **place, font_size=letter, fill="#000"))
    return drawn


def _colour(number: int) -> str:
    return LIGHT_COLOURS[number % len(LIGHT_COLOURS)]
