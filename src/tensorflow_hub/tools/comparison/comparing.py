"""Compares modules. Each is measured in a process of its own, with the same split of the same examples."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tensorflow_hub.errors import DataError
from tensorflow_hub.progress import OnProgress, ignore_progress
from tensorflow_hub.tools.comparison.measuring import Measurement, read_dataset
from tensorflow_hub.tools.datasets.examples import require_classes, require_several
from tensorflow_hub.tools.report.charts import Series, chart
from tensorflow_hub.tools.report.pages import render, svg
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
    def best(self) -> Measurement | None:
        """The most accurate module; None if no module could be measured."""
        measured = [m for m in self.measurements if m.problem is None and m.accuracy.trials]
        return max(measured, key=lambda m: m.accuracy.value, default=None)

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {"data": self.data, "modules": [m.to_dict() for m in self.measurements]}


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
    """One self-contained HTML page with the table and the plot."""
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
        return Measurement.from_dict(json.loads(process.stdout))
    except ValueError:
        last = (process.stderr.strip().splitlines() or ["it printed no error"])[-1]
        reason = f"The process of the measurement ended with code {process.returncode}: {last}"
        return Measurement(module, problem=reason)
