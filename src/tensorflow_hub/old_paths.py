"""Modules of tensorflow-hub 0.x that programs import names from: they forward the names that still exist.

`tensorflow_hub.module`, `.estimator`, `.feature_column` and so on are files of a few lines that call
`forward`. The page *Move from tensorflow-hub 0.12 to 0.16* lists what is no longer in them.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any


def forward(module: str, *names: str) -> Callable[[str], Any]:
    """Makes the `__getattr__` of a module that forwards names to `tensorflow_hub`.

    Args:
      module: the name of the module.
      names: the public names to forward.

    >>> forward("tensorflow_hub.version", "__version__")("__version__") == importlib.import_module(
    ...     "tensorflow_hub"
    ... ).__version__
    True
    """

    def get(name: str) -> Any:
        if name in names:
            return getattr(importlib.import_module("tensorflow_hub"), name)
        raise AttributeError(
            f"module {module!r} has no attribute {name!r}. This path is kept for programs of "
            "tensorflow-hub 0.x. The page *Move from tensorflow-hub 0.12 to 0.16* lists what replaces it."
        )

    return get
