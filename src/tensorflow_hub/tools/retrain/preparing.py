"""Prepares the data that a head is fitted to: features, targets and splits."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from tensorflow_hub.errors import DataError
from tensorflow_hub.tools.datasets.examples import Dataset, Example, require_classes
from tensorflow_hub.tools.datasets.splits import Indices, Splits, split
from tensorflow_hub.tools.encoders import Encoder, open_encoder
from tensorflow_hub.tools.features import Features, compute_features
from tensorflow_hub.tools.matrices import Matrix
from tensorflow_hub.tools.retrain.head import Examples
from tensorflow_hub.tools.retrain.options import Options


@dataclasses.dataclass(frozen=True)
class Prepared:
    """A learning problem: the examples that could be read, their features, and their targets.

    Attributes:
      labels: the classes, in the order of the columns of the targets.
      targets: float32 [examples, classes] of 0 and 1.
    """

    dataset: Dataset
    labels: tuple[str, ...]
    encoder: Encoder
    features: Features
    targets: Matrix
    splits: Splits
    options: Options

    @property
    def measured(self) -> Indices:
        """The test examples or, if there are none, the validation examples."""
        return self.splits.test if len(self.splits.test) else self.splits.validation

    def rows(self, rows: Any) -> Examples:
        """Returns the examples with these indices, for fitting a head."""
        return self.weighted(self.features.matrix[rows], self.targets[rows])

    def weighted(self, features: Matrix, targets: Matrix) -> Examples:
        """Returns features and targets with the weights that the options ask for."""
        return Examples(features, targets, example_weights(targets, self.options.class_weights))


class Clock:
    """Measures the time of each step."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, step: str) -> None:
        """Ends a step, which began at the end of the one before."""
        now = time.perf_counter()
        self.laps[step] = now - self._last
        self._last = now


def prepare(dataset: Dataset, module: str, options: Options, clock: Clock) -> Prepared:
    """Opens the module, computes the features and splits the examples.

    Raises:
      DataError: too few classes or examples are left to learn from.
      ModuleError: the module does not take such examples.
    """
    encoder = open_encoder(
        module,
        dataset.kind,
        preprocessor=options.preprocessor,
        signature=options.signature,
        output_key=options.output_key,
        image_size=options.image_size,
    )
    clock.lap("loading the module")
    features = compute_features(
        encoder,
        dataset.examples,
        cache=options.folder(),
        batch_size=options.batch_size,
        on_progress=options.on_progress,
    )
    dataset = dataset.without(features.skipped)
    require_classes(dataset)
    labels = dataset.classes()
    targets = _target_matrix(features.examples, labels)
    digests = [example.digest for example in features.examples]
    splits = split(digests, options.validation, options.test, options.seed)
    prepared = Prepared(dataset, labels, encoder, features, targets, splits, options)
    _require_trainable(prepared)
    clock.lap("features")
    return prepared


def _require_trainable(prepared: Prepared) -> None:
    splits, counts = prepared.splits, prepared.dataset.counts()
    found = prepared.targets[splits.train].sum(axis=0)
    missing = [label for label, count in zip(prepared.labels, found, strict=True) if not count]
    if missing:
        few = ", ".join(f"{label[:100]!r} ({counts[label]} in all)" for label in missing[:5])
        few += f" and {len(missing) - 5} more" if len(missing) > 5 else ""
        raise DataError(
            f"No training examples are left of {few} after {len(splits.validation)} for validation and "
            f"{len(splits.test)} for test.",
            hint="Add examples of it, leave the class out, or lower --validation and --test.",
        )


def _target_matrix(examples: Sequence[Example], labels: Sequence[str]) -> Matrix:
    columns = {label: column for column, label in enumerate(labels)}
    targets = np.zeros((len(examples), len(labels)), np.float32)
    for row, example in enumerate(examples):
        targets[row, [columns[label] for label in example.labels]] = 1
    return targets


def example_weights(targets: Matrix, class_weights: str) -> Matrix:
    """Returns the weights of examples, float32 [n] with mean 1.

    If "balanced", all classes have equal total weights.

    >>> example_weights(np.array([[1, 0], [1, 0], [1, 0], [0, 1]], np.float32), "balanced").round(1)
    array([0.7, 0.7, 0.7, 2. ], dtype=float32)
    """
    weights = np.ones(len(targets), np.float32)
    if class_weights == "balanced" and len(targets):
        share = targets / np.maximum(targets.sum(axis=0), 1)
        weights = np.asarray(np.where(targets.any(axis=1), share.max(axis=1), 1 / len(targets)), np.float32)
    return weights / np.float32(weights.mean()) if len(weights) else weights
