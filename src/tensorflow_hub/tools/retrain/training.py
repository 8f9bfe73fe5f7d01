"""Retraining, from data and a handle to a folder with everything in it.

The steps, in their order: read the data → compute features (or find them in the cache) → split by
content → solve the head → fine-tune, when asked → evaluate → write the SavedModel, TFLite file, labels,
card and report.
"""

from __future__ import annotations

import dataclasses
import json
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tensorflow_hub.errors import DataError
from tensorflow_hub.tools.datasets.examples import Dataset, Example, Skipped, require_classes
from tensorflow_hub.tools.datasets.image_folder import read_images
from tensorflow_hub.tools.datasets.splits import Splits, split
from tensorflow_hub.tools.datasets.tables import read_texts
from tensorflow_hub.tools.encoders import Encoder, Kind, open_encoder
from tensorflow_hub.tools.features import Features, compute_features
from tensorflow_hub.tools.retrain.augmentation import augmented_features
from tensorflow_hub.tools.retrain.card import card_text, model_name, require_name
from tensorflow_hub.tools.retrain.classifier import LABELS_FILE, Classifier, write_saved_model, write_tflite
from tensorflow_hub.tools.retrain.fine_tuning import FineTuning, fine_tune
from tensorflow_hub.tools.retrain.head import Examples, Fit, Head, Matrix, fit
from tensorflow_hub.tools.retrain.metrics import Evaluation, Share, evaluate
from tensorflow_hub.tools.retrain.options import Options
from tensorflow_hub.tools.retrain.targets import fit_examples, target_matrix

OUTPUTS = ("model", "model.tflite", LABELS_FILE, "card.md", "report.html", "metrics.json")


