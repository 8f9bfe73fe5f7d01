"""Loads a module and calls it: every tool does it here.

`choose_calls` (in `format/module/calls.py`) chooses the signature by the module's description.
`ModuleCallable`, which Keras layers use too, fits the inputs and calls the object or the signature.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from tensorflow_hub.errors import HubError, ModuleError
from tensorflow_hub.format.module.calls import ModuleCall
from tensorflow_hub.keras_layer.module_callable import ModuleCallable
from tensorflow_hub.keras_layer.options import LayerOptions
from tensorflow_hub.loading.load import load
from tensorflow_hub.tools.tensorflow_errors import first_line

# (inputs, whether the call is for training) → the outputs of the module.
Function = Callable[[Any, bool], Any]


class LoadedModule:
    """A loaded module; its field `loaded` is the object of `hub.load`."""

    def __init__(self, directory: str | os.PathLike[str]) -> None:
        self.loaded: Any = load(directory)
        self._functions: dict[str | None, Function] = {}

    def function(self, call: ModuleCall) -> Function:
        """Returns the function that calls the module with one tensor, or with a dict of tensors by name.

        The outputs of a signature are a dict.
        """
        name = call.signature
        if name not in self._functions:
            options = LayerOptions(
                self.loaded, signature=name, signature_outputs_as_dict=True if name else None
            )
            self._functions[name] = ModuleCallable(self.loaded, options)
        return self._functions[name]

    def apply(self, call: ModuleCall, values: Mapping[str, Any], error: type[ModuleError]) -> Any:
        """Returns the outputs, as TensorFlow's tensors, for NumPy arrays by the names of `call.inputs`.

        If the module cannot be applied to these, it raises an error of the given type.
        """
        tensors = {name: tf.constant(value) for name, value in values.items()}
        try:
            return self.function(call)(tensors[""] if set(tensors) == {""} else tensors, False)
        except tf.errors.ResourceExhaustedError:
            raise
        except (tf.errors.OpError, ValueError, TypeError) as problem:
            said = problem.problem if isinstance(problem, HubError) else first_line(problem)
            raise error(
                f"The module cannot be applied to this: {said.rstrip('.')}.",
                hint="`tfhub check` shows what it takes.",
            ) from problem


def arrays_of(value: Any, name: str = "") -> dict[str, Any]:
    """Returns tensors in any structure as NumPy arrays by name; sparse and ragged ones filled with zeros."""
    if isinstance(value, Mapping):
        items = [(str(key), inner) for key, inner in value.items()]
    elif isinstance(value, (list, tuple)):
        items = [(str(number), inner) for number, inner in enumerate(value)]
    else:
        if isinstance(value, tf.SparseTensor):
            value = tf.sparse.to_dense(value)
        elif isinstance(value, tf.RaggedTensor):
            value = value.to_tensor()
        return {name: np.asarray(value)}
    found: dict[str, Any] = {}
    for key, inner in items:
        found.update(arrays_of(inner, f"{name}.{key}" if name else key))
    return found


def text_of(value: Any) -> str:
    """Returns a text for a value of an output. Bytes that are not UTF-8 are replaced."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
