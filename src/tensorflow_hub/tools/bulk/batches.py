"""Rows to vectors: texts of like length together, images decoded ahead, in windows of bounded size."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from tensorflow_hub.errors import DataError
from tensorflow_hub.tools.bulk.inputs import Row
from tensorflow_hub.tools.datasets.examples import Skipped
from tensorflow_hub.tools.encoders import Encoder
from tensorflow_hub.tools.images import Reader
from tensorflow_hub.tools.retrain.head import Matrix

TEXT_BATCH, IMAGE_BATCH = 256, 32
# At most so many characters in a batch once its texts are padded to the longest.
PADDED_CHARACTERS = 1 << 18


def batches_by_length(
    lengths: Sequence[int], size: int, padded: int = PADDED_CHARACTERS
) -> Iterator[list[int]]:
    """Yields groups of indices: neighbours in length, at most `size`, bounded when padded to the longest.

    >>> list(batches_by_length([5, 1, 4, 2], 2))
    [[0, 2], [3, 1]]
    >>> list(batches_by_length([100, 1, 1], 3, padded=150))
    [[0], [1, 2]]
    """
    order = sorted(range(len(lengths)), key=lengths.__getitem__, reverse=True)
    start = 0
    while start < len(order):
        longest = max(1, lengths[order[start]])
        end = start + max(1, min(size, padded // longest))
        yield order[start:end]
        start = end


class Vectors:
    """Applies an encoder to windows of rows; used as a context manager, for its threads."""

    def __init__(self, encoder: Encoder, batch_size: int | None) -> None:
        self.encoder = encoder
        self.size = batch_size or (TEXT_BATCH if encoder.kind == "text" else IMAGE_BATCH)
        self._read = Reader(encoder.image_size) if encoder.kind == "image" else None
        self._threads = ThreadPoolExecutor(4)

    def __enter__(self) -> Vectors:
        return self

    def __exit__(self, *_: object) -> None:
        self._threads.shutdown(cancel_futures=True)

    def __call__(self, rows: Sequence[Row]) -> tuple[list[str], Matrix, list[Skipped]]:
        """Keys and vectors of the rows that can be used, in their order, and the others."""
        return self._texts(rows) if self._read is None else self._images(rows)

    def _texts(self, rows: Sequence[Row]) -> tuple[list[str], Matrix, list[Skipped]]:
        skipped = [Skipped(row.key, "has no text") for row in rows if row.text is None]
        good = [row for row in rows if row.text is not None] if skipped else rows
        texts = [text or "" for _, text, _ in good]
        vectors = np.empty((len(texts), self.encoder.dimension), np.float32)
        for group in batches_by_length([len(text) for text in texts], self.size):
            vectors[group] = self.encoder([texts[i] for i in group])
        return [key for key, _, _ in good], vectors, skipped

    def _images(self, rows: Sequence[Row]) -> tuple[list[str], Matrix, list[Skipped]]:
        keys: list[str] = []
        parts: list[Matrix] = []
        skipped: list[Skipped] = []
        groups = [rows[start : start + self.size] for start in range(0, len(rows), self.size)]
        waiting = [self._threads.map(self._image, group) for group in groups[:2]]
        for number, group in enumerate(groups):
            results = list(waiting.pop(0))
            if number + 2 < len(groups):
                waiting.append(self._threads.map(self._image, groups[number + 2]))
            good = [
                (row.key, image)
                for row, image in zip(group, results, strict=True)
                if not isinstance(image, str)
            ]
            skipped += [Skipped(r.key, i) for r, i in zip(group, results, strict=True) if isinstance(i, str)]
            if good:
                keys += [key for key, _ in good]
                parts.append(self.encoder(np.stack([image for _, image in good])))
        empty = np.zeros((0, self.encoder.dimension), np.float32)
        return keys, np.concatenate(parts) if parts else empty, skipped

    def _image(self, row: Row) -> Matrix | str:
        assert self._read is not None
        assert row.path is not None
        try:
            return self._read(row.path)
        except DataError as error:
            return error.problem
