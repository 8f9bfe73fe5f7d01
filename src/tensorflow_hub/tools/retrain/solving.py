"""Fitting the head to the prepared examples."""

from __future__ import annotations

import numpy as np

from tensorflow_hub.tools.retrain.augmentation import augmented_features
from tensorflow_hub.tools.retrain.head import Examples, Fit, Head, fit
from tensorflow_hub.tools.retrain.metrics import Share, evaluate
from tensorflow_hub.tools.retrain.preparing import Prepared
from tensorflow_hub.tools.retrain.targets import fit_examples


def solve_head(prepared: Prepared) -> tuple[Head, Fit]:
    """Returns the final head, and the fit that chose its penalty.

    The validation examples choose the penalty. Then the final head is fitted to training and validation
    examples, if there are test examples to measure it on, and if fine-tuning does not need the validation
    examples.
    """
    options, splits = prepared.options, prepared.splits
    train, validation = _with_copies(prepared), prepared.rows(splits.validation)
    solution = fit(train, validation, penalty=options.penalty, multi_label=options.multi_label)
    if not len(splits.test) or not len(splits.validation) or options.fine_tune:
        return solution.head, solution
    both = fit_examples(
        np.concatenate([train.features, validation.features]),
        np.concatenate([train.targets, validation.targets]),
        options.class_weights,
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
    chosen = [prepared.examples[i] for i in prepared.splits.train]
    changed = augmented_features(prepared.encoder, chosen, options)
    if changed is None:
        return train
    return fit_examples(
        np.concatenate([train.features, changed]),
        np.concatenate([train.targets] * (1 + options.augment)),
        options.class_weights,
    )
