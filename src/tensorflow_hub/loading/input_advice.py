"""Hints for errors about inputs of other types than a callable was traced for: how to convert them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import tensorflow as tf


def advice_for(inputs: Any, spec: Any, *, of_keras: bool = False) -> str:
    """A hint how to convert inputs to the types of a spec: a sentence for each input of another type.

    Args:
      inputs: a tensor, or a nest of tensors.
      spec: the `tf.TypeSpec` of each, in the nesting that the callable takes.
      of_keras: whether the inputs may be symbolic tensors of Keras.

    Returns:
      The sentences; empty if the inputs have the types of the spec, or no simple conversion gives them.
    """
    advice = " ".join(_advice(inputs, spec, ""))
    if of_keras and "tf.cast" in advice:
        advice += " The dtype of an input of a Keras model is set with keras.Input(…, dtype=…)."
    return advice


def _advice(value: Any, spec: Any, name: str) -> Iterator[str]:
    subject = f"Input {name!r}: " if name else ""
    if isinstance(spec, dict):
        yield from _advice_for_dict(value, spec, subject)
    elif isinstance(spec, (list, tuple)):
        if not isinstance(value, (list, tuple)) or len(value) != len(spec):
            yield f"{subject}pass a list of {len(spec)}." if subject else f"Pass a list of {len(spec)}."
            return
        for number, (item, part) in enumerate(zip(value, spec, strict=True)):
            yield from _advice(item, part, f"{name}[{number}]")
    elif isinstance(spec, tf.TypeSpec):
        conversion = _conversion(value, spec)
        if conversion:
            yield f"{subject}{conversion}" if subject else f"{conversion[0].upper()}{conversion[1:]}"


def _advice_for_dict(value: Any, spec: dict[str, Any], subject: str) -> Iterator[str]:
    if not isinstance(value, dict) or set(value) != set(spec):
        names = f"a dict with exactly the names {sorted(spec)}."
        yield f"{subject}pass {names}" if subject else f"Pass {names}"
        return
    for key, part in spec.items():
        yield from _advice(value[key], part, str(key))


def _conversion(value: Any, spec: Any) -> str:
    """How to convert one value to a spec; empty if it has the type already, or no op converts it."""
    if value is None:
        return "pass a value, not None."
    kind = _conversion_of_kind(value, spec)
    dtype, expected = getattr(value, "dtype", None), getattr(spec, "dtype", None)
    if kind or dtype is None or expected is None:
        return kind
    try:
        dtype = tf.as_dtype(dtype)
    except TypeError:  # a dtype of another library
        return ""
    if dtype != expected and tf.string in {dtype, expected}:
        return f"pass {'strings' if expected == tf.string else f'numbers ({expected.name})'}."
    if dtype != expected:
        return f"convert it with tf.cast(…, tf.{expected.name})."
    return _conversion_of_shape(tf.TensorShape(value.shape), spec.shape)


def _conversion_of_kind(value: Any, spec: Any) -> str:
    is_sparse, is_ragged = isinstance(value, tf.SparseTensor), isinstance(value, tf.RaggedTensor)
    if isinstance(spec, tf.SparseTensorSpec) and not is_sparse:
        return "make it sparse with " + (
            "its method to_sparse()." if is_ragged else "tf.sparse.from_dense(…)."
        )
    if isinstance(spec, tf.RaggedTensorSpec) and not is_ragged:
        return f"make it ragged with tf.RaggedTensor.from_{'sparse' if is_sparse else 'tensor'}(…)."
    if isinstance(spec, tf.TensorSpec) and (is_sparse or is_ragged):
        return "make it dense with " + ("tf.sparse.to_dense(…)." if is_sparse else "its method to_tensor().")
    return ""


def _conversion_of_shape(shape: tf.TensorShape, expected: tf.TensorShape) -> str:
    if expected.is_compatible_with(shape):
        return ""
    if shape.rank is not None and shape.rank + 1 == expected.rank:
        return "add the missing batch dimension with tf.expand_dims(…, 0)."
    if shape.rank == expected.rank and expected[1:].is_compatible_with(shape[1:]):
        return f"pass the examples in batches of {expected[0]}, the batch size of the module."
    return f"reshape or resize it to {expected}."
