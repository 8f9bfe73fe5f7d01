"""The path under which other libraries import `load` and `resolve`."""

from __future__ import annotations

from typing import Any

_NAMES = ("load", "resolve")


def __getattr__(name: str) -> Any:
    if name not in _NAMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import tensorflow_hub

    return getattr(tensorflow_hub, name)
