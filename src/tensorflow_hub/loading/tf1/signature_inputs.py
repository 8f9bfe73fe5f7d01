"""Checks and converts the inputs of a signature of TensorFlow 1 to the types that the signature declares.

The same rules hold for `hub.Module` and for the object that `hub.load` returns. Python values (numbers,
strings, lists) and NumPy arrays are converted. Tensors are not cast: a tensor of another dtype is an error,
as it is for the ops of TensorFlow.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from tensorflow_hub.errors import InputError
from tensorflow_hub.graphs.tensor_info import SignatureTensor
from tensorflow_hub.loading.input_advice import advice_for


def convert_inputs(inputs: Any, declared: Mapping[str, SignatureTensor], signature: str) -> dict[str, Any]:
    """Converts the inputs of a call.

    Args:
      inputs: the value of the only input, a dict by the signature's names, or None for no inputs.
      declared: the inputs of the signature.
      signature: its name, for messages.

    Returns:
      Name → tensor of the declared kind and dtype, whose static shape fits.

    Raises:
      InputError: when names are missing or misspelt, or a value has another kind, dtype or shape.
    """
    named = inputs_by_name(inputs, declared, signature)
    return {name: _convert(named[name], info, name, signature) for name, info in declared.items()}


def inputs_by_name(inputs: Any, declared: Mapping[str, SignatureTensor], signature: str) -> dict[str, Any]:
    """The inputs of a call by name, not converted; see `convert_inputs`.

    Raises:
      InputError: when names are missing or misspelt.
    """
    if inputs is None or isinstance(inputs, Mapping):
        named = dict(inputs or {})
    elif len(declared) == 1:
        named = {next(iter(declared)): inputs}
    else:
        expected = f"a dict with the inputs {sorted(declared)}" if declared else "no inputs"
        raise InputError(
            f"Expected {expected} for signature {signature!r}, got a single {type(inputs).__name__}.",
            hint="Pass a dict by these names." if declared else "Call the module without inputs.",
        )
    missing = sorted(set(declared) - set(named))
    unknown = sorted(set(named) - set(declared))
    if missing or unknown:
        raise InputError(
            f"Expected the inputs {sorted(declared)} of signature {signature!r}, "
            f"missing {missing}, unknown {unknown}.",
            hint="Pass a dict by these names." if declared else "Call the module without inputs.",
        )
    return named


def _convert(value: Any, info: SignatureTensor, name: str, signature: str) -> Any:
    try:
        tensor = _to_kind(value, info)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"Expected {info} as input {name!r} of signature {signature!r}, got {_describe(value)}.",
            hint=advice_for({name: value}, {name: info.type_spec})
            or "Convert it first, for example with tf.cast().",
        ) from error
    if not info.type_spec.is_compatible_with(tensor):
        raise InputError(
            f"Expected {info} as input {name!r} of signature {signature!r}, got {_describe(tensor)}.",
            hint=advice_for({name: tensor}, {name: info.type_spec}) or "Convert or reshape it first.",
        )
    return tensor


def _to_kind(value: Any, info: SignatureTensor) -> Any:
    """Converts a value to a tensor of the declared kind (dense, sparse, ragged, or another composite)."""
    if info.kind == "dense":
        _check_numbers(value, info.dtype)
        return tf.convert_to_tensor(value, dtype=info.dtype)
    if info.is_sparse:
        if isinstance(value, tf.compat.v1.SparseTensorValue):
            value = tf.compat.v1.convert_to_tensor_or_sparse_tensor(value)
        if not isinstance(value, tf.SparseTensor):
            raise TypeError("a sparse tensor is needed")
        return value
    if info.kind == "ragged":
        if isinstance(value, tf.compat.v1.ragged.RaggedTensorValue):
            value = tf.RaggedTensor.from_nested_row_splits(value.flat_values, value.nested_row_splits)
        if isinstance(value, (list, tuple)):
            value = tf.ragged.constant(value, dtype=info.dtype, ragged_rank=info.type_spec.ragged_rank)
        if not isinstance(value, tf.RaggedTensor):
            raise TypeError("a ragged tensor is needed")
        return value.with_row_splits_dtype(info.type_spec.row_splits_dtype)
    tf.nest.assert_same_structure(value, info.type_spec, expand_composites=True)
    return value


def _check_numbers(value: Any, dtype: tf.DType) -> None:
    """Raises a TypeError for a NumPy array whose numbers the dtype cannot represent, such as 1.5 as int32.

    TensorFlow would convert it without an error.
    """
    if not isinstance(value, np.ndarray) or value.dtype.kind not in "iufc":
        return
    target = np.dtype(dtype.as_numpy_dtype)
    if target.kind in "iufc" and not np.can_cast(value.dtype, target, "same_kind"):
        raise TypeError(f"{value.dtype} cannot be cast to {target} without changing the numbers")


def _describe(value: Any) -> str:
    kinds = {tf.SparseTensor: "sparse", tf.RaggedTensor: "ragged", tf.Tensor: "dense"}
    for kind, word in kinds.items():
        if isinstance(value, kind):
            return f"{word} {value.dtype.name} {value.shape}"
    dtype = getattr(value, "dtype", None)
    if dtype is not None:
        return f"{type(value).__name__} {dtype} {getattr(value, 'shape', '')}"
    return f"{type(value).__name__} {value!r:.60}"
