"""The result of retraining."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import Any

from tensorflow_hub import __version__
from tensorflow_hub.client.measurements import Figures
from tensorflow_hub.tools.datasets.examples import Dataset, Example
from tensorflow_hub.tools.datasets.splits import Splits
from tensorflow_hub.tools.features import Features
from tensorflow_hub.tools.matrices import Matrix
from tensorflow_hub.tools.modules import digest_of, size_of
from tensorflow_hub.tools.retrain.fine_tuning import FineTuning
from tensorflow_hub.tools.retrain.head import Fit
from tensorflow_hub.tools.retrain.metrics import Evaluation, Share
from tensorflow_hub.tools.retrain.options import Options


@dataclasses.dataclass(frozen=True)
class Outcome:
    """All measurements of a run, which the report shows.

    Attributes:
      dataset: the examples, and what was left out.
      labels: the classes, in the order of the scores.
      module: the handle of the module.
      digest: the digest of the module's content.
      dimension: the length of a feature vector.
      image_size: (height, width) of the module's images in pixels; (0, 0) for texts.
      splits: the training, validation and test examples.
      fit: the head fitted on the training examples, with the learning curve.
      fine_tuning: the epochs of fine-tuning; None without it.
      measured_on: `test`, or `validation` if there are no test examples.
      evaluation: the metrics on these examples.
      scores: their probabilities, float32 [measured examples, classes].
      measured: these examples.
      more_data: pairs (number of training examples, accuracy of a head fitted on them).
      features: the features, and how many of them the cache had.
      seconds: step → its time in seconds.
      output: the output folder.
    """

    dataset: Dataset
    labels: tuple[str, ...]
    module: str
    digest: str
    dimension: int
    image_size: tuple[int, int]
    options: Options
    splits: Splits
    fit: Fit
    fine_tuning: FineTuning | None
    measured_on: str
    evaluation: Evaluation
    scores: Matrix
    measured: tuple[Example, ...]
    more_data: tuple[tuple[int, Share], ...]
    features: Features
    seconds: dict[str, float]
    output: Path

    def __repr__(self) -> str:
        """Returns a short text for notebooks; the text of all fields would be megabytes."""
        measured = f"{self.accuracy} on {len(self.measured)} {self.measured_on} examples"
        return f"<Outcome {str(self.output)!r}: {len(self.labels)} classes, {measured}>"

    @property
    def accuracy(self) -> Share:
        """The accuracy on the `measured` examples."""
        return self.evaluation.accuracy

    def to_dict(self) -> dict[str, Any]:
        """Returns the figures, for `metrics.json` and `--json`."""
        dataset, evaluation = self.dataset, self.evaluation
        return {
            "output": str(self.output),
            "module": {"handle": self.module, "digest": self.digest, "dimension": self.dimension},
            "labels": list(self.labels),
            "examples": {
                "all": len(dataset.examples),
                "by_class": dict(dataset.counts()),
                "train": len(self.splits.train),
                "validation": len(self.splits.validation),
                "test": len(self.splits.test),
                "skipped": [dataclasses.asdict(item) for item in dataset.skipped],
                "empty_classes": list(dataset.empty_classes),
            },
            "features": {"computed": self.features.computed, "reused": self.features.reused},
            "head": {"penalty": self.fit.penalty, "iterations": len(self.fit.curve)},
            "measured_on": self.measured_on,
            "accuracy": evaluation.accuracy.to_dict(),
            "balanced_accuracy": _number(evaluation.balanced_accuracy),
            "loss": _number(evaluation.loss),
            "classes": {
                c.label: {
                    "recall": c.recall.to_dict(),
                    "precision": c.precision.to_dict(),
                    "f1": _number(c.f1),
                }
                for c in evaluation.classes
            },
            "confusion": None if evaluation.confusion is None else evaluation.confusion.tolist(),
            "seconds": {step: round(seconds, 3) for step, seconds in self.seconds.items()},
        }

    def figures(self, model: Path) -> list[Figures]:
        """Returns the accuracy and the balanced accuracy, to be attached to the published classifier.

        Args:
          model: the folder of the SavedModel.
        """
        if not self.measured:
            return []
        low, high = self.accuracy.interval
        accuracy = Figures(
            dataset=Path(self.dataset.source).resolve().name,
            metric=self.dataset.metric,
            value=self.accuracy.value,
            task=self.dataset.task,
            low=low,
            high=high,
            examples=self.accuracy.trials,
            size=size_of(model),
            dataset_digest=self.dataset.digest(),
            digest=digest_of(model),
            tool=f"tfhub retrain {__version__}, {self.measured_on} examples",
        )
        balanced = self.evaluation.balanced_accuracy
        if self.dataset.multi_label or math.isnan(balanced):
            return [accuracy]
        other = dataclasses.replace(accuracy, metric="balanced accuracy", value=balanced, low=None, high=None)
        return [accuracy, other]


def _number(value: float) -> float | None:
    """Returns a number for JSON, which has no NaN."""
    return None if math.isnan(value) else value
