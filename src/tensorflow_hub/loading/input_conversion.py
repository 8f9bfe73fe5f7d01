"""Converting inputs to the nesting, dtypes and shapes that a loaded callable was traced for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import tensorflow as tf

from tensorflow_hub.errors import InputError
from tensorflow_hub.graphs.calling_convention import CallingConvention


def convert_to_traced(inputs: Any, convention: CallingConvention) -> Any:
    """Converts inputs to tensors of the types that a callable was traced for.

    - Arrays, and lists of numbers or strings, become tensors.
    - Floating-point tensors are cast to another floating-point dtype, integers to another integer dtype or to
      floating point. The same goes for the row splits of ragged tensors.
    - A tensor whose static shape is compatible with the traced shape gets the traced shape; an op checks the
      shape when the function runs.
    - A single value is put into a list, tuple or dict of one element if the trace has one there, and a list
      of one tensor is replaced by the tensor if the trace has a tensor there.
    - For a callable with several arguments, a list is converted to a dict by argument names.

    Other inputs are returned unchanged.

    Args:
      inputs: a tensor, an array, a list of values, or a nest (list, tuple or dict) of these.
      convention: the calling convention of the callable.

    Returns:
      Tensors in the nesting of the closest trace; for several arguments a dict by argument name.

    Raises:
      InputError: required arguments are missing, or there are unknown ones.
      ValueError, TypeError: a value cannot be converted to a tensor.
    """
    if convention.takes_keywords:
        inputs = _named(inputs, convention)
    spec = closest_spec(inputs, convention)
    return _convert(_nested_as(inputs, spec), spec, convention.is_fixed)


def matches_a_trace(inputs: Any, convention: CallingConvention) -> bool:
    """Whether inputs that `convert_to_traced` returned have the nesting, dtypes and shapes of a trace."""
    return not convention.is_fixed or any(matches_spec(spec, inputs) for spec in convention.input_specs)


def matches_spec(spec: Any, inputs: Any) -> bool:
    """Whether inputs have the nesting, dtypes and shapes of a spec."""
    try:
        tf.nest.assert_same_structure(spec, inputs)
        pairs = zip(tf.nest.flatten(spec), tf.nest.flatten(inputs), strict=True)
        return all(isinstance(part, tf.TypeSpec) and part.is_compatible_with(value) for part, value in pairs)
    except (TypeError, ValueError):
        return False


def describe_inputs(inputs: Any) -> str:
    """A short description of inputs for messages: dtypes and shapes of tensors and arrays."""
    if isinstance(inputs, dict):
        return "{" + ", ".join(f"{name!r}: {describe_inputs(value)}" for name, value in inputs.items()) + "}"
    if isinstance(inputs, (list, tuple)) and any(hasattr(value, "dtype") for value in inputs):
        return "[" + ", ".join(map(describe_inputs, inputs)) + "]"
    if hasattr(inputs, "dtype"):
        return f"{getattr(inputs.dtype, 'name', inputs.dtype)} {getattr(inputs, 'shape', '')}"
    return f"{type(inputs).__name__} {inputs!r:.60}"


def closest_spec(inputs: Any, convention: CallingConvention) -> Any:
    """The input spec of the trace that fits the inputs best; None for a callable without traces.

    Compatible shapes count most, then equal dtypes, then static shapes that are exactly the traced ones.
    """
    same_nesting = [
        spec for spec in convention.input_specs if _nesting(_nested_as(inputs, spec)) == _nesting(spec)
    ]
    candidates = same_nesting or [
        spec for spec in convention.input_specs if not isinstance(spec, (dict, list, tuple))
    ]
    return max(candidates, key=lambda spec: _rank_of_match(_nested_as(inputs, spec), spec), default=None)


def _rank_of_match(inputs: Any, spec: Any) -> tuple[bool, bool, bool]:
    """How well inputs match a spec, as a key to sort by: see `closest_spec`."""
    leaves = list(zip(tf.nest.flatten(spec), tf.nest.flatten(inputs), strict=False))
    shapes = [(part.shape, leaf.shape) for part, leaf in leaves if _has_shape(part) and _has_shape(leaf)]
    return (
        all(tf.TensorShape(traced).is_compatible_with(shape) for traced, shape in shapes),
        all(getattr(leaf, "dtype", None) in {None, getattr(part, "dtype", None)} for part, leaf in leaves),
        all(_covers(traced, shape) for traced, shape in shapes),
    )


def _has_shape(value: Any) -> bool:
    return getattr(value, "shape", None) is not None


def _covers(traced: Any, shape: Any) -> bool:
    """Whether all tensors with this static shape have the traced shape."""
    traced, shape = tf.TensorShape(traced), tf.TensorShape(shape)
    if traced.rank is None:
        return True
    if shape.rank != traced.rank:
        return False
    return all(wide is None or wide == size for wide, size in zip(traced, shape, strict=True))


def _named(inputs: Any, convention: CallingConvention) -> dict[str, Any]:
    """The inputs by the names of the arguments.

    Raises:
      InputError: required arguments are missing, or there are unknown ones.
    """
    names = list(convention.names)
    expected = f"Expected a dict of the inputs {names}" + (
        ", or a list of them" if convention.in_order else ""
    )
    if isinstance(inputs, dict):
        known = {*names, *(name for spec in convention.input_specs for name in spec)}
        if not set(names) <= set(inputs) or (convention.is_fixed and not set(inputs) <= known):
            got = sorted(map(str, inputs))
            raise InputError(f"{expected}, got a dict of {got}.", hint="Pass one value for each name.")
        return dict(inputs)
    if inputs is None and not names:
        return {}
    if len(names) == 1:
        return {names[0]: inputs}
    if not convention.in_order or not isinstance(inputs, (list, tuple)) or len(inputs) != len(names):
        count = f"{len(inputs)} in a list" if isinstance(inputs, (list, tuple)) else "one value"
        count = "none" if inputs is None else count
        raise InputError(f"{expected}, got {count}.", hint="Pass one value for each name.")
    return dict(zip(names, inputs, strict=True))


def _nested_as(value: Any, spec: Any) -> Any:
    """Puts a single value into the list, tuple or dict of the spec, or takes it out of a list of one."""
    is_single = not isinstance(value, (list, tuple, dict))
    if is_single and isinstance(spec, (list, tuple)) and len(spec) == 1:
        return tf.nest.pack_sequence_as(spec, [value])
    if is_single and isinstance(spec, dict) and len(spec) == 1:
        return {next(iter(spec)): value}
    if isinstance(spec, tf.TypeSpec) and _is_list_of_tensors(value, 1):
        rank, traced = getattr(value[0].shape, "rank", len(value[0].shape)), spec.shape.rank
        return value[0] if None in {rank, traced} or rank == traced else value
    return value


def _is_list_of_tensors(value: Any, length: int) -> bool:
    return isinstance(value, (list, tuple)) and len(value) == length and all(map(_has_shape, value))


def _convert(value: Any, spec: Any, is_fixed: bool) -> Any:
    """Converts each value in a nest to a tensor of the spec at the same place in the nest of specs."""
    if isinstance(value, dict):
        return {key: _convert(item, _part(spec, key), is_fixed) for key, item in value.items()}
    if isinstance(value, (list, tuple)) and not _is_plain_values(value, spec):
        items = [_convert(item, _part(spec, index), is_fixed) for index, item in enumerate(value)]
        if hasattr(value, "_fields"):
            return type(value)(*items)
        return (type(spec) if type(spec) in {list, tuple} else type(value))(items)
    if value is None:
        return None
    if isinstance(value, (list, tuple)) and isinstance(spec, tf.RaggedTensorSpec):
        return tf.ragged.constant(value, spec.dtype, spec.ragged_rank, row_splits_dtype=spec.row_splits_dtype)
    if isinstance(value, tf.RaggedTensor) and isinstance(spec, tf.RaggedTensorSpec):
        value = value.with_row_splits_dtype(spec.row_splits_dtype)
    tensor = _to_tensor(value, getattr(spec, "dtype", None))
    return with_traced_shape(tensor, spec) if is_fixed else tensor


def _to_tensor(value: Any, dtype: Any) -> Any:
    if isinstance(value, (tf.RaggedTensor, tf.SparseTensor)):
        return tf.cast(value, dtype) if _castable(value.dtype, dtype) else value
    if not tf.is_tensor(value):
        if dtype is not None and not isinstance(value, np.ndarray) and not hasattr(value, "dtype"):
            return tf.convert_to_tensor(value, dtype)
        value = tf.convert_to_tensor(value)
    return tf.cast(value, dtype) if _castable(value.dtype, dtype) else value


def _castable(source: Any, target: Any) -> bool:
    """Whether tensors of a dtype are cast to another one: between floats, between integers, and to floats."""
    if target is None or source == target:
        return False
    both_floating = source.is_floating and target.is_floating
    both_integer = source.is_integer and target.is_integer
    return bool(both_floating or both_integer or (source.is_integer and target.is_floating))


def with_traced_shape(tensor: Any, spec: Any) -> Any:
    """The tensor with the traced static shape, if its own static shape is compatible with it.

    TensorFlow uses a trace only for tensors whose static shape implies the traced one. So the shape is set
    here, and an op checks it when the function runs.
    """
    if not isinstance(spec, tf.TypeSpec) or not isinstance(tensor, spec.value_type):
        return tensor
    if isinstance(spec, tf.RaggedTensorSpec):
        parts = tf.nest.flatten(tensor, expand_composites=True)
        traced = tf.nest.flatten(spec, expand_composites=True)
        if len(parts) != len(traced):
            return tensor
        parts = [with_traced_shape(part, of) for part, of in zip(parts, traced, strict=True)]
        return tf.nest.pack_sequence_as(tensor, parts, expand_composites=True)
    if _covers(spec.shape, tensor.shape) or not spec.shape.is_compatible_with(tensor.shape):
        return tensor
    if isinstance(spec, tf.SparseTensorSpec):
        return _sparse_with_traced_shape(tensor, spec.shape)
    return tf.ensure_shape(tensor, spec.shape)


def _sparse_with_traced_shape(tensor: tf.SparseTensor, shape: tf.TensorShape) -> tf.SparseTensor:
    """The tensor with the traced shape, which an op compares with its dense shape when the function runs."""
    known = [number for number, size in enumerate(shape) if size is not None]
    sizes = tf.gather(tensor.dense_shape, known)
    check = tf.debugging.assert_equal(sizes, tf.constant([shape[n] for n in known], tf.int64))
    with tf.control_dependencies([check]):
        same = tf.SparseTensor(tf.identity(tensor.indices), tensor.values, tensor.dense_shape)
    same.set_shape(shape)
    return same


def _is_plain_values(value: Any, spec: Any) -> bool:
    """Whether a list is the value of one tensor (`["a", "b"]`, `[[1, 2]]`), and not a list of tensors."""
    if isinstance(spec, (list, tuple)):
        return False
    return not any(
        tf.is_tensor(item) or hasattr(item, "dtype") or isinstance(item, dict) for item in _leaves(value)
    )


def _leaves(value: Any) -> Iterator[Any]:
    """The items of nested lists and tuples that are not lists or tuples themselves."""
    if isinstance(value, (list, tuple)):
        for item in value:
            yield from _leaves(item)
    else:
        yield value


def _part(spec: Any, key: Any) -> Any:
    """The part of a nest of specs for a key of a dict or an index of a list; None if it has no such part."""
    if isinstance(spec, dict):
        return spec.get(key)
    if isinstance(spec, (list, tuple)) and isinstance(key, int) and key < len(spec):
        return spec[key]
    return None


def _nesting(value: Any) -> Any:
    """The dicts and lists of a nest of inputs or specs, with None for each tensor, value or spec.

    Inputs and specs with equal nestings can be compared one by one.
    """
    if isinstance(value, dict):
        return {key: _nesting(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        is_list_of_specs = any(isinstance(item, tf.TypeSpec) for item in value)
        if is_list_of_specs or not _is_plain_values(value, None):
            return [_nesting(item) for item in value]
    return None
