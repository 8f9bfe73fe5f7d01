"""How a loaded callable wants to be called: whether it takes `training`, which inputs it was traced for."""

from __future__ import annotations

import dataclasses
import inspect
from typing import Any

import numpy as np
import tensorflow as tf


@dataclasses.dataclass(frozen=True)
class CallForm:
    """The form of calls to one callable.

    Attributes:
      takes_training: whether it has a parameter `training`.
      input_specs: for each way it was traced, the nested `tf.TensorSpec` of its first argument, or for a
        signature the dict by name. Empty for a callable that is traced anew.
      takes_keywords: whether the inputs are passed by name: the form of a signature.
    """

    takes_training: bool
    input_specs: tuple[Any, ...]
    takes_keywords: bool = False


def form_of(function: Any) -> CallForm:
    """The form of calls to a loaded object, a `tf.function`, a signature or any Python callable."""
    function = _function_behind(function)
    if _is_concrete(function):
        args, kwargs = function.structured_input_signature
        if args:
            return CallForm("training" in kwargs, (args[0],))
        return CallForm(False, (dict(kwargs),), takes_keywords=True)
    traces = getattr(function, "concrete_functions", None) or ()
    specs: list[Any] = []
    for trace in traces:
        args, kwargs = trace.structured_input_signature
        spec = args[0] if args else next(iter(kwargs.values()), None)
        if not any(_same(spec, known) for known in specs):
            specs.append(spec)
    return CallForm("training" in _parameters(function), tuple(specs))


def fit_inputs(inputs: Any, form: CallForm) -> Any:
    """Converts inputs to tensors of the dtypes that the callable was traced for.

    Lists of numbers or strings and arrays become tensors; floating-point tensors of another width are
    cast, and integers to integers, also those that say where the rows of a ragged tensor end. What fits
    already is passed on untouched.

    Args:
      inputs: a tensor, an array, a list of values, or a nest (list, tuple or dict) of these.
      form: the form of the callable.
    """
    spec = closest_spec(inputs, form)
    return _convert(inputs, spec)


def _convert(value: Any, spec: Any) -> Any:
    if isinstance(value, dict):
        return {key: _convert(item, _child(spec, key)) for key, item in value.items()}
    if isinstance(value, (list, tuple)) and not _is_plain_values(value, spec):
        items = [_convert(item, _child(spec, index)) for index, item in enumerate(value)]
        if hasattr(value, "_fields"):
            return type(value)(*items)
        return type(value)(items)
    if value is None:
        return None
    if isinstance(value, (list, tuple)) and isinstance(spec, tf.RaggedTensorSpec):
        return tf.ragged.constant(value, spec.dtype, spec.ragged_rank, row_splits_dtype=spec.row_splits_dtype)
    if isinstance(value, tf.RaggedTensor) and isinstance(spec, tf.RaggedTensorSpec):
        value = value.with_row_splits_dtype(spec.row_splits_dtype)
    return _to_tensor(value, getattr(spec, "dtype", None))


def _to_tensor(value: Any, dtype: Any) -> Any:
    if isinstance(value, (tf.RaggedTensor, tf.SparseTensor)):
        return tf.cast(value, dtype) if _castable(value.dtype, dtype) else value
    if not tf.is_tensor(value):
        if dtype is not None and not isinstance(value, np.ndarray) and not hasattr(value, "dtype"):
            return tf.convert_to_tensor(value, dtype)
        value = tf.convert_to_tensor(value)
    return tf.cast(value, dtype) if _castable(value.dtype, dtype) else value


def _castable(source: Any, target: Any) -> bool:
    if target is None or source == target:
        return False
    both_floating = source.is_floating and target.is_floating
    both_integer = source.is_integer and target.is_integer
    return bool(both_floating or both_integer or (source.is_integer and target.is_floating))


def _is_plain_values(value: Any, spec: Any) -> bool:
    """Whether a list holds values of one tensor (`["a", "b"]`, `[[1, 2]]`) and not tensors of a nest."""
    if isinstance(spec, (list, tuple)):
        return False
    return not any(
        tf.is_tensor(item) or hasattr(item, "dtype") or isinstance(item, dict) for item in _leaves(value)
    )


def _leaves(value: Any) -> list[Any]:
    if isinstance(value, (list, tuple)):
        return [leaf for item in value for leaf in _leaves(item)]
    return [value]


def _child(spec: Any, key: Any) -> Any:
    if isinstance(spec, dict):
        return spec.get(key)
    if isinstance(spec, (list, tuple)) and isinstance(key, int) and key < len(spec):
        return spec[key]
    return None


def closest_spec(inputs: Any, form: CallForm) -> Any:
    """The traced spec that the inputs can take without a cast, else the first that has their nesting."""
    if form.takes_keywords and not isinstance(inputs, dict) and len(form.input_specs[0]) == 1:
        return next(iter(form.input_specs[0].values()))
    candidates = [spec for spec in form.input_specs if _nesting(spec) == _nesting(inputs)] or [
        spec for spec in form.input_specs if not isinstance(spec, (dict, list, tuple))
    ]
    for spec in candidates:
        leaves = zip(tf.nest.flatten(spec), tf.nest.flatten(inputs), strict=False)
        if all(getattr(leaf, "dtype", None) in {None, getattr(part, "dtype", None)} for part, leaf in leaves):
            return spec
    return candidates[0] if candidates else None


def _nesting(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _nesting(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)) and not _is_plain_values(value, None):
        return [_nesting(item) for item in value]
    if isinstance(value, (list, tuple)) and any(isinstance(item, tf.TypeSpec) for item in value):
        return [_nesting(item) for item in value]
    return None


def _function_behind(function: Any) -> Any:
    """The `tf.function` behind the `__call__` of an object, where there is one."""
    call = getattr(function, "__call__", None)  # noqa: B004
    if not _is_concrete(function) and (hasattr(call, "concrete_functions") or hasattr(call, "function_spec")):
        return call
    return function


def _is_concrete(function: Any) -> bool:
    return hasattr(function, "structured_input_signature")


def _parameters(function: Any) -> set[str]:
    """The names of a callable's parameters, also of those it was traced with by name."""
    names: set[str] = set()
    if hasattr(function, "call") and hasattr(function, "compute_output_shape"):
        return set(inspect.signature(function.call).parameters)  # a Keras layer
    spec = getattr(function, "function_spec", None)
    full = getattr(spec, "fullargspec", None)
    if full is not None:
        names |= {*full.args, *full.kwonlyargs}
    else:
        try:
            names |= set(inspect.signature(function).parameters)
        except (TypeError, ValueError):
            return names
    for trace in getattr(function, "concrete_functions", None) or ():
        names |= set(trace.structured_input_signature[1])
    return names


def _same(first: Any, second: Any) -> bool:
    try:
        return bool(first == second)
    except (TypeError, ValueError):
        return False
