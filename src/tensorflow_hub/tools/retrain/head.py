"""The head: logistic regression on a module's features, multinomial or, for multi-label data, one-vs-rest.

While the module does not change, the problem is convex. So the head is not trained for a number of epochs:
L-BFGS runs until it converges. This is done for a series of smaller and smaller penalties, each from the
solution for the one before, until the validation loss does not fall any more.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from tensorflow_hub.tools.matrices import Matrix
from tensorflow_hub.tools.retrain.lbfgs import Vector, minimise

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

    def logits(self, features: Matrix) -> Matrix:
        """Returns the logits, float32 [n, classes], of features, float32 [n, features]."""
        result: Matrix = features @ self.weights + self.bias
        return result

    def probabilities(self, features: Matrix) -> Matrix:
        """Returns the probabilities, float32 [n, classes]. Rows sum to 1, except for multi-label data."""
        return probabilities(self.logits(features), self.multi_label)


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
    """Fits the head.

    Args:
      train: the training examples.
      validation: the examples that choose the penalty. Without them it is `penalty`, by default 1e-3.
      penalty: `penalty / 2` times the squared norm of the weights is added to the mean loss. The features are
        scaled to a mean square of 1.
      multi_label: whether to use sigmoids instead of a softmax.
    """
    if validation is None or not len(validation.targets):
        penalties: tuple[float, ...] = (penalty or 1e-3,)
        validation = None
    else:
        penalties = PENALTIES if penalty is None else (penalty,)
    problem = _Problem(train, multi_label)
    chooser = problem.scaled(validation) if validation else problem.train
    point = problem.start()
    curve: list[Step] = []
    best: tuple[float, float, Vector] | None = None
    for value in penalties:
        for solved, step in _solve(problem, point, value, chooser if validation else None, len(curve)):
            curve.append(step)
            point = solved
        loss, _ = problem.measured(point, chooser)
        if best is None or loss < best[0] - 1e-6:
            best = (loss, value, point)
        elif penalties.index(value) - penalties.index(best[1]) >= PATIENCE:
            break
    assert best is not None
    return Fit(problem.head(best[2]), best[1], tuple(curve))


def one_hot(classes: npt.NDArray[np.int64], count: int) -> Matrix:
    """float32 [n, count] of 0, with a 1 in the column of each row's class."""
    result = np.zeros((len(classes), count), np.float32)
    result[np.arange(len(classes)), classes] = 1
    return result


def probabilities(logits: Matrix, multi_label: bool) -> Matrix:
    """Returns the softmax of each row or, for multi-label data, the sigmoids; float32 of the same shape."""
    if multi_label:
        result: Matrix = (0.5 * (1 + np.tanh(0.5 * logits))).astype(np.float32)
        return result
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    normal: Matrix = (exponentials / exponentials.sum(axis=1, keepdims=True)).astype(np.float32)
    return normal


def cross_entropy(logits: Matrix, targets: Matrix, multi_label: bool) -> npt.NDArray[np.float32]:
    """The cross-entropy of each row in nats, float32 [n]; for multi-label data the sum over the classes."""
    if multi_label:
        losses = np.logaddexp(0, logits) - targets * logits
        return np.asarray(losses.sum(axis=1), np.float32)
    shifted = logits - logits.max(axis=1, keepdims=True)
    return np.asarray(np.log(np.exp(shifted).sum(axis=1)) - (targets * shifted).sum(axis=1), np.float32)


def _solve(
    problem: _Problem, start: Vector, penalty: float, validation: Examples | None, done: int
) -> Iterator[tuple[Vector, Step]]:
    iterations = minimise(lambda p: problem.objective(p, penalty), start, tolerance=1e-4)
    for iteration, (point, value) in enumerate(iterations, done):
        train_loss = value - problem.penalty(point, penalty)
        loss = accuracy = None
        if validation is not None:
            loss, accuracy = problem.measured(point, validation)
        yield point, Step(iteration, penalty, train_loss, loss, accuracy)


class _Problem:
    """The loss of the head as a function of one float64 vector, for features that are centred and scaled."""

    def __init__(self, train: Examples, multi_label: bool) -> None:
        self.multi_label = multi_label
        self.mean = train.features.mean(axis=0)
        centred = train.features - self.mean
        self.scale = float(np.sqrt(np.mean(centred * centred))) or 1.0
        features = centred / self.scale
        self.train = dataclasses.replace(train, features=features)
        self.shape = (features.shape[1], train.targets.shape[1])
        self.total = float(train.weights.sum()) or 1.0

    def scaled(self, examples: Examples) -> Examples:
        """Other examples, centred and scaled as the training examples are."""
        return dataclasses.replace(examples, features=(examples.features - self.mean) / self.scale)

    def start(self) -> Vector:
        return np.zeros(self.shape[0] * self.shape[1] + self.shape[1])

    def split(self, point: Vector) -> tuple[Matrix, Matrix]:
        size = self.shape[0] * self.shape[1]
        single = point.astype(np.float32)
        return single[:size].reshape(self.shape), single[size:]

    def objective(self, point: Vector, penalty: float) -> tuple[float, Vector]:
        weights, bias = self.split(point)
        logits = self.train.features @ weights + bias
        losses = cross_entropy(logits, self.train.targets, self.multi_label)
        error = probabilities(logits, self.multi_label) - self.train.targets
        error *= (self.train.weights / self.total)[:, None]
        gradient = np.concatenate([(self.train.features.T @ error).ravel(), error.sum(axis=0)])
        full = gradient.astype(np.float64)
        full[: weights.size] += penalty * point[: weights.size]
        loss = float(losses.astype(np.float64) @ self.train.weights) / self.total
        return loss + self.penalty(point, penalty), full

    def penalty(self, point: Vector, penalty: float) -> float:
        weights = point[: self.shape[0] * self.shape[1]]
        return 0.5 * penalty * float(weights @ weights)

    def head(self, point: Vector) -> Head:
        """Returns the head for features as the module computes them, which are not centred and scaled."""
        weights, bias = self.split(point)
        scaled = weights / np.float32(self.scale)
        return Head(scaled, (bias - self.mean @ scaled).astype(np.float32), self.multi_label)

    def measured(self, point: Vector, examples: Examples) -> tuple[float, float]:
        """Returns the loss and the accuracy on examples that `scaled` returned."""
        weights, bias = self.split(point)
        logits = examples.features @ weights + bias
        losses = cross_entropy(logits, examples.targets, self.multi_label).astype(np.float64)
        if self.multi_label:
            right = ((logits > 0) == (examples.targets > 0.5)).all(axis=1)
        else:
            right = logits.argmax(axis=1) == examples.targets.argmax(axis=1)
        return float(losses @ examples.weights / examples.weights.sum()), float(np.mean(right))
