"""Conversion of symbolic tensors of Keras 3 (`keras.KerasTensor`) to and from `tf.TypeSpec`."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from tensorflow_hub.errors import InputError


class SymbolicNone(keras.KerasTensor):  # type: ignore[misc]
    """Stands for None in the outputs of a symbolic call, because Keras allows only tensors there."""


def spec_of_keras_tensor(tensor: Any) -> tf.TypeSpec:
    """The `tf.TypeSpec` of a symbolic tensor."""
    if getattr(tensor, "ragged", False):
        return tf.RaggedTensorSpec(tensor.shape, tensor.dtype, tensor.ragged_rank or 1)
    if getattr(tensor, "sparse", False):
        return tf.SparseTensorSpec(tensor.shape, tensor.dtype)
    return tf.TensorSpec(tensor.shape, tensor.dtype)


def keras_tensor_of_spec(spec: Any) -> keras.KerasTensor:
    """A symbolic tensor of the type of a `tf.TypeSpec`.

    Raises:
      InputError: the rank is not known.
    """
    if spec == tf.type_spec_from_value(None):
        return SymbolicNone(())
    if spec.shape.rank is None:
        raise InputError(
            "Expected an output of known rank for a symbolic call of Keras 3, got one of unknown shape.",
            hint="Pass output_shape=… to hub.KerasLayer: the shape without the batch size.",
        )
    kind: dict[str, Any] = {}
    if isinstance(spec, tf.RaggedTensorSpec):
        kind = {"ragged": True, "ragged_rank": spec.ragged_rank}
    elif isinstance(spec, tf.SparseTensorSpec):
        kind = {"sparse": True}
    return keras.KerasTensor(tuple(spec.shape), dtype=spec.dtype.name, **kind)
