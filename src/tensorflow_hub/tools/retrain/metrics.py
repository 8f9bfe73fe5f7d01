"""Measures a classifier: accuracy, recall and precision with intervals, confusion matrix, mistakes."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from tensorflow_hub.tools.matrices import Matrix


@dataclasses.dataclass(frozen=True)
class Share:
    """The share of successful trials with its 95 % confidence interval.

    Source of the interval: E. B. Wilson, "Probable inference, the law of succession, and statistical
    inference", JASA 22 (1927). It also holds for few trials, and for shares near 0 and 1.

    >>> str(Share(45, 50))
    '90.0 % (78.6 to 95.7)'
    >>> str(Share(0, 0))
    'no examples'
    """

    hits: int
    trials: int

    @property
    def value(self) -> float:
        """The share itself; NaN without trials."""
        return self.hits / self.trials if self.trials else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        """Lower and upper end of the 95 % Wilson interval, in [0, 1]."""
        if not self.trials:
            return 0.0, 1.0
        z, n, p = 1.959963984540054, self.trials, self.hits / self.trials
        middle = (p + z * z / (2 * n)) / (1 + z * z / n)
        half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
        return max(0.0, middle - half), min(1.0, middle + half)

    def __str__(self) -> str:
        if not self.trials:
            return "no examples"
        low, high = self.interval
        return f"{100 * self.value:.1f} % ({100 * low:.1f} to {100 * high:.1f})"

    def to_dict(self) -> dict[str, float | int | None]:
        """Returns a dict for JSON: value (None without trials), low, high, hits, trials."""
        low, high = self.interval
        value = self.value if self.trials else None
        return {"value": value, "low": low, "high": high, "hits": self.hits, "trials": self.trials}


@dataclasses.dataclass(frozen=True)
class ClassMetrics:
    """Recall and precision of one class."""

    label: str
    recall: Share
    precision: Share

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall; NaN if neither is defined."""
        trials = self.recall.trials + self.precision.trials
        return 2 * self.recall.hits / trials if trials else math.nan


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """The metrics of a classifier on examples that it was not trained on.

    Attributes:
      accuracy: the share of examples with the right label (for multi-label data, with all labels right).
      classes: the metrics of each class, in the order of the labels.
      confusion: int64 [true class, predicted class]; None for multi-label data.
      loss: the mean cross-entropy in nats.
      mistakes: the indices of examples with a wrong label, those with the highest probability first.
    """

    accuracy: Share
    classes: tuple[ClassMetrics, ...]
    confusion: npt.NDArray[np.int64] | None
    loss: float
    mistakes: tuple[int, ...]

    @property
    def balanced_accuracy(self) -> float:
        """The mean recall of the classes that have examples."""
        recalls = [c.recall.value for c in self.classes if c.recall.trials]
        return sum(recalls) / len(recalls) if recalls else math.nan


def evaluate(probabilities: Matrix, targets: Matrix, labels: Sequence[str], multi_label: bool) -> Evaluation:
    """Compares probabilities, float32 [n, classes], with targets of 0 and 1 of the same shape."""
    truth = targets > 0.5
    if multi_label:
        predicted, confusion = probabilities > 0.5, None
        certainty = np.where(predicted != truth, np.abs(probabilities - 0.5), 0).max(axis=1, initial=0)
    else:
        best = probabilities.argmax(axis=1) if len(probabilities) else np.zeros(0, np.int64)
        predicted = np.arange(len(labels)) == best[:, None]
        confusion = np.zeros((len(labels), len(labels)), np.int64)
        np.add.at(confusion, (targets.argmax(axis=1), best), 1)
        certainty = probabilities.max(axis=1, initial=0)
    right = (predicted == truth).all(axis=1)
    wrong = np.flatnonzero(~right)
    counts = [columns.sum(axis=0).tolist() for columns in (predicted & truth, truth, predicted)]
    return Evaluation(
        Share(int(right.sum()), len(right)),
        tuple(
            ClassMetrics(label, Share(hits, there), Share(hits, said))
            for label, hits, there, said in zip(labels, *counts, strict=True)
        ),
        confusion,
        _loss(probabilities, truth, multi_label),
        tuple(int(i) for i in wrong[np.argsort(-certainty[wrong], kind="stable")]),
    )


def _loss(probabilities: Matrix, truth: npt.NDArray[np.bool_], multi_label: bool) -> float:
    if not len(probabilities):
        return math.nan
    clipped = np.clip(probabilities.astype(np.float64), 1e-12, 1 - 1e-12)
    hit = np.where(truth, -np.log(clipped), -np.log1p(-clipped) if multi_label else 0)
    return float(hit.sum(axis=1).mean())
