"""The results of a comparison as figures, which can be attached to the modules on a hub."""

from __future__ import annotations

from pathlib import Path

from tensorflow_hub import __version__
from tensorflow_hub.client.measurements import Figures
from tensorflow_hub.tools.comparison.comparing import Comparison


def figures_of(
    comparison: Comparison, dataset: str | None = None, dataset_url: str = ""
) -> list[tuple[str, Figures]]:
    """Returns pairs of the handle of a module and its figures, for all modules that were measured.

    Args:
      comparison: the comparison.
      dataset: the name of the dataset; None for the name of its file or folder.
      dataset_url: the URL of the dataset.
    """
    found = []
    for one in comparison.measurements:
        if one.problem is not None or not one.accuracy.trials:
            continue
        low, high = one.accuracy.interval
        figures = Figures(
            dataset=dataset or Path(comparison.data).resolve().name,
            metric=comparison.metric,
            value=one.accuracy.value,
            task=comparison.task,
            low=low,
            high=high,
            examples=one.accuracy.trials,
            examples_per_second=one.examples_per_second,
            machine=one.machine,
            size=one.size,
            dataset_url=dataset_url,
            dataset_digest=comparison.data_digest,
            digest=one.digest,
            tool=f"tfhub compare {__version__}, a linear head on the features",
        )
        found.append((one.module, figures))
    return found
