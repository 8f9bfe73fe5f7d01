"""`hub.KerasLayer`, for Keras 3 and for Keras 2.

The two Kerases do not take each other's layers, so there are two classes of one name:
`keras_layer.keras3.KerasLayer` and `keras_layer.keras2.KerasLayer`. The name `KerasLayer` here, and in
`tensorflow_hub`, is the one that fits `tf.keras` in this process; see `keras_layer.choice`.
"""

from __future__ import annotations

import importlib
from typing import Any

__all__ = ["KerasLayer"]


def __getattr__(name: str) -> Any:
    if name != "KerasLayer":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from tensorflow_hub.keras_layer.choice import half_of_tf_keras

    value = importlib.import_module(f"{__name__}.{half_of_tf_keras()}").KerasLayer
    globals()[name] = value
    return value
