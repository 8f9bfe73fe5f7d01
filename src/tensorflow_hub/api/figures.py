"""What was measured of a model: what a client sends and a hub keeps."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class Figures:
    """What was measured, on what.

    Attributes:
      dataset: its name.
      metric: its name, for example `"accuracy"`.
      value: of the metric.
      task: what was solved, for example `"text-classification"`; "" where that is not known.
      higher_is_better: whether a larger value is a better one.
      low: the lower end of the confidence interval; None without one.
      high: the upper end.
      examples: how many of the dataset were measured on.
      examples_per_second: how many the model computed in a second.
      machine: on which machine, in words.
      size: bytes of the files that were measured.
      dataset_url: where the dataset is.
      dataset_digest: of its content: `"sha256:…"`; "" where that is not known.
      tool: the program that measured, with its version.
      digest: of the model's content: a hub refuses what was measured of other content than the version's, and
        keeps no digest; "" where that is not known.
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