@dataclasses.dataclass(frozen=True)
class Outcome:
    """Everything a run found out; the report shows it.

    Attributes:
      dataset: what was read, with what was left out.
      labels: the classes in the order of the scores.
      module: the handle of the module.
      digest: of the module's content.
      dimension: of its features.
      image_size: that the module takes; (0, 0) for texts.
      splits: which examples were for what.
      fit: the head's solution on the training examples, with the learning curve.
      fine_tuning: what fine-tuning did; None when not asked.
      measured_on: `test`, or `validation` when there are no test examples.
      evaluation: on those.
      scores: float32 [measured examples, classes].
      measured: those examples.
      more_data: (number of training examples, accuracy of a head fitted on so many).
      features: how they came.
      seconds: by step.
      output: the folder.
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

    @property
    def accuracy(self) -> Share:
        """On the examples that were measured on."""
        return self.evaluation.accuracy

    def to_dict(self) -> dict[str, Any]:
        """The figures, for `metrics.json` and `--json`."""
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
            "balanced_accuracy": evaluation.balanced_accuracy,
            "loss": evaluation.loss,
            "classes": {
                c.label: {"recall": c.recall.to_dict(), "precision": c.precision.to_dict(), "f1": c.f1}
                for c in evaluation.classes
            },
            "confusion": None if evaluation.confusion is None else evaluation.confusion.tolist(),
            "seconds": {step: round(seconds, 3) for step, seconds in self.seconds.items()},
        }


def retrain_image(
    data: str | os.PathLike[str],
    module: str,
    output: str | os.PathLike[str],
    *,
    image_column: str | None = None,
    label_column: str | None = None,
    **options: Any,
) -> Outcome:
    """Trains an image classifier on the features of a module.

    Args:
      data: a folder with a folder of images for each class, or a CSV, JSONL or Parquet table of paths and
        labels.
      module: the handle of an image feature vector module.
      output: the folder to write: `model/` (a SavedModel on image bytes), `labels.txt`, `card.md`,
        `report.html`, `metrics.json`, and `model.tflite` when asked.
      image_column: the table's column of paths.
      label_column: the table's column of labels.
      **options: fields of `Options`: `test=0.2`, `tflite=True`, `fine_tune=True`, …

    Returns:
      What was found out; `.accuracy` is the share of right answers with its interval.

    Raises:
      DataError: the data cannot be used as asked.
      ModuleError: the module is no image feature vector.

    Example:
      outcome = hub.tools.retrain_image("photos", "zoo/efficientnet-lite0-feature-vector/1", "my_model")
      print(outcome.accuracy)  # 93.3 % (82.1 to 97.7)
    """
    chosen = Options(**options)
    started = time.perf_counter()
    dataset = read_images(
        data, image_column=image_column, label_column=label_column, multi_label=chosen.multi_label
    )
    return _retrain(dataset, "image", module, Path(output), chosen, reading=time.perf_counter() - started)


def retrain_text(
    data: str | os.PathLike[str],
    module: str,
    output: str | os.PathLike[str],
    *,
    text_column: str | None = None,
    label_column: str | None = None,
    **options: Any,
) -> Outcome:
    """Trains a text classifier on the features of a module.

    Args:
      data: a CSV, TSV, JSONL or Parquet table of texts and labels.
      module: the handle of a text embedding module, or of an encoder with `preprocessor=` in the options.
      output: the folder to write, as for `retrain_image`; the SavedModel takes strings.
      text_column: the column of texts.
      label_column: the column of labels.
      **options: fields of `Options`.

    Returns:
      What was found out.

    Raises:
      DataError: the data cannot be used as asked.
      ModuleError: the module is no text embedding.

    Example:
      outcome = hub.tools.retrain_text("reviews.csv", "zoo/glove-english/1", "my_model")
    """
    chosen = Options(**options)
    started = time.perf_counter()
    dataset = read_texts(
        data, text_column=text_column, label_column=label_column, multi_label=chosen.multi_label
    )
    return _retrain(dataset, "text", module, Path(output), chosen, reading=time.perf_counter() - started)


def _retrain(
    dataset: Dataset, kind: Kind, handle: str, output: Path, options: Options, *, reading: float
) -> Outcome:
    clock = _Clock({"reading the data": reading})
    require_classes(dataset)
    require_name(options.name)
    _require_free(output, options.overwrite)
    encoder = open_encoder(
        handle,
        kind,
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
        progress=_progress(options, "features"),
    )
    dataset = dataset.without(features.skipped)
    require_classes(dataset)
    clock.lap("features")

    labels = dataset.classes()
    examples, targets = features.examples, target_matrix(features.examples, labels)
    splits = split([e.digest for e in examples], options.validation, options.test, options.seed)
    _require_trainable(splits, targets, labels, dataset)
    head, solution = _solve(
        encoder,
        examples=examples,
        matrix=features.matrix,
        targets=targets,
        splits=splits,
        options=options,
    )
    measured = splits.test if len(splits.test) else splits.validation
    more_data = _more_data(
        features.matrix, targets, splits, measured=measured, penalty=solution.penalty, options=options
    )
    clock.lap("solving the head")

    output.mkdir(parents=True, exist_ok=True)
    labels_file = output / LABELS_FILE
    labels_file.write_text("".join(f"{label}\n" for label in labels), encoding="utf-8")
    classifier = Classifier(encoder, head, labels, labels_file)
    tuning = None
    scores = head.probabilities(features.matrix[measured])
    if options.fine_tune:
        tuning, scores = fine_tune(
            classifier,
            encoder,
            examples=examples,
            targets=targets,
            splits=splits,
            measured=measured,
            options=options,
        )
        clock.lap("fine-tuning")
    outcome = Outcome(
        dataset=dataset,
        labels=labels,
        module=handle,
        digest=encoder.module.digest,
        dimension=encoder.dimension,
        image_size=encoder.image_size,
        options=options,
        splits=splits,
        fit=solution,
        fine_tuning=tuning,
        measured_on="test" if len(splits.test) else "validation",
        evaluation=evaluate(scores, targets[measured], labels, dataset.multi_label),
        scores=scores,
        measured=tuple(examples[i] for i in measured),
        more_data=more_data,
        features=features,
        seconds=clock.laps,
        output=output,
    )
    _write(outcome, classifier, clock)
    return outcome


def _solve(
    encoder: Encoder,
    *,
    examples: Sequence[Example],
    matrix: Matrix,
    targets: Matrix,
    splits: Splits,
    options: Options,
) -> tuple[Head, Fit]:
    """The head that is kept, and the fit that chose its penalty.

    The validation examples choose the penalty; the kept head is then solved with them as well, as long as
    other examples are left to measure it on.
    """
    train = _rows(matrix, targets, splits.train, options)
    validation = _rows(matrix, targets, splits.validation, options)
    changed = augmented_features(encoder, [examples[i] for i in splits.train], options)
    if changed is not None:
        copies = [np.concatenate([train.targets] * options.augment)]
        train = fit_examples(
            np.concatenate([train.features, changed]),
            np.concatenate([train.targets, *copies]),
            options.class_weights,
        )
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


def _more_data(
    matrix: Matrix, targets: Matrix, splits: Splits, *, measured: Any, penalty: float, options: Options
) -> tuple[tuple[int, Share], ...]:
    """Accuracy of heads fitted on an eighth, a quarter, half and all of the training examples."""
    points = []
    order = np.random.default_rng(options.seed).permutation(splits.train)
    for part in (8, 4, 2, 1):
        some = order[: len(order) // part]
        if len(some) < 4 or not len(measured) or targets[some].any(axis=0).sum() < min(2, targets.shape[1]):
            continue
        fitted = fit(
            _rows(matrix, targets, some, options), None, penalty=penalty, multi_label=options.multi_label
        )
        scores = fitted.head.probabilities(matrix[measured])
        labels = [""] * targets.shape[1]
        points.append((len(some), evaluate(scores, targets[measured], labels, options.multi_label).accuracy))
    return tuple(points)


def _rows(matrix: Matrix, targets: Matrix, rows: Any, options: Options) -> Examples:
    return fit_examples(matrix[rows], targets[rows], options.class_weights)


def _write(outcome: Outcome, classifier: Classifier, clock: _Clock) -> None:
    from tensorflow_hub.tools.retrain.report import report_html

    output = outcome.output
    write_saved_model(classifier, output / "model")
    clock.lap("writing the SavedModel")
    if outcome.options.tflite:
        write_tflite(classifier, output / "model.tflite")
        clock.lap("writing the TFLite file")
    (output / "card.md").write_text(card_text(outcome, model_name(outcome)), encoding="utf-8")
    (output / "report.html").write_text(report_html(outcome), encoding="utf-8")
    clock.lap("writing the report")
    (output / "metrics.json").write_text(json.dumps(outcome.to_dict(), indent=2), encoding="utf-8")


def _require_free(output: Path, overwrite: bool) -> None:
    """Refuses to write over what is no earlier run's result, before any work is done."""
    if output.is_file():
        raise DataError(
            f"Expected a folder to write to, {str(output)!r} is a file.", hint="Choose another with -o."
        )
    if output.is_dir() and any(output.iterdir()) and not overwrite:
        raise DataError(
            f"The folder {str(output)!r} is not empty.",
            hint="Choose another with -o, or replace what is there with --overwrite.",
        )
    if overwrite and (output / "model.tflite").exists():
        (output / "model.tflite").unlink()


def _require_trainable(splits: Splits, targets: Matrix, labels: Sequence[str], dataset: Dataset) -> None:
    found = targets[splits.train].sum(axis=0)
    missing = [label for label, count in zip(labels, found, strict=True) if not count]
    if missing:
        counts = dataset.counts()
        few = ", ".join(f"{label!r} ({counts[label]} in all)" for label in missing)
        raise DataError(
            f"No training examples are left of {few} after {len(splits.validation)} for validation and "
            f"{len(splits.test)} for test.",
            hint="Add examples of it, leave the class out, or lower --validation and --test.",
        )


def _progress(options: Options, what: str) -> Any:
    if options.progress is None:
        return None
    report = options.progress
    return lambda done, total: report(what, done, total)


class _Clock:
    """Seconds by step."""

    def __init__(self, laps: dict[str, float]) -> None:
        self.laps = laps
        self._last = time.perf_counter()

    def lap(self, step: str) -> None:
        now = time.perf_counter()
        self.laps[step] = now - self._last
        self._last = now


__all__ = ["Options", "Outcome", "Skipped", "retrain_image", "retrain_text"]
