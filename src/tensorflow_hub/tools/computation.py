"""Applies an encoder to any number of rows: reads images, groups texts by length, calls the module."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import tensorflow as tf

from tensorflow_hub.errors import DataError
from tensorflow_hub.tools.batches import batches_by_length
from tensorflow_hub.tools.encoders import Encoder
from tensorflow_hub.tools.freezing import FreezingEncoder
from tensorflow_hub.tools.images import Reader
from tensorflow_hub.tools.matrices import Matrix

# The default sizes of batches: images without and with a GPU, and texts. On a processor, a larger batch of
# images takes up to a third more time: its tensors are so large that the system gives them fresh memory in
# each batch.
_IMAGES, _IMAGES_ON_GPU, _TEXTS = 8, 32, 1024
# The largest number of texts whose lengths are compared to make batches.
SORTED_TEXTS = 4096
_MISSING_TEXT = DataError("has no text", hint="Leave it out.")
_MISSING_IMAGE = DataError("has no image", hint="Leave it out.")


@dataclasses.dataclass(frozen=True)
class Loaded:
    """The rows that the module can be applied to.

    Attributes:
      places: their indices, int [n].
      values: their texts, or their images, each float32 [height, width, 3].
      problems: pairs (index, reason) of the other rows.
    """

    places: Any
    values: list[Any]
    problems: list[tuple[int, str]]


class Computation:
    """Applies a module to any number of rows, in two steps that can run at the same time. A context manager.

    Args:
      encoder: the module.
      batch_size: the largest number of rows in a batch; None for 8 images (32 with a GPU) or
        1024 texts.
      threads: the number of threads that decode images.
      expected: the least number of rows that will come.
    """

    def __init__(
        self, encoder: Encoder, batch_size: int | None = None, threads: int = 4, expected: int = 0
    ) -> None:
        is_image = encoder.kind == "image"
        self.encoder = encoder
        self.batch_size = batch_size or _default_batch_size(encoder)
        # A part of images is one batch; one of texts has several, so that texts can be sorted by length.
        self.rows_at_once = self.batch_size if is_image else max(self.batch_size, SORTED_TEXTS)
        self._read = Reader(encoder.image_size) if is_image else None
        self._apply: Callable[[Any], Matrix] = (
            FreezingEncoder(encoder, expected=expected) if is_image else encoder
        )
        self._threads = ThreadPoolExecutor(threads)

    def __enter__(self) -> Computation:
        return self

    def __exit__(self, *_: object) -> None:
        self._threads.shutdown(cancel_futures=True)

    def load(self, values: Sequence[Any], names: Iterable[str] | None = None) -> Loaded:
        """Takes the first step: finds rows without text, or reads and decodes images.

        Args:
          values: texts, or the paths or bytes of image files; None for a missing one.
          names: the names of images that are given as bytes, for messages.
        """
        found: list[Any]
        if self._read:
            found = list(self._threads.map(self._image, values, names or itertools.repeat("")))
        else:
            found = [text if text and not text.isspace() else _MISSING_TEXT for text in values]
        problems = [(i, item.problem) for i, item in enumerate(found) if isinstance(item, DataError)]
        places = np.delete(np.arange(len(found)), [i for i, _ in problems])
        return Loaded(places, [found[i] for i in places.tolist()], problems)

    def vectors(self, loaded: Loaded) -> Matrix:
        """Takes the second step: computes the vectors of the rows, float32 [n, dimension]."""
        result = np.empty((len(loaded.values), self.encoder.dimension), np.float32)
        if self.encoder.kind == "text":
            texts = np.array(loaded.values, object)
            # Modules pad the texts of a batch to the longest one: texts of similar length waste little time.
            for group in batches_by_length(list(map(len, texts)), self.batch_size):
                result[group] = self._apply(texts[group])
            return result
        for start in range(0, len(loaded.values), self.batch_size):
            part = slice(start, start + self.batch_size)
            result[part] = self._apply(np.stack(loaded.values[part]))
        return result

    def _image(self, value: Any, name: str) -> Matrix | DataError:
        assert self._read is not None
        return _MISSING_IMAGE if value is None else self._read.image_or_error(value, name)


def _default_batch_size(encoder: Encoder) -> int:
    if encoder.kind != "image":
        return _TEXTS
    return _IMAGES_ON_GPU if tf.config.list_physical_devices("GPU") else _IMAGES
