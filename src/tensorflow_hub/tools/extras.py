"""Imports packages that belong to an extra of the distribution."""

from __future__ import annotations

import importlib
from typing import Any

from tensorflow_hub.errors import MissingDependencyError


def require(module: str, extra: str = "tools") -> Any:
    """Imports a package that belongs to an extra.

    Raises:
      MissingDependencyError: it is not installed. The message says what to install.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MissingDependencyError(
            f"The package {module.split('.', maxsplit=1)[0]!r} is not installed.",
            hint=f"Install it: `pip install 'tensorflow-hub[{extra}]'`.",
        ) from error
