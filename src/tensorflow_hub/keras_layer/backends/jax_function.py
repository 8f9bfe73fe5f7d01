"""Conversion of a TensorFlow function to a JAX function, with the package tf2jax."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any

import keras
import tensorflow as tf

from tensorflow_hub.errors import MissingDependencyError, UnsupportedFeatureError
from tensorflow_hub.loading.inlined_function import InlinedFunction


class JaxFunction:
    """Runs a TensorFlow function in JAX. It is converted once for each combination of input shapes.

    Args:
      function: a function from nests of tensors to a nest of tensors. Its variables become arguments of the
        JAX function.
      handle: the handle of the module, for messages.

    Raises:
      MissingDependencyError: tf2jax is not installed.
    """

    def __init__(self, function: Callable[..., Any], handle: Any) -> None:
        try:
            self._tf2jax = importlib.import_module("tf2jax")
        except ImportError as error:
            raise MissingDependencyError(
                f"Fine-tuning {handle!r} with Keras on JAX needs the package tf2jax, which is not installed.",
                hint="Run `pip install tf2jax`, keep trainable=False, or set KERAS_BACKEND=tensorflow.",
            ) from error
        self._function = function
        self._handle = handle
        self._converted: dict[str, tuple[Callable[..., Any], dict[str, Any], Any]] = {}

    def __call__(self, inputs: tuple[Any, ...], values: Mapping[int, Any], rng: Any) -> tuple[Any, list[Any]]:
        """Calls the function.

        Args:
          inputs: the arguments, nests of JAX arrays.
          values: id of a `tf.Variable` → its value as a JAX array.
          rng: a JAX key for random numbers.

        Returns:
          The outputs, and a list of pairs (variable, new value) for the variables that the function assigns.

        Raises:
          UnsupportedFeatureError: tf2jax cannot convert an op of the function.
        """
        specs = keras.tree.map_structure(lambda x: tf.TensorSpec(x.shape, str(x.dtype)), inputs)
        key = str(specs)
        if key not in self._converted:
            self._converted[key] = self._convert(specs)
        function, variables, structure = self._converted[key]
        given = {name: values[id(variable)] for name, variable in variables.items()}
        outputs, after = function(given, *keras.tree.flatten(inputs), rng=rng)
        assigned = [(variables[name], after[name]) for name in given if after[name] is not given[name]]
        return tf.nest.pack_sequence_as(structure, outputs), assigned

    def _convert(self, specs: tuple[Any, ...]) -> tuple[Callable[..., Any], dict[str, Any], Any]:
        """The JAX function, the variable for each of its parameters, and the nesting of the outputs."""
        trace = tf.function(self._function, autograph=False).get_concrete_function(*specs)
        inlined = InlinedFunction(trace)  # tf2jax loses assignments in nested functions
        flat_specs = inlined.input_specs
        flat = tf.function(
            lambda *tensors: inlined.run(tensors)[0], autograph=False, input_signature=flat_specs
        )
        try:
            function, parameters = self._tf2jax.convert(flat, *flat_specs)
            concrete = flat.get_concrete_function()
            by_handle = {variable.handle.ref(): variable for variable in concrete.variables}
            captured = [by_handle[c.ref()] for c in concrete.captured_inputs if c.dtype == tf.resource]
        except (ValueError, KeyError, TypeError, NotImplementedError, AttributeError) as error:
            raise UnsupportedFeatureError(
                f"Expected a module that tf2jax can convert to JAX, but {self._handle!r} has operations that "
                f"it cannot convert: {str(error).strip()[:500] or type(error).__name__}",
                hint="Keep trainable=False, or set KERAS_BACKEND=tensorflow to fine-tune this module.",
            ) from error
        return function, dict(zip(parameters, captured, strict=True)), trace.structured_outputs
