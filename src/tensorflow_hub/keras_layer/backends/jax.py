"""Keras on JAX: modules run in TensorFlow on the CPU, or are converted to JAX so that they can be trained."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import keras
import tensorflow as tf

from tensorflow_hub.keras_layer.backends.backend import Backend, weight_name
from tensorflow_hub.keras_layer.backends.jax_function import JaxFunction
from tensorflow_hub.keras_layer.backends.on_host import OnHost
from tensorflow_hub.keras_layer.layer_module import LayerModule
from tensorflow_hub.keras_layer.losses import LossWhileTrainable


class OnHostFromJax(OnHost):
    """Runs the module in TensorFlow on the CPU, also when a function that JAX compiles calls it."""

    supports_jit = True

    def call(self, layer: Any, inputs: Any, training: Any) -> Any:
        """The outputs. A function that JAX compiles calls TensorFlow through `jax.pure_callback`."""
        if not any(isinstance(leaf, jax.core.Tracer) for leaf in keras.tree.flatten(inputs)):
            return super().call(layer, inputs, training)
        dtype = layer.output_dtype
        specs = keras.tree.map_structure(lambda x: tf.TensorSpec(x.shape, str(x.dtype)), inputs)
        shapes = tf.nest.map_structure(
            lambda spec: jax.ShapeDtypeStruct(tuple(spec.shape), spec.dtype.as_numpy_dtype),
            self._module.output_specs(specs, dtype),
        )
        frozen = keras.tree.map_structure(jax.lax.stop_gradient, inputs)
        return jax.pure_callback(
            lambda given: self.on_host(given, dtype), shapes, frozen, vmap_method="sequential"
        )


class ConvertedToJax(Backend):
    """Runs the module in JAX, with copies of its variables that can be trained."""

    supports_jit = True

    def __init__(self, module: LayerModule) -> None:
        super().__init__(module)
        self._functions = {training: self._function(training) for training in (False, True)}
        self._losses: dict[Any, JaxFunction] = {}

    def _function(self, training: bool) -> JaxFunction:
        return JaxFunction(
            lambda inputs: self._module.apply(inputs, training=training), self._module.options.handle
        )

    def prepare(self, layer: Any) -> None:
        """Adds a generator of random seeds, for dropout."""
        layer.hub_seed = keras.random.SeedGenerator()

    def weight(self, variable: Any, trainable: bool) -> keras.Variable:
        """A copy of the variable."""
        copy = keras.Variable(
            variable.numpy(), trainable=trainable, autocast=False, name=weight_name(variable)
        )
        copy.hub_variable = variable
        return copy

    def call_on_values(self, layer: Any, inputs: Any, call: Callable[[Any], Any]) -> Any:
        """Calls the layer on arrays of JAX."""
        return call(keras.tree.map_structure(keras.ops.convert_to_tensor, inputs))

    def call(self, layer: Any, inputs: Any, training: Any) -> Any:
        """Calls the converted function."""
        return self._run(layer, self._functions[bool(training and layer.trainable)], (inputs,))

    def loss(self, layer: Any, loss: LossWhileTrainable) -> Any:
        """The loss, computed in JAX."""
        if loss.loss not in self._losses:
            self._losses[loss.loss] = JaxFunction(loss.loss, self._module.options.handle)
        return self._run(layer, self._losses[loss.loss], ())

    def loaded(self, layer: Any) -> Any:
        """The loaded object, after assigning the layer's weights to its variables."""
        for weight in _copies(layer).values():
            weight.hub_variable.assign(weight.numpy())
        return self._module.loaded

    def _run(self, layer: Any, function: JaxFunction, inputs: tuple[Any, ...]) -> Any:
        weights = _copies(layer)
        values = {key: weight.value for key, weight in weights.items()}
        outputs, assigned = function(inputs, values, layer.hub_seed.next())
        for variable, value in assigned:
            weights[id(variable)].assign(value)
        return outputs


def backend_for(module: LayerModule) -> Backend:
    """Converts the module to JAX if the layer is trainable."""
    return ConvertedToJax(module) if module.options.is_trainable else OnHostFromJax(module)


def _copies(layer: Any) -> dict[int, Any]:
    """Id of a variable of the module → the weight that is a copy of it."""
    return {id(w.hub_variable): w for w in layer.own_weights() if hasattr(w, "hub_variable")}
