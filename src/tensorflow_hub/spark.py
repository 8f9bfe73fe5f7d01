"""`hub.spark`: modules in Apache Spark, as functions of columns and of data frames (extra `spark`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tensorflow_hub.tools.bulk.spark_columns import apply, udf

__all__ = ["apply", "udf"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module("tensorflow_hub.tools.bulk.spark_columns"), name)
