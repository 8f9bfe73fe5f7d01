"""Calls of a layer that cannot be meant: with inputs of the other Keras, or with a second input."""

from __future__ import annotations

import sys
from typing import Any

import tensorflow as tf

from tensorflow_hub.errors import InputError, ModeError
from tensorflow_hub.loading.fitting import described

# The line that a program with models of a Keras needs.
_IMPORT_FOR = {
    "keras": "from tensorflow_hub.keras_layer.keras3 import KerasLayer",
    "tf_keras": "from tensorflow_hub.keras_layer.keras2 import KerasLayer",
}


def check_call(own: str, inputs: Any, training: Any) -> None:
    """Checks what a layer is called with.

    Args:
      own: the package of the Keras that it is a layer of: "keras" or "tf_keras".
      inputs: as given.
      training: as given.

    Raises:
      ModeError: the inputs are symbols of the other Keras.
      InputError: `training` is no truth value.
    """
    for leaf in tf.nest.flatten(inputs):
        if any(package != own for package in _packages_of_symbol(leaf)):
            other = _other(own)
            raise ModeError(
                f"Expected an input of the Keras that this layer is one of ({own}), got one of {other}.",
                hint=f"Write `{_IMPORT_FOR[other]}` for models of {other}, or build all with {own}. "
                "TF_USE_LEGACY_KERAS=1 makes both tf.keras and hub.KerasLayer those of Keras 2.",
            )
    rank = training.shape.rank if tf.is_tensor(training) else getattr(training, "ndim", 0)
    if _packages_of_symbol(training) or rank or isinstance(training, (list, tuple, dict, str)):
        raise InputError(
            f"Expected training as True or False, the second argument of a layer, got {described(training)}.",
            hint="Pass several inputs as one list or dict: layer([a, b]).",
        )


def text_of_layer(own: str, name: str, handle: Any) -> str:
    """What a layer is; the other Keras quotes it when it refuses the layer."""
    both = {"keras", "tf_keras"} <= sys.modules.keys()
    other = _other(own)
    note = f", a layer of {own}; for models of {other}: {_IMPORT_FOR[other]}" if both else ""
    return f"<KerasLayer name={name}, handle={handle!r:.200}{note}>"


def _other(own: str) -> str:
    return "keras" if own == "tf_keras" else "tf_keras"


def _packages_of_symbol(value: Any) -> list[str]:
    """The packages that define a symbolic tensor; empty for what is none."""
    kinds = [kind for kind in type(value).__mro__ if kind.__name__ == "KerasTensor"]
    return [kind.__module__.split(".")[0] for kind in kinds]
