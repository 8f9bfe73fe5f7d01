"""The functions of a TF2 SavedModel, such as `__call__`, and the arguments of their traces."""

from __future__ import annotations

import dataclasses
import keyword
import re
from typing import Any, Union

from tensorflow_hub.format.module.signatures import TensorDescription, composite_of
from tensorflow_hub.format.module.tensor_types import dtype_name, shape_of

# The arguments or results of a function: a nest of lists (also for tuples), dicts, tensors and plain values.
Structure = Union[  # noqa: UP007 - recursive
    TensorDescription, list["Structure"], dict[str, "Structure"], str, int, float, bool, None
]
_MOST_TRACES = 16
# Attributes that Keras 2 saves for its own use.
_KERAS_INTERNAL = re.compile(r"_(?!_call__)|layer-|layer_with_weights-|keras_api|call_and_return_|optimizer$")
_MOST_FUNCTIONS = 64
_MOST_NAMES, _LONGEST_NAME = 64, 100


@dataclasses.dataclass(frozen=True)
class Trace:
    """One trace of a function.

    Attributes:
      arguments: the positional arguments.
      keywords: the keyword arguments by name.
      result: the result.
      has_tuples: whether sequences in the arguments are tuples. TensorFlow distinguishes them from lists.
    """

    arguments: tuple[Structure, ...]
    keywords: dict[str, Structure]
    result: Structure
    has_tuples: bool = False


@dataclasses.dataclass(frozen=True)
class FunctionDescription:
    """A function of a SavedModel.

    Attributes:
      name: the name of the attribute, such as `__call__` or `tokenize`.
      traces: its traces.
      argument_names: the names of the positional arguments; empty if they are not known.
    """

    name: str
    traces: tuple[Trace, ...]
    argument_names: tuple[str, ...] = ()


def functions_of(graph: Any) -> tuple[FunctionDescription, ...]:
    """The functions of the root of a SavedObjectGraph, and those of callable objects on it, by name."""
    found = saved_functions(graph)
    return tuple(
        FunctionDescription(name, tuple(_traces(graph, function)), _argument_names(function))
        for name, function in sorted(found.items())
    )


def saved_functions(graph: Any) -> dict[str, Any]:
    """The functions of the root as `SavedFunction` messages, by name; see `functions_of`."""
    found: dict[str, Any] = {}
    if not graph.nodes:
        return found
    for child in graph.nodes[0].children:
        function = _function(graph, child.node_id)
        if function is not None and not _KERAS_INTERNAL.match(child.local_name):
            found[child.local_name] = function
        if len(found) >= _MOST_FUNCTIONS:
            break
    return found


def inference_functions(graph: Any) -> list[str]:
    """The names of the concrete functions that a call of the root may run if `training` is False."""
    call = saved_functions(graph).get("__call__")
    if call is None:
        return []
    names = _argument_names(call)
    return [
        name
        for name in call.concrete_functions
        if name in graph.concrete_functions and not _is_for_training(graph.concrete_functions[name], names)
    ]


def _is_for_training(concrete: Any, names: tuple[str, ...]) -> bool:
    """Whether a trace was made with `training=True`. A call with another value does not run it."""
    both = [structure_of(value) for value in concrete.canonicalized_input_signature.tuple_value.values]
    arguments, keywords = [*both, [], {}][:2]
    given = dict(zip(names, arguments, strict=False)) if isinstance(arguments, list) else {}
    given |= keywords if isinstance(keywords, dict) else {}
    return given.get("training") is True


def node(graph: Any, node_id: int) -> Any:
    """A node of an object graph; None if there is no such node."""
    return graph.nodes[node_id] if 0 <= node_id < len(graph.nodes) else None


def child(graph: Any, parent: Any, name: str) -> Any:
    """A child of a node by its name; None if there is none."""
    return next((node(graph, c.node_id) for c in parent.children if c.local_name == name), None)


def _function(graph: Any, node_id: int) -> Any:
    here = node(graph, node_id)
    if here is None:
        return None
    if here.HasField("function"):
        return here.function
    call = child(graph, here, "__call__") if here.HasField("user_object") else None
    return call.function if call is not None and call.HasField("function") else None


def _traces(graph: Any, function: Any) -> list[Trace]:
    traces: list[Trace] = []
    for name in function.concrete_functions[:_MOST_TRACES]:
        if name not in graph.concrete_functions:
            continue
        concrete = graph.concrete_functions[name]
        both = [structure_of(value) for value in concrete.canonicalized_input_signature.tuple_value.values]
        arguments, keywords = [*both, [], {}][:2]
        traces.append(
            Trace(
                tuple(arguments) if isinstance(arguments, list) else (),
                keywords if isinstance(keywords, dict) else {},
                structure_of(concrete.output_signature),
                any(map(_has_tuples, concrete.canonicalized_input_signature.tuple_value.values)),
            )
        )
    return traces


def _has_tuples(arguments: Any) -> bool:
    """Whether there are tuples in the positional or keyword arguments, themselves a tuple or a dict."""
    values = [*arguments.tuple_value.values, *arguments.dict_value.fields.values()]
    while values:
        value = values.pop()
        if value.HasField("tuple_value"):
            return True
        values += [*value.list_value.values, *value.dict_value.fields.values()]
    return False


def _argument_names(function: Any) -> tuple[str, ...]:
    """The names of the positional arguments without `self`; empty if one is no name that Python takes."""
    spec = function.function_spec
    pairs = {pair.key: pair.value for pair in spec.fullargspec.named_tuple_value.values}
    found = structure_of(pairs["args"]) if "args" in pairs else []
    names = [name for name in found if isinstance(name, str)] if isinstance(found, list) else []
    names = names[1:] if spec.is_method or names[:1] == ["self"] else names
    return tuple(names[:_MOST_NAMES]) if all(map(is_argument_name, names)) else ()


def is_argument_name(name: str) -> bool:
    """Whether Python takes a name as that of an argument, so that a program can contain it.

    >>> is_argument_name("training"), is_argument_name("class"), is_argument_name("x=1, y")
    (True, False, False)
    """
    return name.isidentifier() and not keyword.iskeyword(name) and len(name) <= _LONGEST_NAME


def structure_of(value: Any) -> Structure:
    """Converts a StructuredValue to Python values, and its tensors to descriptions."""
    for name in ("tuple_value", "list_value"):
        if value.HasField(name):
            return [structure_of(item) for item in getattr(value, name).values]
    if value.HasField("dict_value"):
        return {key: structure_of(item) for key, item in sorted(value.dict_value.fields.items())}
    if value.HasField("named_tuple_value"):
        return {pair.key: structure_of(pair.value) for pair in value.named_tuple_value.values}
    for name in ("tensor_spec_value", "bounded_tensor_spec_value"):
        if value.HasField(name):
            spec = getattr(value, name)
            return TensorDescription(dtype_name(spec.dtype), shape_of(spec.shape))
    if value.HasField("type_spec_value"):
        return composite_of(value.type_spec_value)
    for name in ("bool_value", "int64_value", "float64_value", "string_value"):
        if value.HasField(name):
            plain: str | int | float | bool = getattr(value, name)
            return plain
    return None


def tensors_in(structure: Structure) -> list[TensorDescription]:
    """The tensors of a structure, in order."""
    if isinstance(structure, TensorDescription):
        return [structure]
    if isinstance(structure, dict):
        structure = list(structure.values())
    return (
        [tensor for item in structure for tensor in tensors_in(item)] if isinstance(structure, list) else []
    )
