"""The features of a dataset: each example goes through the module once, ever."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from tensorflow_hub.errors import DataError
from tensorflow_hub.settings import Settings
from tensorflow_hub.tools.datasets.examples import Example, Skipped
from tensorflow_hub.tools.encoders import Encoder, as_batch
from tensorflow_hub.tools.feature_store import FeatureStore, make_room
from tensorflow_hub.tools.freezing import FreezingEncoder
from tensorflow_hub.tools.images import DECODING, Reader
from tensorflow_hub.tools.matrices import Matrix

Progress = Callable[[int, int], None]
IMAGE_BATCH, TEXT_BATCH = 32, 256


@dataclasses.dataclass(frozen=True)
class Features:
    """The features of a sequence of examples.

    Attributes:
      examples: those that have features, in their order.
      matrix: float32 [len(examples), dimension].
      skipped: the others, each with its reason.
      computed: how many distinct contents went through the module now.
      reused: how many came from the cache.
      seconds: how long it took.
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
    progress: Progress | None = None,
) -> Features:
    """Applies a module to examples, each distinct content once; takes from the cache what is there.

    Args:
      encoder: the module.
      examples: images or texts, as the encoder takes.
      cache: the folder of the feature cache; None neither reads nor writes one.
      batch_size: examples at once; default 32 images or 256 texts.
      progress: called with (done, total) of the contents to compute.
    """
    started = time.perf_counter()
    distinct = list({example.digest: example for example in examples}.values())
    store = FeatureStore(cache, encoder.module.digest, manner(encoder), encoder.dimension) if cache else None
    try:
        vectors = store.read([example.digest for example in distinct]) if store else {}
        reused = len(vectors)
        missing = [example for example in distinct if example.digest not in vectors]
        failures: dict[bytes, str] = {}
        for batch, features, failed in _computed(encoder, missing, batch_size):
            new = {example.digest: row for example, row in zip(batch, features, strict=True)}
            failures.update(failed)
            vectors.update(new)
            if store:
                store.write(new)
            if progress:
                progress(len(vectors) - reused + len(failures), len(missing))
    finally:
        if store:
            store.close()
    if cache and store:
        make_room(cache, Settings.from_environment().feature_cache_size, keep=store.path)
    kept = tuple(example for example in examples if example.digest in vectors)
    return Features(
        kept,
        as_batch([vectors[example.digest] for example in kept], encoder.dimension),
        tuple(Skipped(e.name, failures[e.digest]) for e in examples if e.digest in failures),
        len(vectors) - reused,
        reused,
        time.perf_counter() - started,
    )


def manner(encoder: Encoder) -> str:
    """What besides the module's content decides about a feature."""
    pixels = f"{encoder.image_size} {DECODING} " if encoder.kind == "image" else ""
    return f"{encoder.kind} {pixels}{encoder.signature} {encoder.output}"


Batch = tuple[Sequence[Example], Matrix, dict[bytes, str]]


def _computed(encoder: Encoder, examples: Sequence[Example], batch_size: int | None) -> Iterator[Batch]:
    """Yields batches: examples with features, and the reasons of those that could not be read."""
    size = batch_size or (IMAGE_BATCH if encoder.kind == "image" else TEXT_BATCH)
    if encoder.kind == "text":
        # Texts of like length together: a module that pads to the longest of a batch wastes nothing.
        examples = sorted(examples, key=lambda example: len(example.text or ""))
        for start in range(0, len(examples), size):
            batch = examples[start : start + size]
            yield batch, encoder([example.text for example in batch]), {}
        return
    yield from _computed_images(encoder, examples, size)


def _computed_images(encoder: Encoder, examples: Sequence[Example], size: int) -> Iterator[Batch]:
    read = Reader(encoder.image_size)

    def load(example: Example) -> Matrix | str:
        assert example.path is not None
        try:
            return read(example.path)
        except DataError as error:
            return error.problem

    batches = [examples[start : start + size] for start in range(0, len(examples), size)]
    with ThreadPoolExecutor(4) as threads:
        waiting = [threads.map(load, batch) for batch in batches[:2]]
        encode = FreezingEncoder(encoder, expected=len(examples))  # while the first images are read
        for number, batch in enumerate(batches):
            images = list(waiting.pop(0))
            if number + 2 < len(batches):
                waiting.append(threads.map(load, batches[number + 2]))
            good = [(e, image) for e, image in zip(batch, images, strict=True) if not isinstance(image, str)]
            failed = {e.digest: i for e, i in zip(batch, images, strict=True) if isinstance(i, str)}
            arrays = [image for _, image in good]
            features = encode(np.stack(arrays)) if arrays else as_batch([], encoder.dimension)
            yield [example for example, _ in good], features, failed
