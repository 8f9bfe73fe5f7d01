"""Running modules in TensorFlow on the host (CPU), for Keras on another backend.

Layers after the module can be trained. The module itself cannot be trained, and layers before it get no
gradients.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tensorflow_hub.errors import ModeError, UnsupportedFeatureError
from tensorflow_hub.keras_layer.backends.backend import Backend
from tensorflow_hub.keras_layer.layer_module import LayerModule


@functools.cache
def _warn_once(backend: str) -> None:
    """Warns once in a process that modules run in TensorFlow."""
    warnings.warn(
        f"With Keras on {backend}, hub.KerasLayer runs modules in TensorFlow on the CPU: for inference "
        "and for training the layers after it.",
        stacklevel=2,
    )


class OnHost(Backend):
    """Runs the module in TensorFlow on the CPU.

    Raises:
      ModeError: the layer is trainable.
    """

    def __init__(self, module: LayerModule) -> None:
        super().__init__(module)
        backend = keras.backend.backend()
        _warn_once(backend)
        if module.options.is_trainable:
            raise ModeError(
                f"Expected trainable=False for {module.options.handle!r} with Keras on {backend}, "
                "got trainable=True.",
                hint="Pass trainable=False, or fine-tune the module with KERAS_BACKEND=tensorflow or jax.",
            )

    def weight(self, variable: Any, trainable: bool) -> None:
        """Returns None, because the variables of the module are not weights of the layer."""

    def call_on_values(self, layer: Any, inputs: Any, call: Callable[[Any], Any]) -> Any:
        """Calls the module directly, because Keras cannot trace TensorFlow."""
        return self.call(layer, inputs, False)

    def call(self, layer: Any, inputs: Any, training: Any) -> Any:
        """The outputs as tensors of the backend."""
        outputs = self.on_host(inputs, layer.output_dtype)
        return keras.tree.map_structure(keras.ops.convert_to_tensor, outputs)

    def on_host(self, inputs: Any, dtype: str) -> Any:
        """Runs the module on tensors of the backend or arrays. Returns NumPy arrays."""
        with tf.device("CPU:0"):
            given = keras.tree.map_structure(_as_array, inputs)
            outputs = self._module.apply(given, training=False, dtype=dtype)
        return tf.nest.map_structure(_numpy, outputs)


def backend_for(module: LayerModule) -> Backend:
    """The backend for a layer with Keras on any other backend than TensorFlow."""
    return OnHost(module)


def _as_array(value: Any) -> Any:
    return np.asarray(keras.ops.convert_to_numpy(value)) if keras.ops.is_tensor(value) else value


def _numpy(output: Any) -> Any:
    if not isinstance(output, tf.Tensor) or output.dtype == tf.string:
        raise UnsupportedFeatureError(
            f"Expected a module that returns numbers with Keras on {keras.backend.backend()}, "
            f"got an output of {getattr(getattr(output, 'dtype', None), 'name', type(output).__name__)}.",
            hint="Set KERAS_BACKEND=tensorflow, or apply the module with hub.load before the model.",
        )
    return output.numpy()
