"""`hub.KerasLayer`, for Keras 3 and for Keras 2.

Models of Keras 3 do not accept layers of Keras 2, and the other way round. So there are two classes:
`keras_layer.keras3.KerasLayer` and `keras_layer.keras2.KerasLayer`. `keras_layer.keras_version` describes
which of them `hub.KerasLayer` is.
"""

from __future__ import annotations

import sys
from typing import Any

__all__ = ["KerasLayer"]


def __getattr__(name: str) -> Any:
    if name != "KerasLayer":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from tensorflow_hub.keras_layer.keras_version import layer_class

    return layer_class(sys._getframe(1))  # not stored here, because another file may get the other class
