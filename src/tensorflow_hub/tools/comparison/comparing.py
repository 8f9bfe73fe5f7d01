"""Compares modules on one dataset. Each is measured in a process of its own, with the same split."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tensorflow_hub import __version__
from tensorflow_hub.client.measurements import Figures
from tensorflow_hub.errors import DataError
from tensorflow_hub.progress import OnProgress, ignore_progress
from tensorflow_hub.tools.comparison.measuring import Measurement, read_dataset
from tensorflow_hub.tools.datasets.examples import require_classes, require_several
from tensorflow_hub.tools.report.charts import Series, chart
from tensorflow_hub.tools.report.pages import render, svg
from tensorflow_hub.tools.retrain.metrics import Share
from tensorflow_hub.tools.retrain.options import Options


@dataclasses.dataclass(frozen=True)
class Comparison:
    """The measurements of several modules.

    Attributes:
      data: the path of the dataset.
      measurements: one for each module, in the order of the handles.
      task: the task of the classifiers, for example `"text-classification"`.
      data_digest: the digest of the examples and their labels.
      metric: the name of the accuracy: `accuracy`, or `exact match` for multi-label data.
    """

    data: str
    measurements: tuple[Measurement, ...]
    task: str = ""
    data_digest: str = ""
    metric: str = "accuracy"

    @property
    def measured(self) -> list[Measurement]:
        """The modules that could be measured on one example or more."""
        return [one for one in self.measurements if one.problem is None and one.accuracy.trials]

    @property
    def best(self) -> Measurement | None:
        """The most accurate module; None if no module could be measured."""
        return max(self.measured, key=lambda m: m.accuracy.value, default=None)

    def to_dict(self) -> dict[str, Any]:
        """Returns a dict for JSON."""
        return {"data": self.data, "modules": [m.to_dict() for m in self.measurements]}

    def figures(self, dataset: str | None = None, dataset_url: str = "") -> Iterator[tuple[str, Figures]]:
        """Yields the handle and the figures of each measured module, to be attached to it on a hub.

        Args:
          dataset: the name of the dataset; None for the name of its file or folder.
          dataset_url: the URL of the dataset.
        """
        for one in self.measured:
            low, high = one.accuracy.interval
            figures = Figures(
                dataset=dataset or Path(self.data).resolve().name,
                metric=self.metric,
                value=one.accuracy.value,
                task=self.task,
                low=low,
                high=high,
                examples=one.accuracy.trials,
                examples_per_second=one.examples_per_second,
                machine=one.machine,
                size=one.size,
                dataset_url=dataset_url,
                dataset_digest=self.data_digest,
                digest=one.digest,
                tool=f"tfhub compare {__version__}, a linear head on the features",
            )
            yield one.module, figures


def compare(
    modules: Sequence[str],
    data: str | os.PathLike[str],
    *,
    image_column: str | None = None,
    text_column: str | None = None,
    label_column: str | None = None,
    preprocessors: Mapping[str, str] | None = None,
    progress: OnProgress | None = None,
    **options: Any,
) -> Comparison:
    """Measures modules on one dataset: the accuracy of a head on their features, speed, size and memory.

    Args:
      modules: the handles of modules that take the same inputs.
      data: a folder or table, as for `retrain_image` or `retrain_text`.
      image_column: the column of paths in a table of images; None for a table of texts.
      text_column: the column of texts.
      label_column: the column of labels.
      preprocessors: for text encoders in two parts, handle → handle of the part that takes strings.
      progress: called with "modules", the number of measured modules, and the number of all.
      **options: options of `retrain_image`: `validation`, `test`, `seed`, `penalty`, `multi_label`, `cache`,
        …

    Returns:
      A `Comparison`: `measurements` has one for each module, and `best` is the most accurate one. If a module
      could not be measured, its `problem` says why.

    Raises:
      DataError: there are no modules, or the data or the options cannot be used.

    Example:
      comparison = hub.tools.compare(["acme/words/1", "acme/sentences/1"], "reviews.csv")
      print(comparison.best.module)
    """
    report = progress or ignore_progress
    require_several(modules, "handles")
    if not modules:
        raise DataError("There are no modules to compare.", hint="Give one handle or more.")
    columns = {"image_column": image_column, "text_column": text_column, "label_column": label_column}
    # Errors in the data are raised here, before any module is measured.
    dataset = read_dataset(os.fspath(data), columns, Options(**options).multi_label)
    require_classes(dataset)
    measurements = []
    for number, module in enumerate(modules):
        report("modules", number, len(modules))
        chosen = {**options, "preprocessor": (preprocessors or {}).get(module)}
        job = {"module": module, "data": os.fspath(data), "columns": columns, "options": chosen}
        measurements.append(_measured_apart(module, job))
    report("modules", len(modules), len(modules))
    return Comparison(os.fspath(data), tuple(measurements), dataset.task, dataset.digest(), dataset.metric)


def comparison_page(comparison: Comparison) -> str:
    """Returns one self-contained HTML page with the table and the plot."""
    points = []
    for one in comparison.measurements:
        if one.problem is None:
            low, high = one.accuracy.interval
            place = (one.examples_per_second, one.accuracy.value)
            points.append(Series(one.module, (place,), (low,), (high,)))
    speed = "examples a second (logarithmic)"
    options = {"percent": True, "markers": True, "log_x": True, "numbered": True}
    drawing = chart("Accuracy by speed", points, speed, "accuracy", **options)  # type: ignore[arg-type]
    return render("comparison.html", comparison=comparison, chart=svg(drawing))


def _measured_apart(module: str, job: Mapping[str, Any]) -> Measurement:
    package_parent = Path(__file__).parents[3]
    path = os.pathsep.join([os.fspath(package_parent), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = {"TF_CPP_MIN_LOG_LEVEL": "2", **os.environ, "PYTHONPATH": path}
    process = subprocess.run(
        [sys.executable, "-m", "tensorflow_hub.tools.comparison.measuring"],
        input=json.dumps(job),
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    try:
        value = json.loads(process.stdout)
        share = Share(value["accuracy"]["hits"], value["accuracy"]["trials"])
        return Measurement(**{**value, "accuracy": share})
    except ValueError:
        last = (process.stderr.strip().splitlines() or ["it printed no error"])[-1]
        reason = f"The process of the measurement ended with code {process.returncode}: {last}"
        return Measurement(module, problem=reason)
