"""Calls of a layer that cannot be meant: with inputs of the other Keras, or with a second input."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Collection
from typing import Any

import tensorflow as tf

from tensorflow_hub.errors import InputError, ModeError
from tensorflow_hub.loading.training import check_training

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
    check_training(training, "layer")


def check_keywords(call: Callable[..., Any], inputs: Any, given: Collection[str]) -> None:
    """Checks the keyword arguments of a call of a layer: inputs are no such arguments.

    Args:
      call: the method `call` of the layer.
      inputs: as given; None where none are.
      given: the names.

    Raises:
      InputError: `call` does not take some of them.
    """
    if not set(given) - {"training"}:
        return  # as most calls
    parameters = inspect.signature(call).parameters
    takes_all = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values())
    unknown = [name for name in given if name not in parameters]
    if unknown and not takes_all:
        names = [*(["x"] if inputs is not None else []), *unknown]
        example = ", ".join(f"{name!r}: {name}" for name in names)
        raise InputError(
            f"Expected the inputs of a layer as one value, got the keyword arguments {unknown}.",
            hint=f"Pass several inputs as one dict, by the names of the module: layer({{{example}}}); other "
            "arguments of the module go into KerasLayer(…, arguments={…}).",
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
