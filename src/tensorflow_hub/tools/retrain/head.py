"""Fits the head: logistic regression on features, multinomial or, for multi-label data, one-vs-rest.

While the module does not change, the problem is convex. So the head is not trained for a number of epochs:
L-BFGS runs until it converges. This is done for a series of smaller and smaller penalties, each from the
solution for the one before, until the validation loss does not fall any more.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from tensorflow_hub.tools.matrices import Matrix
from tensorflow_hub.tools.retrain.lbfgs import Vector, dot, minimise

PENALTIES = tuple(10.0 ** (1 - exponent / 2) for exponent in range(15))
PATIENCE = 3


@dataclasses.dataclass(frozen=True)
class Head:
    """A linear layer.

    Attributes:
      weights: float32 [features, classes].
      bias: float32 [classes].
      multi_label: whether the probabilities are sigmoids of the logits; otherwise they are a softmax.
    """

    weights: Matrix
    bias: Matrix
    multi_label: bool = False

    def probabilities(self, features: Matrix) -> Matrix:
        """Returns the probabilities, float32 [n, classes], of features, float32 [n, features].

        Rows sum to 1, except for multi-label data.
        """
        return probabilities(_product(features, self.weights) + self.bias, self.multi_label)


@dataclasses.dataclass(frozen=True)
class Step:
    """A point of the learning curve. The losses are mean cross-entropies in nats."""

    iteration: int
    penalty: float
    train_loss: float
    validation_loss: float | None
    validation_accuracy: float | None


@dataclasses.dataclass(frozen=True)
class Fit:
    """A fitted head, the chosen penalty, and the learning curve."""

    head: Head
    penalty: float
    curve: tuple[Step, ...]


@dataclasses.dataclass(frozen=True)
class Examples:
    """Features with the targets to learn.

    Attributes:
      features: float32 [n, features].
      targets: float32 [n, classes] of 0 and 1; with one 1 in each row, except for multi-label data.
      weights: float32 [n] with mean 1.
    """

    features: Matrix
    targets: Matrix
    weights: Matrix


def fit(
    train: Examples, validation: Examples | None, *, penalty: float | None = None, multi_label: bool = False
) -> Fit:
    """Fits the head. The validation examples choose the penalty; without them it is 1e-3, or as given.

    The mean loss grows by `penalty / 2` times the squared norm of the weights, for features that are scaled
    to a mean square of 1.
    """
    problem = _Problem(train, multi_label)
    chooser = problem.scaled(validation) if validation and len(validation.targets) else None
    penalties = PENALTIES if chooser and penalty is None else (penalty or 1e-3,)
    curve: list[Step] = []
    point = best = np.zeros(problem.size)
    least, chosen = math.inf, 0
    for number, value in enumerate(penalties):
        objective = functools.partial(problem.objective, value)
        for solved, total in minimise(objective, point, tolerance=1e-4):
            point = solved
            train_loss = total - problem.penalty(value, point)
            measured = problem.measured(point, chooser) if chooser else (None, None)
            curve.append(Step(len(curve), value, train_loss, *measured))
        loss = curve[-1].validation_loss
        if loss is None or loss < least - 1e-6:
            least, chosen, best = loss or 0.0, number, point
        elif number - chosen >= PATIENCE:
            break
    return Fit(problem.head(best), penalties[chosen], tuple(curve))


def probabilities(logits: Matrix, multi_label: bool) -> Matrix:
    """Returns the softmax of each row or, for multi-label data, the sigmoids; float32 of the same shape."""
    if multi_label:
        return np.asarray(0.5 * (1 + np.tanh(0.5 * logits)), np.float32)
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(exponentials / exponentials.sum(axis=1, keepdims=True), np.float32)


def cross_entropy(logits: Matrix, targets: Matrix, multi_label: bool) -> npt.NDArray[np.float32]:
    """Returns the cross-entropy of each row in nats, float32 [n].

    For multi-label data it is the sum over the classes.
    """
    if multi_label:
        losses = np.logaddexp(0, logits) - targets * logits
        return np.asarray(losses.sum(axis=1), np.float32)
    shifted = logits - logits.max(axis=1, keepdims=True)
    return np.asarray(np.log(np.exp(shifted).sum(axis=1)) - (targets * shifted).sum(axis=1), np.float32)


def _product(left: Any, right: Any, **options: bool) -> Matrix:
    """Returns the product of matrices. TensorFlow computes it, on the processor.

    NumPy's `@` starts threads that wait actively for each other. On a busy machine, and in a container that
    may use few processors of many, this takes ten times as long or more.
    """
    with tf.device("CPU"):
        result: Matrix = tf.matmul(left, right, **options).numpy()
    return result


class _Problem:
    """Gives the loss of the head as a function of one float64 vector, for centred and scaled features.

    The vector has the rows of the weights, one after the other, and at the end the bias.
    """

    def __init__(self, train: Examples, multi_label: bool) -> None:
        self.multi_label = multi_label
        self.mean = train.features.mean(axis=0)
        centred = train.features - self.mean
        self.scale = float(np.sqrt(np.mean(centred * centred))) or 1.0
        self.train = self.scaled(train)
        self.classes = train.targets.shape[1]
        self.size = (len(self.mean) + 1) * self.classes
        self.total = float(train.weights.sum()) or 1.0

    def scaled(self, examples: Examples) -> Examples:
        """Returns examples with centred and scaled features, as a tensor, which products do not copy."""
        with tf.device("CPU"):
            features = tf.constant((examples.features - self.mean) / self.scale)
        return dataclasses.replace(examples, features=features)

    def rows(self, point: Vector) -> Matrix:
        """Returns the rows of the weights for scaled features, and the bias as the last row."""
        return point.astype(np.float32).reshape(-1, self.classes)

    def logits(self, point: Vector, examples: Examples) -> Matrix:
        """Returns the logits of scaled examples."""
        rows = self.rows(point)
        logits: Matrix = _product(examples.features, rows[:-1]) + rows[-1]
        return logits

    def head(self, point: Vector) -> Head:
        """Returns the head for features as the module computes them."""
        rows = self.rows(point)
        weights = rows[:-1] / np.float32(self.scale)
        return Head(weights, rows[-1] - _product(self.mean[None], weights)[0], self.multi_label)

    def measured(self, point: Vector, examples: Examples) -> tuple[float, float]:
        """Returns the mean loss and the accuracy on scaled examples."""
        logits = self.logits(point, examples)
        losses = cross_entropy(logits, examples.targets, self.multi_label).astype(np.float64)
        if self.multi_label:
            right = ((logits > 0) == (examples.targets > 0.5)).all(axis=1)
        else:
            right = logits.argmax(axis=1) == examples.targets.argmax(axis=1)
        return float(losses @ examples.weights / examples.weights.sum()), float(np.mean(right))

    def objective(self, penalty: float, point: Vector) -> tuple[float, Vector]:
        """Returns the loss with the penalty, and its gradient."""
        train = self.train
        logits = self.logits(point, train)
        losses = cross_entropy(logits, train.targets, self.multi_label).astype(np.float64)
        error = probabilities(logits, self.multi_label) - train.targets
        error *= (train.weights / self.total)[:, None]
        of_weights = _product(train.features, error, transpose_a=True)
        gradient = np.vstack([of_weights, error.sum(axis=0)]).astype(np.float64).ravel()
        gradient[: -self.classes] += penalty * point[: -self.classes]
        return float(losses @ train.weights) / self.total + self.penalty(penalty, point), gradient

    def penalty(self, penalty: float, point: Vector) -> float:
        """Returns the part of the loss that grows with the weights."""
        weights = point[: -self.classes]
        return 0.5 * penalty * dot(weights, weights)
