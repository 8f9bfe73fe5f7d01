"""Fits the head to the prepared examples and, for augmentation, to changed copies of their images."""

from __future__ import annotations

import dataclasses
import hashlib

import numpy as np
import tensorflow as tf

from tensorflow_hub.errors import DataError
from tensorflow_hub.tools.datasets.examples import Example
from tensorflow_hub.tools.features import compute_features
from tensorflow_hub.tools.matrices import Matrix
from tensorflow_hub.tools.retrain.head import Examples, Fit, Head, fit
from tensorflow_hub.tools.retrain.metrics import Share, evaluate
from tensorflow_hub.tools.retrain.preparing import Prepared


def solve_head(prepared: Prepared) -> tuple[Head, Fit]:
    """Returns the final head, and the fit that chose its penalty on the validation examples.

    The final head is fitted to training and validation examples, if there are test examples to measure it on,
    and if fine-tuning does not need the validation examples.
    """
    options, splits = prepared.options, prepared.splits
    train, validation = _with_copies(prepared), prepared.rows(splits.validation)
    solution = fit(train, validation, penalty=options.penalty, multi_label=options.multi_label)
    if not len(splits.test) or not len(splits.validation) or options.fine_tune:
        return solution.head, solution
    both = prepared.weighted(
        np.concatenate([train.features, validation.features]),
        np.concatenate([train.targets, validation.targets]),
    )
    final = fit(both, None, penalty=solution.penalty, multi_label=options.multi_label)
    return final.head, solution


def more_data_curve(prepared: Prepared, penalty: float) -> tuple[tuple[int, Share], ...]:
    """Returns the accuracy of heads fitted to an eighth, a quarter, half and all of the training examples."""
    measured, targets = prepared.measured, prepared.targets
    multi_label = prepared.options.multi_label
    points = []
    order = np.random.default_rng(prepared.options.seed).permutation(prepared.splits.train)
    for part in (8, 4, 2, 1):
        some = order[: len(order) // part]
        if len(some) < 4 or not len(measured) or targets[some].any(axis=0).sum() < min(2, targets.shape[1]):
            continue
        fitted = fit(prepared.rows(some), None, penalty=penalty, multi_label=multi_label)
        scores = fitted.head.probabilities(prepared.features.matrix[measured])
        found = evaluate(scores, targets[measured], prepared.labels, multi_label)
        points.append((len(some), found.accuracy))
    return tuple(points)


def _with_copies(prepared: Prepared) -> Examples:
    """Returns the training examples and, if the user wants them, changed copies of the images."""
    options, train = prepared.options, prepared.rows(prepared.splits.train)
    if not options.augment:
        return train
    if prepared.dataset.kind != "image":
        raise DataError("Only images can be augmented.", hint="Leave --augment out.")
    copies = [
        _copy(prepared.features.examples[i], b"copy %d %d " % (options.seed, number))
        for number in range(options.augment)
        for i in prepared.splits.train
    ]
    features = compute_features(
        prepared.encoder, copies, cache=options.folder(), on_progress=options.on_progress, change=changed
    )
    if features.skipped:  # it was read before, for the features of the image itself
        raise DataError(features.skipped[0].reason, hint="Check the file, and start again.")
    return prepared.weighted(
        np.concatenate([train.features, features.matrix]),
        np.concatenate([train.targets] * (1 + options.augment)),
    )


def _copy(example: Example, name: bytes) -> Example:
    """Returns an example whose digest depends on the image and the copy, so that its features are cached."""
    return dataclasses.replace(example, digest=hashlib.sha256(name + example.digest).digest())


def changed(image: Matrix, key: bytes) -> Matrix:
    """Flips and crops an image, and makes it lighter or darker: float32 of its shape in [0, 1].

    Equal keys give equal changes.
    """
    random = np.random.default_rng(int.from_bytes(key[:8], "big"))
    height, width = image.shape[:2]
    scale = random.uniform(0.75, 1.0)
    h, w = max(1, int(height * scale)), max(1, int(width * scale))
    top, left = random.integers(0, height - h + 1), random.integers(0, width - w + 1)
    cropped = image[top : top + h, left : left + w]
    if random.random() < 0.5:
        cropped = cropped[:, ::-1]
    resized = tf.image.resize(cropped * random.uniform(0.8, 1.2), (height, width)).numpy()
    return np.asarray(np.clip(resized, 0, 1), np.float32)
