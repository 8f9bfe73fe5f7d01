"""Vectors as Arrow columns with one list in each row, for data frames."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import numpy as np

from tensorflow_hub.tools.bulk.computing import Computation, Loaded, arrow
from tensorflow_hub.tools.bulk.inputs import Rows
from tensorflow_hub.tools.bulk.shipping import Shipped
from tensorflow_hub.tools.bulk.worker import worker_encoder
from tensorflow_hub.tools.matrices import Matrix
from tensorflow_hub.tools.modules import Kind


def worker_computation(
    module: str | Shipped,
    kind: Kind,
    options: Mapping[str, Any],
    batch_size: int | None,
    threads: int,
) -> Computation:
    """The computation for a module in this process. It is created by the first call."""
    return _computation(module, kind, tuple(sorted(options.items())), batch_size, threads)


@functools.cache
def _computation(module: Any, kind: Kind, options: Any, batch_size: int | None, threads: int) -> Computation:
    return Computation(worker_encoder(module, kind, dict(options), threads), batch_size, threads)


def columns_of(computation: Computation, values: Any) -> list[Any]:
    """Applies a module to a column.

    Args:
      computation: the module.
      values: an Arrow array of strings, or of the bytes of image files; null for missing values.

    Returns:
      Arrow arrays with one value for each row: a list<float32> for each output of the module, null for rows
      without a vector; and the reasons why there is none, null for rows with a vector.
    """
    numbers = arrow.array(np.arange(len(values)).astype(str).astype(object), arrow.string())
    if computation.encoder.kind == "text":
        rows = Rows(numbers, values.cast(arrow.string()))
    else:
        rows = Rows(numbers, values.to_pylist())
    loaded = computation.load(rows)
    vectors = computation.vectors(loaded)
    reasons: list[str | None] = [None] * len(values)
    for place, reason in loaded.problems:
        reasons[place] = reason
    ends = np.cumsum(computation.encoder.widths)[:-1]
    lists = [_lists(part, loaded, len(values)) for part in np.split(vectors, ends, axis=1)]
    return [*lists, arrow.array(reasons, arrow.string())]


def _lists(vectors: Matrix, loaded: Loaded, rows: int) -> Any:
    """An Arrow array of vectors as lists, with null for rows without a vector."""
    lengths = np.zeros(rows, np.int32)
    lengths[slice(None) if loaded.places is None else loaded.places] = vectors.shape[1]
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    flat = arrow.array(np.ascontiguousarray(vectors).reshape(-1))
    missing = arrow.array(lengths == 0) if loaded.places is not None else None
    return arrow.ListArray.from_arrays(arrow.array(offsets), flat, mask=missing)
