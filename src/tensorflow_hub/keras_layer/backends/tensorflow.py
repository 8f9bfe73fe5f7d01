"""Keras on TensorFlow: the variables of the module are the weights of the layer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras

from tensorflow_hub.internals.keras3 import ExistingVariable
from tensorflow_hub.internals.variables import make_trainable
from tensorflow_hub.keras_layer.backends.backend import Backend, weight_name
from tensorflow_hub.keras_layer.layer_module import LayerModule
from tensorflow_hub.loading.training_argument import apply_for


class OnTensorFlow(Backend):
    """Calls the module directly.

    `supports_jit` is False, because XLA does not support ops of many modules (tables, strings, loops of
    TensorFlow 1).
    On CPUs, networks (MobileNetV2, ResNet50) were four to seven times slower with XLA.
    """

    def weight(self, variable: Any, trainable: bool) -> keras.Variable:
        """The variable itself, wrapped as a Keras variable."""
        if trainable:
            make_trainable(variable)
        return ExistingVariable(variable, trainable, weight_name(variable))

    def call_on_values(self, layer: Any, inputs: Any, call: Callable[[Any], Any]) -> Any:
        """Converts the inputs to tensors of the traced dtypes and shapes, and calls the layer."""
        return call(self._module.convert_inputs(inputs))

    def call(self, layer: Any, inputs: Any, training: Any) -> Any:
        """Calls the module."""

        def apply(training: bool) -> Any:
            weights = [getattr(weight, "hub_variable", weight) for weight in layer.own_weights()]
            return self._module.apply(
                inputs,
                training=training and layer.trainable,
                weights=weights,
                dtype=layer.output_dtype,
            )

        return apply_for(training, apply)


def backend_for(module: LayerModule) -> Backend:
    """The backend for a layer with Keras on TensorFlow."""
    return OnTensorFlow(module)
