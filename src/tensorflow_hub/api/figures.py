"""The figures of a measurement, which a client sends and a hub stores."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class Figures:
    """A measurement of a model on a dataset.

    Attributes:
      dataset: the name of the dataset.
      metric: the name of the metric, for example `"accuracy"`.
      value: the value of the metric.
      task: the task, for example `"text-classification"`; "" if unknown.
      higher_is_better: whether a larger value is better.
      low: the lower end of the confidence interval; None without one.
      high: the upper end.
      examples: the number of examples of the dataset that were used.
      examples_per_second: the number of examples that the model computed per second.
      machine: a description of the machine.
      size: size of the measured files, in bytes.
      dataset_url: the URL of the dataset.
      dataset_digest: digest of the dataset's content, `"sha256:…"`; "" if unknown.
      tool: the program that measured, with its version.
      digest: digest of the measured model's content; "" if unknown. A hub refuses the measurement if the
        version has other content. It does not store the digest.
    """

    dataset: str
    metric: str
    value: float
    task: str = ""
    higher_is_better: bool = True
    low: float | None = None
    high: float | None = None
    examples: int | None = None
    examples_per_second: float | None = None
    machine: str = ""
    size: int | None = None
    dataset_url: str = ""
    dataset_digest: str = ""
    tool: str = ""
    digest: str = ""


# The fields that a hub stores, in the order of the arguments.
STORED_FIELDS = tuple(field.name for field in dataclasses.fields(Figures) if field.name != "digest")
