"""Advice about inputs that do not fit what a callable was traced for: what to change in them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import tensorflow as tf


def advice_for(inputs: Any, spec: Any, *, of_keras: bool = False) -> str:
    """What to change so that inputs fit a spec, in a sentence for each input that does not.

    Args:
      inputs: a tensor, or a nest of tensors.
      spec: the `tf.TypeSpec` of each, in the nesting that the callable takes.
      of_keras: whether the inputs may be symbols of Keras.

    Returns:
      The advice; empty where the inputs fit, or nothing simple would make them fit.
    """
    advice = " ".join(_advice(inputs, spec, ""))
    if of_keras and "tf.cast" in advice:
        advice += " An input of a Keras model has the dtype that keras.Input(…, dtype=…) says."
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
        change = _change(value, spec)
        if change:
            yield f"{subject}{change}" if subject else f"{change[0].upper()}{change[1:]}"


def _advice_for_dict(value: Any, spec: dict[str, Any], subject: str) -> Iterator[str]:
    if not isinstance(value, dict) or set(value) != set(spec):
        names = f"a dict with the names {sorted(spec)}, no others."
        yield f"{subject}pass {names}" if subject else f"Pass {names}"
        return
    for key, part in spec.items():
        yield from _advice(value[key], part, str(key))


def _change(value: Any, spec: Any) -> str:
    if value is None:
        return "pass a value, not None."
    kind = _kind_change(value, spec)
    dtype, wanted = getattr(value, "dtype", None), getattr(spec, "dtype", None)
    if kind or dtype is None or wanted is None:
        return kind
    try:
        dtype = tf.as_dtype(dtype)
    except TypeError:  # one of another library
        return ""
    if dtype != wanted and tf.string in {dtype, wanted}:
        return f"pass {'strings' if wanted == tf.string else f'numbers ({wanted.name})'}."
    if dtype != wanted:
        return f"convert it by tf.cast(…, tf.{wanted.name})."
    return _shape_change(tf.TensorShape(value.shape), spec.shape)


def _kind_change(value: Any, spec: Any) -> str:
    is_sparse, is_ragged = isinstance(value, tf.SparseTensor), isinstance(value, tf.RaggedTensor)
    if isinstance(spec, tf.SparseTensorSpec) and not is_sparse:
        return "make it sparse by " + ("its method to_sparse()." if is_ragged else "tf.sparse.from_dense(…).")
    if isinstance(spec, tf.RaggedTensorSpec) and not is_ragged:
        return f"make it ragged by tf.RaggedTensor.from_{'sparse' if is_sparse else 'tensor'}(…)."
    if isinstance(spec, tf.TensorSpec) and (is_sparse or is_ragged):
        return "make it dense by " + ("tf.sparse.to_dense(…)." if is_sparse else "its method to_tensor().")
    return ""


def _shape_change(shape: tf.TensorShape, wanted: tf.TensorShape) -> str:
    if wanted.is_compatible_with(shape):
        return ""
    if shape.rank is not None and shape.rank + 1 == wanted.rank:
        return "it lacks the batch: add it by tf.expand_dims(…, 0)."
    if shape.rank == wanted.rank and wanted[1:].is_compatible_with(shape[1:]):
        return f"the module takes batches of {wanted[0]}: pass the examples in such batches."
    return f"reshape or resize it to {wanted}."
