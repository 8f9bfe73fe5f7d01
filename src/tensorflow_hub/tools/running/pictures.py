"""Writes pictures to files: those among the outputs of a module, or photos with the boxes of a detector."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from tensorflow_hub.errors import DataError
from tensorflow_hub.tools.extras import require
from tensorflow_hub.tools.images import readable_bytes
from tensorflow_hub.tools.running.detections import draw_boxes
from tensorflow_hub.tools.running.run import ModuleRun

_SMALLEST_SIDE = 8


def is_pictures(array: Any) -> bool:
    """Whether an output is a batch of pictures: [b, height, width, 1 or 3], each side 8 pixels or more."""
    if array.ndim != 4 or array.shape[3] not in {1, 3} or min(array.shape[1:3]) < _SMALLEST_SIDE:
        return False
    return bool(array.dtype.kind == "f" or array.dtype == np.uint8)


def write_pictures(run: ModuleRun, path: Path) -> list[Path]:
    """Writes the pictures among the outputs of a module, or the photos of a detector with their boxes.

    Floats are in [0, 1], in [-1, 1] if some are negative, or in [0, 255] if some are larger than 1.5. The
    suffix of the path chooses the format. The names of several pictures get `-1`, `-2`, … before it.

    Returns:
      The paths of the files.

    Raises:
      DataError: there are no pictures, or the format cannot be written.
    """
    if run.boxes:
        drawn = [
            draw_boxes(readable_bytes(Path(file)), boxes)
            for file, boxes in zip(run.inputs, run.boxes, strict=True)
        ]
    else:
        make = require("PIL.Image").fromarray
        given = (array for array in run.outputs.values() if is_pictures(array))
        drawn = [make(pixels(picture)) for array in given for picture in array]
    if not drawn:
        raise DataError("The module gives no picture.", hint="Leave --output out; --json prints all values.")
    paths = [path] if len(drawn) == 1 else []
    paths = paths or [path.with_name(f"{path.stem}-{n}{path.suffix}") for n in range(1, len(drawn) + 1)]
    try:
        for picture, file in zip(drawn, paths, strict=True):
            picture.save(file)
    except ValueError as error:
        raise DataError(f"{path.name!r} cannot be written: {error}.", hint="Name it .png or .jpg.") from error
    return paths


def pixels(picture: Any) -> Any:
    """Returns a picture as uint8 [height, width, 3] or, for a grey picture, [height, width]."""
    if picture.dtype != np.uint8:
        low, high = float(picture.min()), float(picture.max())
        scaled = picture if high > 1.5 else 255 * ((picture + 1) / 2 if low < 0 else picture)
        picture = np.clip(np.nan_to_num(scaled), 0, 255).round().astype(np.uint8)
    return picture[:, :, 0] if picture.shape[2] == 1 else picture
