"""Says how a page shows the outputs of a module: as classes, similarities of texts, pictures or values."""

from __future__ import annotations

import base64
import dataclasses
import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from tensorflow_hub.tools.extras import require
from tensorflow_hub.tools.images import upright
from tensorflow_hub.tools.matrices import normalised
from tensorflow_hub.tools.opening import text_of
from tensorflow_hub.tools.running.detections import Box
from tensorflow_hub.tools.running.pictures import is_pictures, pixels

_MOST_CLASSES, _MOST_ROWS, _MOST_VALUES, _MOST_PICTURES = 5, 12, 8, 4
_LARGEST_PICTURE = 1 << 20  # bytes of PNG
_LONGEST_SIDE = 800  # pixels of a picture with boxes


def shown_outputs(
    outputs: Mapping[str, Any], texts: Sequence[str], labels: Sequence[str]
) -> list[dict[str, Any]]:
    """Returns what a page shows of outputs, as JSON values.

    Args:
      outputs: NumPy arrays by name.
      texts: the texts that are the input; empty for other inputs.
      labels: the names of classes, for an output with as many columns.

    Returns:
      For each output `name`, `type` and one of `classes` (for each row labels with shares), `similarities`
      (cosines between all texts), `pictures` (PNG in base64), or `values` (the first ones of the first rows).
    """
    return [_shown(name, array, texts, labels) for name, array in outputs.items()]


def shown_detections(pictures: Sequence[bytes], found: Sequence[Sequence[Box]]) -> list[dict[str, Any]]:
    """Returns what a page shows of a detector: each picture as a small JPEG in base64, with its boxes."""
    return [
        {"name": "", "type": "", "boxes": [dataclasses.astuple(box) for box in boxes], **_small(picture)}
        for picture, boxes in zip(pictures[:_MOST_PICTURES], found, strict=False)
    ]


def _small(picture: bytes) -> dict[str, Any]:
    with require("PIL.Image").open(io.BytesIO(upright(picture, "the picture"))) as image:
        small = image.convert("RGB")
    small.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE))
    file = io.BytesIO()
    small.save(file, "JPEG", quality=85)
    content = base64.b64encode(file.getvalue()).decode()
    return {"picture": content, "width": small.width, "height": small.height}


def _shown(name: str, array: Any, texts: Sequence[str], labels: Sequence[str]) -> dict[str, Any]:
    kind = "string" if array.dtype.kind in "OSU" else array.dtype.name
    found: dict[str, Any] = {"name": name, "type": f"{kind}[{', '.join(map(str, array.shape))}]"}
    is_table = array.ndim == 2 and array.dtype.kind == "f" and array.size > 0
    if is_table and len(labels) == array.shape[1]:
        found["classes"] = [_best(row, labels) for row in shares_of(array[:_MOST_ROWS])]
    elif is_table and 2 <= len(texts) == len(array) <= _MOST_ROWS:
        found["similarities"] = np.round(cosines(array), 2).tolist()
    elif is_pictures(array):
        found["pictures"] = [*filter(None, map(_png, array[:_MOST_PICTURES]))]
    else:
        rows = array if array.ndim else [array]
        found["values"] = [_first(np.asarray(row)) for row in rows[:_MOST_ROWS]]
    return found


def shares_of(array: Any) -> Any:
    """Returns the shares of classes, [b, classes], from shares or logits.

    Values outside [0, 1] are logits.
    """
    if array.min() >= 0 and array.max() <= 1:
        return array
    return tf.nn.softmax(array).numpy()


def cosines(vectors: Any) -> Any:
    """Returns the cosines between all pairs of vectors: [b, n] → [b, b]."""
    unit = np.nan_to_num(normalised(vectors))
    return unit @ unit.T


def _best(shares: Any, labels: Sequence[str]) -> list[Any]:
    places = np.argsort(-shares, kind="stable")[:_MOST_CLASSES]
    return [[labels[place], float(np.nan_to_num(shares[place]))] for place in places]


def _png(picture: Any) -> str:
    array = pixels(picture)
    content = tf.io.encode_png(array if array.ndim == 3 else array[:, :, None]).numpy()
    return base64.b64encode(content).decode() if len(content) <= _LARGEST_PICTURE else ""


def _first(row: Any) -> list[str]:
    values = row.ravel()[:_MOST_VALUES].tolist()
    shown = [f"{value:.4g}" if isinstance(value, float) else text_of(value)[:200] for value in values]
    return shown + (["…"] if row.size > _MOST_VALUES else [])
