"""Rows to vectors: images decoded, texts of like length together, in batches of bounded size."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from tensorflow_hub.errors import DataError
from tensorflow_hub.tools.bulk.inputs import Rows, is_text
from tensorflow_hub.tools.datasets.examples import Skipped
from tensorflow_hub.tools.encoders import Encoder
from tensorflow_hub.tools.freezing import FreezingEncoder
from tensorflow_hub.tools.images import Reader
from tensorflow_hub.tools.matrices import Matrix

TEXT_BATCH, IMAGE_BATCH = 1024, 32
# At most so many characters in a batch once its texts are padded to the longest.
PADDED_CHARACTERS = 1 << 17


def batches_by_length(
    lengths: Sequence[int], size: int, padded: int = PADDED_CHARACTERS
) -> Iterator[list[int]]:
    """Yields groups of indices: neighbours in length, at most `size`, bounded when padded to the longest.

    >>> list(batches_by_length([5, 1, 4, 2], 2))
    [[0, 2], [3, 1]]
    >>> list(batches_by_length([100, 1, 1], 3, padded=150))
    [[0], [1, 2]]
    """
    order = np.argsort(-np.asarray(lengths, np.int64), kind="stable").tolist()
    start = 0
    while start < len(order):
        longest = max(1, lengths[order[start]])
        end = start + max(1, min(size, padded // longest))
        yield order[start:end]
        start = end


@dataclasses.dataclass(frozen=True)
class Usable:
    """Of some rows, those that a module can be applied to.

    Attributes:
      keys: theirs.
      values: texts, or images float32 [height, width, 3]; one a key.
      skipped: the other rows, each with its reason.
    """

    keys: Sequence[str]
    values: Sequence[Any]
    skipped: Sequence[Skipped]


class Loader:
    """Turns rows into what goes through a module: decodes images, several at once. A context manager."""

    def __init__(self, encoder: Encoder) -> None:
        self._read = Reader(encoder.image_size) if encoder.kind == "image" else None
        self._threads = ThreadPoolExecutor(4)

    def __enter__(self) -> Loader:
        return self

    def __exit__(self, *_: object) -> None:
        self._threads.shutdown(cancel_futures=True)

    def __call__(self, rows: Rows) -> Usable:
        """Loads some rows."""
        if self._read is None and all(map(is_text, rows.values)):
            return Usable(rows.keys, rows.values, ())
        values = (
            map(_text, rows.values) if self._read is None else self._threads.map(self._image, rows.values)
        )
        loaded = list(zip(rows.keys, values, strict=True))
        good = [(key, value) for key, value in loaded if not isinstance(value, DataError)]
        skipped = [Skipped(key, value.problem) for key, value in loaded if isinstance(value, DataError)]
        return Usable([key for key, _ in good], [value for _, value in good], skipped)

    def _image(self, path: Path) -> Matrix | DataError:
        assert self._read is not None
        try:
            return self._read(path)
        except DataError as error:
            return error


def _text(value: Any) -> str | DataError:
    return value if is_text(value) else DataError("has no text", hint="Fill it in.")


class Vectors:
    """Applies a module to any number of rows: texts or images → float32 [rows, dimension], in their order.

    Args:
      encoder: the module.
      size: at most so many rows go through it at once.
    """

    def __init__(self, encoder: Encoder, size: int) -> None:
        self._encoder = encoder
        self._apply: Callable[[Any], Matrix]
        self._apply = FreezingEncoder(encoder) if encoder.kind == "image" else encoder
        self._size = size

    def __call__(self, values: Sequence[Any]) -> Matrix:
        """The vectors of some rows."""
        result = np.empty((len(values), self._encoder.dimension), np.float32)
        if self._encoder.kind == "text":
            for group in batches_by_length(list(map(len, values)), self._size):
                result[group] = self._apply([values[i] for i in group])
            return result
        for start in range(0, len(values), self._size):
            part = slice(start, start + self._size)
            result[part] = self._apply(np.stack(values[part]))
        return result
