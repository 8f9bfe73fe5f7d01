"""Reads the outputs of a detector: boxes on a picture, with the names and scores of what is in them."""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tensorflow_hub.svg import LIGHT_COLOURS
from tensorflow_hub.tools.extras import require
from tensorflow_hub.tools.opening import text_of

# The names of the outputs, as the TensorFlow Object Detection API gives them.
BOXES, SCORES, CLASSES = OUTPUTS = ("detection_boxes", "detection_scores", "detection_classes")
# Names of classes in place of numbers, as detectors for Open Images give them.
_ENTITIES = "detection_class_entities"
# Boxes with a lower score are mostly wrong, and more of them cover the picture.
LEAST_SCORE, MOST_BOXES = 0.3, 20
# First lines of files of labels that stand for the class 0; without one of them the first line is class 1.
_NOTHING = {"???", "background", "n/a"}


@dataclasses.dataclass(frozen=True)
class Box:
    """Something that was found: its name, its score in [0, 1], and where it is, in shares of the picture."""

    label: str
    score: float
    top: float
    left: float
    bottom: float
    right: float


def are_detections(outputs: Mapping[str, Any]) -> bool:
    """Whether outputs are those of a detector: boxes, scores and classes, for one picture or several."""
    if not set(OUTPUTS) <= set(outputs):
        return False
    boxes, scores, classes = (outputs[name] for name in OUTPUTS)
    return bool(
        boxes.ndim in {2, 3}
        and boxes.shape[-1] == 4
        and scores.shape == classes.shape == boxes.shape[:-1]
        and boxes.dtype.kind == scores.dtype.kind == "f"
    )


def boxes_of(outputs: Mapping[str, Any], labels: Sequence[str], pictures: Any) -> list[list[Box]]:
    """Returns the boxes on each picture, the highest score first; none for the outputs of other modules.

    The output `detection_boxes` [b, n, 4] has top, left, bottom and right, in shares of the picture or in
    pixels; `detection_scores` and `detection_classes` are [b, n]. All may lack `b`. The pictures that went in
    are [b, height, width, channels], or the bytes of files as strings.
    """
    if not are_detections(outputs):
        return []
    boxes, scores, classes = (outputs[name] for name in OUTPUTS)
    names = outputs.get(_ENTITIES, classes)
    if names.shape != classes.shape:
        names = classes
    if boxes.ndim == 2:
        boxes, scores, names = boxes[None], scores[None], names[None]
    boxes, scores = np.nan_to_num(boxes), np.nan_to_num(scores)
    if pictures.ndim == 4 and boxes.size and boxes.max() > 2:  # in pixels
        boxes = boxes / np.array([*pictures.shape[1:3]] * 2, boxes.dtype)
    return [_best(*one, labels) for one in zip(np.clip(boxes, 0, 1), scores, names, strict=True)]


def draw_boxes(content: bytes, boxes: Sequence[Box]) -> Any:
    """Returns a picture file with boxes, as an image of Pillow."""
    image = require("PIL.Image").open(io.BytesIO(content)).convert("RGB")
    draw = require("PIL.ImageDraw").Draw(image)
    font = require("PIL.ImageFont").load_default(max(12, max(image.size) // 50))
    line = max(1, max(image.size) // 300)
    for number, box in enumerate(boxes):
        colour = LIGHT_COLOURS[number % len(LIGHT_COLOURS)]
        corners = [box.left * image.width, box.top * image.height]
        corners += [max(corners[0], box.right * image.width), max(corners[1], box.bottom * image.height)]
        draw.rectangle(corners, outline=colour, width=line)
        text = f"{box.label} {100 * box.score:.0f} %".encode("ascii", "replace").decode()
        draw.rectangle(draw.textbbox(corners[:2], text, font=font), fill=colour)
        draw.text(corners[:2], text, fill="black", font=font)
    return image


def _best(boxes: Any, scores: Any, names: Any, labels: Sequence[str]) -> list[Box]:
    places = [place for place in np.argsort(-scores, kind="stable") if scores[place] >= LEAST_SCORE]
    return [
        Box(_label(names[place], labels), float(min(scores[place], 1)), *map(float, boxes[place]))
        for place in places[:MOST_BOXES]
    ]


def _label(name: Any, labels: Sequence[str]) -> str:
    if isinstance(name, (bytes, str)):
        return text_of(name)[:100]
    number = int(np.nan_to_num(name))
    place = number if labels and labels[0].strip().lower() in _NOTHING else number - 1
    return labels[place][:100] if 0 <= place < len(labels) else f"class {number}"
