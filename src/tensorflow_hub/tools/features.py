"""The features of a dataset: the module is applied once to each distinct example."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import numpy as np

from tensorflow_hub.errors import DataError
from tensorflow_hub.progress import OnProgress, ignore_progress
from tensorflow_hub.settings import Settings
from tensorflow_hub.tools.batches import batches_by_length, batches_read_ahead
from tensorflow_hub.tools.datasets.examples import Example, Skipped
from tensorflow_hub.tools.encoders import Encoder
from tensorflow_hub.tools.feature_store import FeatureStore, make_room, stored_or_computed
from tensorflow_hub.tools.freezing import FreezingEncoder
from tensorflow_hub.tools.images import DECODING, Reader
from tensorflow_hub.tools.matrices import Matrix

IMAGE_BATCH, TEXT_BATCH = 32, 256


@dataclasses.dataclass(frozen=True)
class Features:
    """The features of a sequence of examples.

    Attributes:
      examples: the examples that have features, in the order of the input.
      matrix: their features, float32 [len(examples), dimension].
      skipped: the other examples, each with the reason.
      computed: the number of distinct contents that the module was applied to.
      reused: the number of distinct contents whose features came from the cache.
      seconds: the time that it took.
    """

    examples: tuple[Example, ...]
    matrix: Matrix
    skipped: tuple[Skipped, ...]
    computed: int
    reused: int
    seconds: float


def compute_features(
    encoder: Encoder,
    examples: Sequence[Example],
    *,
    cache: Path | None,
    batch_size: int | None = None,
    on_progress: OnProgress = ignore_progress,
) -> Features:
    """Applies a module once to each distinct example that is not in the cache.

    Args:
      encoder: the module.
      examples: images or texts, as the encoder takes.
      cache: the folder of the feature cache; None for no cache.
      batch_size: the number of examples in a batch; by default 32 images or 256 texts.
      on_progress: called with "features", the number of contents that are done, and the number of all.
    """
    started = time.perf_counter()
    by_digest = {example.digest: example for example in examples}
    failures: dict[bytes, str] = {}

    def computed(missing: list[bytes]) -> Iterator[dict[bytes, Matrix]]:
        done = 0
        for batch, features, failed in _computed(encoder, [by_digest[key] for key in missing], batch_size):
            failures.update(failed)
            yield {example.digest: row for example, row in zip(batch, features, strict=True)}
            done += len(batch) + len(failed)
            on_progress("features", done, len(missing))

    with open_store(encoder, cache, "") as store:
        vectors, reused = stored_or_computed(store, list(by_digest), computed)
    if cache and store:
        make_room(cache, Settings.from_environment().feature_cache_size, keep=store.path)
    usable = tuple(example for example in examples if example.digest in vectors)
    rows = [vectors[example.digest] for example in usable]
    return Features(
        usable,
        np.stack(rows) if rows else _none(encoder),
        tuple(Skipped(e.name, failures[e.digest]) for e in examples if e.digest in failures),
        len(vectors) - reused,
        reused,
        time.perf_counter() - started,
    )


def open_store(
    encoder: Encoder, cache: Path | None, change: str
) -> AbstractContextManager[FeatureStore | None]:
    """A context with the store of an encoder's features; None without a cache.

    Args:
      encoder: the module.
      cache: the folder of the feature cache.
      change: how the examples are changed before, for example by augmentation; empty for no change.
    """
    if cache is None:
        return nullcontext()
    # Features depend on these and on the content of the module.
    pixels = f"{encoder.image_size} {DECODING} " if encoder.kind == "image" else ""
    usage = f"{encoder.kind} {pixels}{encoder.signature} {encoder.output}{change}"
    return FeatureStore(cache, encoder.module.digest, usage, encoder.dimension)


Batch = tuple[Sequence[Example], Matrix, dict[bytes, str]]


def _computed(encoder: Encoder, examples: Sequence[Example], batch_size: int | None) -> Iterator[Batch]:
    """Yields batches of examples and features, and the reasons why others could not be read."""
    size = batch_size or (IMAGE_BATCH if encoder.kind == "image" else TEXT_BATCH)
    if encoder.kind == "image":
        yield from _computed_images(encoder, examples, size)
        return
    # Modules pad the texts of a batch to the longest one: texts of similar length waste little time.
    for group in batches_by_length([len(example.text or "") for example in examples], size):
        batch = [examples[i] for i in group]
        yield batch, encoder([example.text for example in batch]), {}


def _computed_images(encoder: Encoder, examples: Sequence[Example], size: int) -> Iterator[Batch]:
    read = Reader(encoder.image_size)

    def load(example: Example) -> Matrix | str:
        assert example.path is not None
        try:
            return read(example.path)
        except DataError as error:
            return error.problem

    encode: FreezingEncoder | None = None
    for batch, images in batches_read_ahead(examples, size, load):
        # Made here and not earlier, so that the threads read the next images meanwhile.
        encode = encode or FreezingEncoder(encoder, expected=len(examples))
        good = [(e, image) for e, image in zip(batch, images, strict=True) if not isinstance(image, str)]
        failed = {e.digest: i for e, i in zip(batch, images, strict=True) if isinstance(i, str)}
        arrays = [image for _, image in good]
        yield [example for example, _ in good], encode(np.stack(arrays)) if arrays else _none(encoder), failed


def _none(encoder: Encoder) -> Matrix:
    return np.zeros((0, encoder.dimension), np.float32)
