"""Calling conventions: which arguments of a callable are its inputs, and for which types it was traced.

A Keras layer is called with one value: a tensor or a nest of tensors. Some callables take that value as their
first argument. Others take its parts as several arguments: `__call__(ids, mask)`, `__call__(*, image, text)`.
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Collection, Mapping
from typing import Any

import tensorflow as tf


@dataclasses.dataclass(frozen=True)
class CallingConvention:
    """How to call one callable.

    Attributes:
      takes_training: whether it has a parameter `training`.
      input_specs: for each trace, the nest of `tf.TypeSpec`s of its inputs: of the first argument, or a dict
        by argument name if there are several. Empty for a callable without traces.
      takes_keywords: whether the inputs are passed by name, as those of a signature are.
      names: the names of the required arguments.
      in_order: whether these names have an order, so that the inputs may be passed as a list.
      by_position: whether the arguments have to be passed by position.
      is_fixed: whether the callable can be called only with the types it was traced for.
    """

    takes_training: bool
    input_specs: tuple[Any, ...]
    takes_keywords: bool = False
    names: tuple[str, ...] = ()
    in_order: bool = False
    by_position: bool = False
    is_fixed: bool = True

    @property
    def input_dtype(self) -> tf.DType | None:
        """The dtype of the input; None for several inputs, or traces with several dtypes."""
        leaves = [tf.nest.flatten(spec) for spec in self.input_specs]
        dtypes = {getattr(leaf, "dtype", None) for trace in leaves for leaf in trace}
        return dtypes.pop() if len(dtypes) == 1 and all(len(trace) == 1 for trace in leaves) else None

    def arguments(self, inputs: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The positional and keyword arguments for converted inputs.

        Args:
          inputs: the value of the only argument, or a dict by argument name.
        """
        if not self.takes_keywords:
            return (inputs,), {}
        if self.by_position:
            return tuple(inputs[name] for name in self.names), {}
        return (), dict(inputs)


def calling_convention_of(function: Any, given: Collection[str] = ()) -> CallingConvention:
    """The calling convention of a loaded object, a `tf.function`, a signature or any Python callable.

    Args:
      function: the callable.
      given: the names of arguments that the caller sets otherwise, and that are not inputs.
    """
    function = _function_behind(function)
    if _is_concrete(function):
        args, keywords = function.structured_input_signature
        return _signature_of_trace(args, keywords, given)
    parameters = _Parameters.of(function)
    traces = [parameters.named(*signature) for signature in _traced_signatures(function)]
    takes_training = "training" in parameters.names or any("training" in trace for trace in traces)
    ignored = {"training", *given}
    traces = [{name: value for name, value in trace.items() if name not in ignored} for trace in traces]
    required = _required(parameters, traces, ignored)
    if not _are_several(required, parameters, traces):
        specs = [trace[required[0]] if required else next(iter(trace.values()), None) for trace in traces]
        return CallingConvention(takes_training, _unique(specs), is_fixed=bool(traces))
    specs = [{name: value for name, value in trace.items() if _holds_specs(value)} for trace in traces]
    return CallingConvention(
        takes_training,
        _unique(specs),
        takes_keywords=True,
        names=tuple(required),
        in_order=not set(required) & parameters.keyword_only,
        by_position=any("[" in name for name in required),
        is_fixed=bool(traces),
    )


def _signature_of_trace(
    args: tuple[Any, ...], keywords: Mapping[str, Any], given: Collection[str]
) -> CallingConvention:
    """The calling convention of a concrete function. Functions of signatures take their inputs by name."""
    takes_training = "training" in keywords
    inputs = {name: spec for name, spec in keywords.items() if _holds_specs(spec) and name not in given}
    if not args:
        return CallingConvention(takes_training, (inputs,), takes_keywords=True, names=tuple(sorted(inputs)))
    tensors = [spec for spec in args if _holds_specs(spec)]
    if len(tensors) <= 1 and not inputs:
        return CallingConvention(takes_training, (args[0],))
    names = tuple(f"argument[{number}]" for number in range(len(tensors)))
    specs = dict(zip(names, tensors, strict=True))
    return CallingConvention(
        takes_training, (specs,), takes_keywords=True, names=names, in_order=True, by_position=True
    )


