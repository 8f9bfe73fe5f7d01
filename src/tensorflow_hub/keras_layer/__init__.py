"""`hub.KerasLayer`, for Keras 3 and for Keras 2.

The two Kerases do not take each other's layers, so there are two classes of one name:
`keras_layer.keras3.KerasLayer` and `keras_layer.keras2.KerasLayer`. Which of them the name `KerasLayer` means
here, and in `tensorflow_hub`, depends on the file that uses it; see `keras_layer.choice`.
"""

from __future__ import annotations

import sys
from typing import Any

__all__ = ["KerasLayer"]


def __getattr__(name: str) -> Any:
    if name != "KerasLayer":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from tensorflow_hub.keras_layer.choice import layer_class

    return layer_class(sys._getframe(1))  # not kept: another file may mean the other class
