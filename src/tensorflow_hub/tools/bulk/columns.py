"""Vectors as Arrow columns with one list in each row, for data frames."""

from __future__ import annotations

from typing import Any

import numpy as np

from tensorflow_hub.tools.computation import Computation
from tensorflow_hub.tools.extras import require

arrow = require("pyarrow")


def columns_of(computation: Computation, values: Any) -> list[Any]:
    """Applies a module to a column.

    Args:
      computation: the module.
      values: an Arrow array of strings, or of the bytes of image files; null for missing values.

    Returns:
      Arrow arrays with one value for each row: a list<float32> for each output of the module, null for rows
      without a vector; and the reasons why there is none, null for rows with a vector.
    """
    if computation.encoder.kind == "text":
        values = values.cast(arrow.string())
    loaded = computation.load(values.to_numpy(zero_copy_only=False), map(str, range(len(values))))
    ends = np.cumsum(computation.encoder.widths)[:-1]
    outputs = np.split(computation.vectors(loaded), ends, axis=1)
    vectors_of = [dict(zip(loaded.places, output, strict=True)) for output in outputs]
    reasons = dict(loaded.problems)
    rows = range(len(values))
    return [
        *(arrow.array(map(vectors.get, rows), arrow.list_(arrow.float32())) for vectors in vectors_of),
        arrow.array(map(reasons.get, rows), arrow.string()),
    ]
