"""The computation on all engines: decoding images, grouping texts by length, calling the module."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from tensorflow_hub.errors import DataError
from tensorflow_hub.tools.batches import batches_by_length
from tensorflow_hub.tools.bulk.inputs import Rows
from tensorflow_hub.tools.datasets.examples import Skipped
from tensorflow_hub.tools.datasets.tables import require
from tensorflow_hub.tools.encoders import Encoder
from tensorflow_hub.tools.freezing import FreezingEncoder
from tensorflow_hub.tools.images import Reader
from tensorflow_hub.tools.matrices import Matrix

arrow, compute = require("pyarrow"), require("pyarrow.compute")

BATCH_SIZES = {"text": 1024, "image": 32}


@dataclasses.dataclass(frozen=True)
class Loaded:
    """The rows of a chunk that the module can be applied to.

    Attributes:
      places: their indices in the chunk, int [n]; None for all rows.
      values: their texts, an Arrow array; or their images, each float32 [height, width, 3].
      problems: pairs (index, reason) of the other rows.
    """

    places: Any
    values: Any
    problems: Sequence[tuple[int, str]]


class Computation:
    """A module applied to any number of rows, in two steps that can run at the same time. A context manager.

    Args:
      encoder: the module.
      batch_size: the largest number of rows in a batch; None for the default.
      threads: the number of threads that decode images.
    """

    def __init__(self, encoder: Encoder, batch_size: int | None = None, threads: int = 4) -> None:
        self.encoder = encoder
        self.batch_size = batch_size or BATCH_SIZES[encoder.kind]
        self._apply: Callable[[Any], Matrix] = (
            FreezingEncoder(encoder) if encoder.kind == "image" else encoder
        )
        self._read = Reader(encoder.image_size) if encoder.kind == "image" else None
        self._threads = ThreadPoolExecutor(threads)

    def __enter__(self) -> Computation:
        return self

    def __exit__(self, *_: object) -> None:
        self._threads.shutdown(cancel_futures=True)

    def load(self, rows: Rows) -> Loaded:
        """The first step: finds rows without text, or reads and decodes images.

        Args:
          rows: texts as an Arrow array of strings; images as a list of paths, bytes or None.
        """
        if self.encoder.kind == "text":
            return _with_text(rows.values)
        images = list(self._threads.map(self._image, rows.keys.to_pylist(), rows.values))
        problems = [(i, image) for i, image in enumerate(images) if isinstance(image, str)]
        if not problems:
            return Loaded(None, images, ())
        places = [i for i, image in enumerate(images) if not isinstance(image, str)]
        return Loaded(np.array(places, np.int64), [images[i] for i in places], problems)

    def vectors(self, loaded: Loaded) -> Matrix:
        """The second step: computes the vectors of the rows, float32 [n, dimension]."""
        result = np.empty((len(loaded.values), self.encoder.dimension), np.float32)
        if self.encoder.kind == "text":
            texts = loaded.values.to_numpy(zero_copy_only=False)
            for group in batches_by_length(compute.utf8_length(loaded.values).to_numpy(), self.batch_size):
                result[group] = self._apply(texts[group])
            return result
        for start in range(0, len(loaded.values), self.batch_size):
            part = slice(start, start + self.batch_size)
            result[part] = self._apply(np.stack(loaded.values[part]))
        return result

    def _image(self, key: str, value: Path | bytes | None) -> Matrix | str:
        """The image, or the reason why there is none."""
        assert self._read is not None
        try:
            if value is None:
                return "has no image"
            return self._read(value) if isinstance(value, Path) else self._read.from_bytes(value, name=key)
        except DataError as error:
            return error.problem


def _with_text(values: Any) -> Loaded:
    blank = compute.equal(compute.utf8_trim_whitespace(values), "").fill_null(True)
    if not compute.any(blank).as_py():
        return Loaded(None, values, ())
    is_blank = blank.to_numpy(zero_copy_only=False)
    problems = [(int(i), "has no text") for i in np.flatnonzero(is_blank)]
    return Loaded(np.flatnonzero(~is_blank), values.filter(compute.invert(blank)), problems)


def skipped_of(rows: Rows, loaded: Loaded) -> list[Skipped]:
    """The keys of the rows that are left out, with the reasons."""
    return [Skipped(rows.keys[place].as_py(), reason) for place, reason in loaded.problems]


def keys_of(rows: Rows, loaded: Loaded) -> Any:
    """The keys of the rows with vectors."""
    return rows.keys if loaded.places is None else rows.keys.take(arrow.array(loaded.places))
