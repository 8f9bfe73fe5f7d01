"""Retrains: trains a classifier on the features of a module and writes a folder with the result.

The steps are, in this order: read the data, compute the features (or read them from the cache), split the
examples, fit the head, fine-tune if the user wants it, evaluate, and write the SavedModel, TFLite file,
labels, card and report.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tensorflow_hub.client.measurements import write_figures
from tensorflow_hub.loading.garbage_collection import existing_objects_frozen
from tensorflow_hub.tools.bulk.outputs import require_free
from tensorflow_hub.tools.datasets.examples import Dataset, require_classes
from tensorflow_hub.tools.datasets.image_folder import read_images
from tensorflow_hub.tools.datasets.text_table import read_texts
from tensorflow_hub.tools.labelling import LABELS_FILE
from tensorflow_hub.tools.retrain.card import card_text, model_name, require_name
from tensorflow_hub.tools.retrain.classifier import Classifier, write_saved_model, write_tflite
from tensorflow_hub.tools.retrain.fine_tuning import fine_tune
from tensorflow_hub.tools.retrain.metrics import evaluate
from tensorflow_hub.tools.retrain.options import Options
from tensorflow_hub.tools.retrain.outcome import Outcome
from tensorflow_hub.tools.retrain.preparing import Clock, prepare
from tensorflow_hub.tools.retrain.report import report_html
from tensorflow_hub.tools.retrain.solving import more_data_curve, solve_head

# The prefix of the temporary folder of a run.
_UNFINISHED = ".retrain-"


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
      output: the folder to write: `model/` (a SavedModel that takes the bytes of image files), `labels.txt`,
        `card.md`, `report.html`, `metrics.json`, `measurements.json`, and `model.tflite` for `tflite=True`.
      image_column: the table's column of paths; default `image`, `path`, `file`, `filename`, `image_path`.
      label_column: the column of labels; default `label`, `labels`, `class`, `category`, `sentiment`.
      **options: fields of `Options`: `test=0.2`, `tflite=True`, `fine_tune=True`, …

    Returns:
      The measurements of the run; `.accuracy` is the accuracy with its interval.

    Raises:
      DataError: the data or the options cannot be used.
      ModuleError: the module does not compute a feature vector of images.

    Example:
      outcome = hub.tools.retrain_image("photos", "zoo/efficientnet-lite0/feature-vector/1", "my_model")
      print(outcome.accuracy)  # on the test examples, with its interval
    """
    read = functools.partial(read_images, Path(data), image_column=image_column, label_column=label_column)
    return _retrain(read, module, Path(output), Options(**options))


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
      text_column: the column of texts; default `text`, `sentence`, `review`, `content`, `comment`, `title`.
      label_column: the column of labels; default `label`, `labels`, `class`, `category`, `sentiment`.
      **options: fields of `Options`.

    Returns:
      The measurements of the run; `.accuracy` is the accuracy with its interval.

    Raises:
      DataError: the data or the options cannot be used.
      ModuleError: the module does not compute an embedding of texts.

    Example:
      outcome = hub.tools.retrain_text("reviews.csv", "zoo/word-vectors-en/tf2/1", "my_model")
    """
    read = functools.partial(read_texts, Path(data), text_column=text_column, label_column=label_column)
    return _retrain(read, module, Path(output), Options(**options))


@existing_objects_frozen()
def _retrain(read: Callable[..., Dataset], module: str, output: Path, options: Options) -> Outcome:
    clock = Clock()
    dataset = read(multi_label=options.multi_label)
    clock.lap("reading the data")
    require_classes(dataset)
    require_name(options.name)
    require_free(output, [LABELS_FILE], f"{_UNFINISHED}*", options.overwrite)
    with _whole_result(output) as folder:
        outcome = dataclasses.replace(_trained(dataset, module, folder, clock, options), output=output)
        (folder / "card.md").write_text(card_text(outcome, model_name(outcome)), encoding="utf-8")
        (folder / "report.html").write_text(report_html(outcome), encoding="utf-8")
        clock.lap("writing the report")
        write_figures(folder / "measurements.json", outcome.figures(folder / "model"))
        (folder / "metrics.json").write_text(json.dumps(outcome.to_dict(), indent=2), encoding="utf-8")
    return outcome


def _trained(dataset: Dataset, module: str, folder: Path, clock: Clock, options: Options) -> Outcome:
    prepared = prepare(dataset, module, options, clock)
    head, solution = solve_head(prepared)
    more_data = more_data_curve(prepared, solution.penalty)
    clock.lap("solving the head")

    labels_file = folder / LABELS_FILE
    labels_file.write_text("".join(f"{label}\n" for label in prepared.labels), encoding="utf-8")
    classifier, tuning = Classifier(prepared.encoder, head, prepared.labels, labels_file), None
    scores = head.probabilities(prepared.features.matrix[prepared.measured])
    if options.fine_tune:
        tuning, scores = fine_tune(classifier, prepared)
        clock.lap("fine-tuning")
    write_saved_model(classifier, folder / "model")
    clock.lap("writing the SavedModel")
    if options.tflite:
        write_tflite(classifier, folder / "model.tflite")
        clock.lap("writing the TFLite file")
    evaluation = evaluate(scores, prepared.targets[prepared.measured], prepared.labels, options.multi_label)
    return Outcome(
        dataset=prepared.dataset,
        labels=prepared.labels,
        module=module,
        digest=prepared.encoder.module.digest,
        dimension=prepared.encoder.dimension,
        image_size=prepared.encoder.image_size,
        options=options,
        splits=prepared.splits,
        fit=solution,
        fine_tuning=tuning,
        measured_on="test" if len(prepared.splits.test) else "validation",
        evaluation=evaluation,
        scores=scores,
        measured=tuple(prepared.features.examples[i] for i in prepared.measured),
        more_data=more_data,
        features=prepared.features,
        seconds=clock.laps,
        output=folder,
    )


@contextlib.contextmanager
def _whole_result(output: Path) -> Iterator[Path]:
    """Opens a folder to write to. At the end its files replace an earlier result in `output`.

    An interrupted run does not change the earlier result. So model and figures always belong to the same run.
    """
    existed = output.is_dir()
    output.mkdir(parents=True, exist_ok=True)
    for left in output.glob(f"{_UNFINISHED}*"):  # of a run that was killed
        shutil.rmtree(left, ignore_errors=True)
    try:
        with tempfile.TemporaryDirectory(
            dir=output, prefix=_UNFINISHED, ignore_cleanup_errors=True
        ) as folder:
            yield Path(folder)
            shutil.rmtree(output / "model", ignore_errors=True)
            (output / "model.tflite").unlink(missing_ok=True)
            for path in Path(folder).iterdir():
                path.replace(output / path.name)
    finally:
        if not existed:
            with contextlib.suppress(OSError):  # the folder is not empty
                output.rmdir()
