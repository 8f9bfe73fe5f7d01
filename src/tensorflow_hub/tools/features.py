"""The features of a dataset: the module is applied once to each distinct example."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import numpy as np

from tensorflow_hub.progress import OnProgress, ignore_progress
from tensorflow_hub.settings import Settings
from tensorflow_hub.tools.batches import ahead, in_parts
from tensorflow_hub.tools.computation import Computation
from tensorflow_hub.tools.datasets.examples import Example, Skipped
from tensorflow_hub.tools.encoders import Encoder
from tensorflow_hub.tools.feature_store import FeatureStore, make_room, stored_or_computed
from tensorflow_hub.tools.images import DECODING
from tensorflow_hub.tools.matrices import Matrix


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
      batch_size: the number of examples in a batch; by default 32 images or 1024 texts.
      on_progress: called with "features", the number of contents that are done, and the number of all.
    """
    started = time.perf_counter()
    by_digest = {example.digest: example for example in examples}
    failures: dict[bytes, str] = {}

    def value(key: bytes) -> str | Path | None:
        return by_digest[key].path or by_digest[key].text

    def computed(missing: list[bytes]) -> Iterator[dict[bytes, Matrix]]:
        done = 0
        with Computation(encoder, batch_size, expected=len(missing)) as computation:
            missing.sort(key=lambda key: len(by_digest[key].text or ""))
            parts = in_parts(missing, computation.batch_size)
            loaded = ahead((part, computation.load([value(key) for key in part])) for part in parts)
            for keys, part in loaded:
                failures.update((keys[place], reason) for place, reason in part.problems)
                vectors = computation.vectors(part)
                yield {keys[place]: row for place, row in zip(part.places, vectors, strict=True)}
                done += len(keys)
                on_progress("features", done, len(missing))

    with open_store(encoder, cache, "") as store:
        vectors, reused = stored_or_computed(store, list(by_digest), computed)
    if cache and store:
        make_room(cache, Settings.from_environment().feature_cache_size, keep=store.path)
    usable = tuple(example for example in examples if example.digest in vectors)
    rows = [vectors[example.digest] for example in usable]
    return Features(
        usable,
        np.stack(rows) if rows else np.zeros((0, encoder.dimension), np.float32),
        tuple(Skipped(e.name, failures[e.digest]) for e in examples if e.digest in failures),
        len(vectors) - reused,
        reused,
        time.perf_counter() - started,
    )


def open_store(
    encoder: Encoder, cache: Path | None, change: str
) -> AbstractContextManager[FeatureStore | None]:
    """Returns a context with the store of an encoder's features; None without a cache.

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
