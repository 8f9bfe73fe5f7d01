"""Keras on TensorFlow: the module's variables are the layer's weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras

from tensorflow_hub.internals.keras3 import AdoptedVariable
from tensorflow_hub.internals.variables import make_trainable
from tensorflow_hub.keras_layer.backends.backend import Backend, weight_name
from tensorflow_hub.keras_layer.layer_module import LayerModule
from tensorflow_hub.loading.training import apply_for


class OnTensorFlow(Backend):
    """Calls the module as it is.

    `supports_jit` is False: XLA lacks ops that modules have (tables, texts, loops of TensorFlow 1), and on
    CPUs it ran networks (MobileNetV2, ResNet50) four to seven times slower than TensorFlow itself.
    """

    def weight(self, variable: Any, trainable: bool) -> keras.Variable:
        """The variable itself, as one of Keras."""
        if trainable:
            make_trainable(variable)
        return AdoptedVariable(variable, trainable, weight_name(variable))

    def call_on_values(self, layer: Any, inputs: Any, call: Callable[[Any], Any]) -> Any:
        """Calls the layer on tensors that fit the module."""
        return call(self._module.fit(inputs))

    def call(self, layer: Any, inputs: Any, training: Any) -> Any:
        """Calls the module; for training only while the layer is trainable."""

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
    """Keras on TensorFlow."""
    return OnTensorFlow(module)
