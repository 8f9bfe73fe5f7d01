"""The arrays that a head is fitted to, made from labelled examples."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tensorflow_hub.tools.datasets.examples import Example
from tensorflow_hub.tools.matrices import Matrix
from tensorflow_hub.tools.retrain.head import Examples


def target_matrix(examples: Sequence[Example], labels: Sequence[str]) -> Matrix:
    """Returns the targets of examples, float32 [examples, labels] of 0 and 1."""
    index = {label: i for i, label in enumerate(labels)}
    targets = np.zeros((len(examples), len(labels)), np.float32)
    for row, example in enumerate(examples):
        for label in example.labels:
            targets[row, index[label]] = 1
    return targets


def example_weights(targets: Matrix, class_weights: str) -> Matrix:
    """Returns the weights of examples, float32 [n] with mean 1.

    If "balanced", all classes have equal total weights.

    >>> example_weights(np.array([[1, 0], [1, 0], [1, 0], [0, 1]], np.float32), "balanced").round(1)
    array([0.7, 0.7, 0.7, 2. ], dtype=float32)
    """
    weights = np.ones(len(targets), np.float32)
    if class_weights == "balanced" and len(targets):
        counts = np.maximum(targets.sum(axis=0), 1)
        share = targets / counts
        weights = np.asarray(np.where(targets.any(axis=1), share.max(axis=1), 1 / len(targets)), np.float32)
    total = float(weights.sum())
    return weights * np.float32(len(weights) / total) if total else weights


def fit_examples(features: Matrix, targets: Matrix, class_weights: str) -> Examples:
    """Features, targets and the weights of the examples."""
    return Examples(features, targets, example_weights(targets, class_weights))
