"""The Keras 3 layer where Keras runs on JAX or PyTorch: TensorFlow works behind it, on the CPU.

The module is applied, and layers after it train. Its own weights stay as they are, and no gradient passes
through it to layers before. On JAX, a layer made with `trainable=True` is fine-tuned: see `jax_function`.
"""

from __future__ import annotations

import functools
import importlib
import warnings
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tensorflow_hub.errors import ModeError, UnsupportedFeatureError


def backend() -> str:
    """The backend of Keras: "tensorflow", "jax", "torch", …."""
    return str(keras.backend.backend())


@functools.cache
def announce() -> None:
    """Says, once, what runs the modules."""
    warnings.warn(
        f"hub.KerasLayer runs modules with TensorFlow on the CPU beside Keras on {backend()}: for inference "
        "and for training the layers after it.",
        stacklevel=2,
    )


def refuse_training(handle: Any) -> None:
    """Raises ModeError: no gradient passes from this backend into TensorFlow."""
    raise ModeError(
        f"Expected trainable=False for {handle!r} with Keras on {backend()}, got trainable=True.",
        hint="Keep the module as it is, or fine-tune it with KERAS_BACKEND=tensorflow or jax.",
    )


def apply(function: Callable[[Any], Any], trace: Callable[[Any], Any], inputs: Any) -> Any:
    """Calls a function of TensorFlow on tensors of the backend of Keras, and gives such tensors.

    Args:
      function: from tensors of TensorFlow to tensors.
      trace: from specs of inputs to specs of outputs.
      inputs: tensors of the backend, arrays, or lists of values.
    """

    def on_host(given: Any) -> Any:
        with tf.device("CPU:0"):
            outputs = function(keras.tree.map_structure(_as_array, given))
        return tf.nest.map_structure(_numpy, outputs)

    if backend() == "jax":
        jax = importlib.import_module("jax")
        if any(isinstance(leaf, jax.core.Tracer) for leaf in keras.tree.flatten(inputs)):
            specs = trace(keras.tree.map_structure(lambda x: tf.TensorSpec(x.shape, str(x.dtype)), inputs))
            shapes = tf.nest.map_structure(
                lambda spec: jax.ShapeDtypeStruct(tuple(spec.shape), spec.dtype.as_numpy_dtype), specs
            )
            frozen = keras.tree.map_structure(jax.lax.stop_gradient, inputs)
            return jax.pure_callback(on_host, shapes, frozen, vmap_method="sequential")
    return keras.tree.map_structure(keras.ops.convert_to_tensor, on_host(inputs))


def _as_array(value: Any) -> Any:
    return np.asarray(keras.ops.convert_to_numpy(value)) if keras.ops.is_tensor(value) else value


def _numpy(output: Any) -> Any:
    if not isinstance(output, tf.Tensor) or output.dtype == tf.string:
        raise UnsupportedFeatureError(
            f"Expected a module that gives numbers with Keras on {backend()}, got {output.dtype.name}.",
            hint="Set KERAS_BACKEND=tensorflow, or apply the module with hub.load before the model.",
        )
    return output.numpy()
