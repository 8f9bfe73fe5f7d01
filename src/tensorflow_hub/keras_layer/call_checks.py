"""Checks of the arguments of a layer's call: tensors of the other Keras, a second input, keywords."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Collection
from typing import Any

import tensorflow as tf

from tensorflow_hub.errors import InputError, ModeError
from tensorflow_hub.loading.training_argument import check_training

# Package of Keras → the import statement for its models.
_IMPORT_FOR = {
    "keras": "from tensorflow_hub.keras_layer.keras3 import KerasLayer",
    "tf_keras": "from tensorflow_hub.keras_layer.keras2 import KerasLayer",
}


def check_call(own: str, inputs: Any, training: Any) -> None:
    """Checks the arguments of a call of a layer.

    Args:
      own: the package of Keras that the layer belongs to: "keras" or "tf_keras".
      inputs: the inputs of the call.
      training: the argument `training` of the call.

    Raises:
      ModeError: an input is a symbolic tensor of the other package of Keras.
      InputError: `training` is not a bool.
    """
    for leaf in tf.nest.flatten(inputs):
        if any(package != own for package in _packages_of_symbol(leaf)):
            other = _other(own)
            raise ModeError(
                f"Expected a symbolic tensor of {own} as input of this layer of {own}, got one of {other}.",
                hint=f"Write `{_IMPORT_FOR[other]}` for models of {other}, or use only {own}. "
                "With TF_USE_LEGACY_KERAS=1, tf.keras and hub.KerasLayer are both those of Keras 2.",
            )
    check_training(training, "layer")


def check_keywords(call: Callable[..., Any], inputs: Any, given: Collection[str]) -> None:
    """Checks that no inputs of the module were passed as keyword arguments of a call.

    Args:
      call: the method `call` of the layer.
      inputs: the positional argument; None if there was none.
      given: the names of the keyword arguments.

    Raises:
      InputError: `call` has no parameters with some of these names.
    """
    if not set(given) - {"training"}:
        return
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


def layer_repr(own: str, name: str, handle: Any) -> str:
    """The `repr` of a layer. The other version of Keras shows it in its error about this layer."""
    both = {"keras", "tf_keras"} <= sys.modules.keys()
    other = _other(own)
    note = f", a layer of {own}; for models of {other}: {_IMPORT_FOR[other]}" if both else ""
    return f"<KerasLayer name={name}, handle={handle!r:.200}{note}>"


def _other(own: str) -> str:
    return "keras" if own == "tf_keras" else "tf_keras"


def _packages_of_symbol(value: Any) -> list[str]:
    """The packages of Keras that define the class of a symbolic tensor; empty for other values."""
    kinds = [kind for kind in type(value).__mro__ if kind.__name__ == "KerasTensor"]
    return [kind.__module__.split(".")[0] for kind in kinds]
