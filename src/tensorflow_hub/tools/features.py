"""Computes the features of a dataset: the module is applied once to each distinct example."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import numpy as np

from tensorflow_hub.progress import OnProgress, ignore_progress
from tensorflow_hub.settings import Settings
from tensorflow_hub.tools.batches import ahead, in_parts
from tensorflow_hub.tools.computation import Computation, Loaded
from tensorflow_hub.tools.datasets.examples import Example, Skipped
from tensorflow_hub.tools.encoders import Encoder
from tensorflow_hub.tools.feature_store import FeatureStore, make_room
from tensorflow_hub.tools.images import DECODING
from tensorflow_hub.tools.matrices import Matrix

# Changes an image, by its array and the digest of its example.
Change = Callable[[Matrix, bytes], Matrix]


@dataclasses.dataclass(frozen=True)
class Features:
    """The features of the examples that have some, float32 [len(examples), dimension], and the others.

    Distinct contents are counted: those that the module was applied to, and those found in the cache.
    """

    examples: tuple[Example, ...]
    matrix: Matrix
    skipped: tuple[Skipped, ...]
    computed: int
    reused: int


def compute_features(
    encoder: Encoder,
    examples: Sequence[Example],
    *,
    cache: Path | None,
    batch_size: int | None = None,
    on_progress: OnProgress = ignore_progress,
    change: Change | None = None,
) -> Features:
    """Applies a module once to each distinct example that is not in the cache.

    Args:
      encoder: the module.
      examples: images or texts, as the encoder takes.
      cache: the folder of the feature cache; None for no cache.
      batch_size: the number of examples in a batch; by default 8 images (32 with a GPU) or 1024
        texts.
      on_progress: called with the step, the number of contents that are done, and the number of all.
      change: changes each image before: augmentation.
    """
    by_digest = {example.digest: example for example in examples}
    failures: dict[bytes, str] = {}
    with _open_store(encoder, cache, " augmented" if change else "") as store:
        vectors = store.read(list(by_digest)) if store else {}
        reused, missing = len(vectors), [e for e in by_digest.values() if e.digest not in vectors]
        for computed, problems in _applied(encoder, missing, batch_size, change, on_progress):
            vectors.update(computed)
            failures.update(problems)
            if store:
                store.write(computed)
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
    )


def _open_store(
    encoder: Encoder, cache: Path | None, change: str
) -> AbstractContextManager[FeatureStore | None]:
    if cache is None:
        return nullcontext()
    # Features depend on these and on the content of the module.
    pixels = f"{encoder.image_size} {DECODING} " if encoder.kind == "image" else ""
    usage = f"{encoder.kind} {pixels}{encoder.signature} {encoder.output}{change}"
    return FeatureStore(cache, encoder.module.digest, usage, encoder.dimension)


def _applied(
    encoder: Encoder,
    examples: Sequence[Example],
    batch_size: int | None,
    change: Change | None,
    on_progress: OnProgress,
) -> Iterator[tuple[dict[bytes, Matrix], dict[bytes, str]]]:
    """Yields for each batch the vectors, and the reasons of examples without one, by their digests."""
    examples = sorted(examples, key=lambda example: len(example.text or ""))
    step, done = "augmented features" if change else "features", 0
    with Computation(encoder, batch_size, expected=len(examples)) as computation:
        parts = in_parts(examples, computation.batch_size)
        for part, loaded in ahead((part, _loaded(computation, part, change)) for part in parts):
            digests = [part[place].digest for place in loaded.places]
            yield (
                dict(zip(digests, computation.vectors(loaded), strict=True)),
                {part[place].digest: reason for place, reason in loaded.problems},
            )
            done += len(part)
            on_progress(step, done, len(examples))


def _loaded(computation: Computation, examples: Sequence[Example], change: Change | None) -> Loaded:
    loaded = computation.load([e.text if e.path is None else e.path for e in examples])
    if change is None:
        return loaded
    pairs = zip(loaded.places, loaded.values, strict=True)
    values = [change(value, examples[place].digest) for place, value in pairs]
    return dataclasses.replace(loaded, values=values)
