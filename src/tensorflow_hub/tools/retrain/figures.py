"""The metrics of a run as figures, which are attached to the classifier when it is published."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

from tensorflow_hub import __version__
from tensorflow_hub.client.measurements import Figures
from tensorflow_hub.tools.modules import digest_of
from tensorflow_hub.tools.retrain.outcome import Outcome


def figures_of(outcome: Outcome, model: Path) -> list[Figures]:
    """The accuracy with its interval, and the balanced accuracy; an empty list without measured examples.

    Args:
      outcome: the result of the run.
      model: the folder of the SavedModel.
    """
    if not outcome.measured:
        return []
    low, high = outcome.accuracy.interval
    accuracy = Figures(
        dataset=Path(outcome.dataset.source).resolve().name,
        metric=outcome.dataset.metric,
        value=outcome.accuracy.value,
        task=outcome.dataset.task,
        low=low,
        high=high,
        examples=outcome.accuracy.trials,
        size=sum(path.stat().st_size for path in model.rglob("*") if path.is_file()),
        dataset_digest=outcome.dataset.digest(),
        digest=digest_of(model),
        tool=f"tfhub retrain {__version__}, {outcome.measured_on} examples",
    )
    balanced = outcome.evaluation.balanced_accuracy
    if outcome.dataset.multi_label or math.isnan(balanced):
        return [accuracy]
    other = dataclasses.replace(accuracy, metric="balanced accuracy", value=balanced, low=None, high=None)
    return [accuracy, other]