def _are_several(required: list[str], parameters: _Parameters, traces: list[dict[str, Any]]) -> bool:
    """Whether the inputs are several arguments, or one argument that can only be passed by name."""
    if len(required) != 1:
        return len(required) > 1
    name = required[0]
    if name in parameters.keyword_only or name not in parameters.names[:1]:
        return True
    optional = any(_holds_specs(value) for trace in traces for key, value in trace.items() if key != name)
    return optional and not any(isinstance(trace[name], dict) for trace in traces)


@dataclasses.dataclass(frozen=True)
class _Parameters:
    """The parameters of a function.

    Attributes:
      names: the names of all parameters but `*args` and `**kwargs`, positional ones first.
      optional: the names of those with a default.
      keyword_only: the names of those that can only be passed by name.
      variable: the name of `*args`, or "".
    """

    names: tuple[str, ...] = ()
    optional: frozenset[str] = frozenset()
    keyword_only: frozenset[str] = frozenset()
    variable: str = ""

    @classmethod
    def of(cls, function: Any) -> _Parameters:
        full = getattr(getattr(function, "function_spec", None), "fullargspec", None)
        if full is not None:
            optional = {*full.args[len(full.args) - len(full.defaults or ()) :], *(full.kwonlydefaults or ())}
            names = (*full.args[full.args[:1] == ["self"] :], *full.kwonlyargs)
            return cls(names, frozenset(optional), frozenset(full.kwonlyargs), full.varargs or "")
        is_keras_layer = hasattr(function, "call") and hasattr(function, "compute_output_shape")
        try:
            found = inspect.signature(function.call if is_keras_layer else function).parameters.values()
        except (TypeError, ValueError):
            return cls()
        named = [p for p in found if p.kind not in {p.VAR_POSITIONAL, p.VAR_KEYWORD}]
        return cls(
            tuple(p.name for p in named),
            frozenset(p.name for p in named if p.default is not p.empty),
            frozenset(p.name for p in named if p.kind is p.KEYWORD_ONLY),
            next((p.name for p in found if p.kind is p.VAR_POSITIONAL), ""),
        )

    def named(self, args: tuple[Any, ...], keywords: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments of a trace by name; those of `*args` get the names `args[0]`, `args[1]` and so on."""
        positional = [name for name in self.names if name not in self.keyword_only]
        more = len(args) - len(positional)
        names = [*positional, *(f"{self.variable or 'argument'}[{number}]" for number in range(more))]
        return dict(zip(names, args, strict=False)) | dict(keywords)


def _required(parameters: _Parameters, traces: list[dict[str, Any]], ignored: set[str]) -> list[str]:
    """The names of the arguments that every call has to pass.

    An argument that is a tensor in every trace is required, even if it has a default.
    """
    always = [name for name in (traces or [{}])[0] if all(_holds_specs(t.get(name)) for t in traces)]
    without_default = [name for name in parameters.names if name not in parameters.optional | ignored]
    order = list(dict.fromkeys([*parameters.names, *always]))
    return sorted({*without_default, *always}, key=order.index)


def _traced_signatures(function: Any) -> list[tuple[tuple[Any, ...], Mapping[str, Any]]]:
    """The argument types of the traces of a function that cannot be traced again.

    Such a function was loaded, or it has an `input_signature`. Empty for other functions.
    """
    traces = getattr(function, "concrete_functions", None)  # only loaded functions have this
    if traces:
        return [trace.structured_input_signature for trace in traces]
    signature = getattr(getattr(function, "function_spec", None), "input_signature", None)
    return [(tuple(signature), {})] if signature else []


def _holds_specs(value: Any) -> bool:
    return any(isinstance(leaf, tf.TypeSpec) for leaf in tf.nest.flatten(value))


def _function_behind(function: Any) -> Any:
    """The `tf.function` that is the `__call__` of an object, if there is one; else the object."""
    call = getattr(function, "__call__", None)  # noqa: B004
    if not _is_concrete(function) and (hasattr(call, "concrete_functions") or hasattr(call, "function_spec")):
        return call
    return function


def _is_concrete(function: Any) -> bool:
    return hasattr(function, "structured_input_signature")


def _unique(specs: list[Any]) -> tuple[Any, ...]:
    found: list[Any] = []
    for spec in specs:
        if not any(_same(spec, known) for known in found):
            found.append(spec)
    return tuple(found)


def _same(first: Any, second: Any) -> bool:
    try:
        return bool(first == second)
    except (TypeError, ValueError):
        return False
