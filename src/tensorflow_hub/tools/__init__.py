"""Run, retrain, label, apply in bulk, find neighbours, compare.

    hub.tools.retrain_image("photos", "zoo/efficientnet-lite0/feature-vector/1", "my_model")

The names below are imported when they are first used.
"""

from __future__ import annotations

import importlib
from typing import Any

# Public name → the module of this package that defines it.
_EXPORTS = {
    "Finder": "neighbours.finding",
    "Labeller": "labelling",
    "apply": "bulk.applying",
    "compare": "comparison.comparing",
    "build_neighbours": "neighbours.building",
    "retrain_image": "retrain.training",
    "retrain_text": "retrain.training",
    "run_module": "running.run",
}

__all__ = sorted(_EXPORTS)  # noqa: PLE0605


def __getattr__(name: str) -> Any:
    module = _EXPORTS.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{module}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_EXPORTS})
