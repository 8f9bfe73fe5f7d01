"""Symbolic tensors of Keras 3, converted to and from `tf.TypeSpec`."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from tensorflow_hub.errors import InputError


class NoTensor(keras.KerasTensor):  # type: ignore[misc]
    """Replaces None in the outputs of a symbolic call, because Keras allows only tensors there."""


def spec_of_symbol(symbol: Any) -> tf.TypeSpec:
    """The `tf.TypeSpec` of a symbolic tensor."""
    if getattr(symbol, "ragged", False):
        return tf.RaggedTensorSpec(symbol.shape, symbol.dtype, symbol.ragged_rank or 1)
    if getattr(symbol, "sparse", False):
        return tf.SparseTensorSpec(symbol.shape, symbol.dtype)
    return tf.TensorSpec(symbol.shape, symbol.dtype)


def symbol_of_spec(spec: Any) -> keras.KerasTensor:
    """A symbolic tensor with a `tf.TypeSpec`.

    Raises:
      InputError: the rank is not known.
    """
    if spec == tf.type_spec_from_value(None):
        return NoTensor(())
    if spec.shape.rank is None:
        raise InputError(
            "Expected an output of known rank for a symbolic call of Keras 3, got one of unknown shape.",
            hint="Pass output_shape=…, the shape without the batch size.",
        )
    kind: dict[str, Any] = {}
    if isinstance(spec, tf.RaggedTensorSpec):
        kind = {"ragged": True, "ragged_rank": spec.ragged_rank}
    elif isinstance(spec, tf.SparseTensorSpec):
        kind = {"sparse": True}
    return keras.KerasTensor(tuple(spec.shape), dtype=spec.dtype.name, **kind)
