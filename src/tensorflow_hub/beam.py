"""`hub.beam`: modules in Apache Beam pipelines (extra `beam`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tensorflow_hub.tools.bulk.beam_transform import ApplyModule

__all__ = ["ApplyModule"]


def __getattr__(name: str) -> Any:
    if name != "ApplyModule":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return importlib.import_module("tensorflow_hub.tools.bulk.beam_transform").ApplyModule
