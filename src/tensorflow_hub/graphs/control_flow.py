"""Control flow contexts of a graph of TensorFlow 1, and restricting them to a subgraph.

In such a graph (version 1 of `tf.cond` and `tf.while_loop`) loops and branches consist of ordinary ops. The
context of a loop or branch lists the ops that belong to it. Contexts are stored in two graph collections.
Without them the ops run, but they have no gradients and cannot be inside of another loop.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Container, Iterator
from typing import Any

import tensorflow as tf
from tensorflow.core.protobuf import control_flow_pb2

from tensorflow_hub.graphs.tensor_names import node_name, tensor_name

_KINDS = (
    (tf.compat.v1.GraphKeys.COND_CONTEXT, control_flow_pb2.CondContextDef),
    (tf.compat.v1.GraphKeys.WHILE_CONTEXT, control_flow_pb2.WhileContextDef),
)
# The fields of a definition that name tensors inside of the context.
_INNER_FIELDS = (
    "pivot_name",
    "pivot_for_pred_name",
    "pivot_for_body_name",
    "loop_exit_names",
    "loop_enter_names",
)
# The fields that name tensors outside of it, with their dtypes.
_OUTER_FIELDS = {"pred_name": tf.bool, "maximum_iterations_name": tf.int32}


@dataclasses.dataclass(frozen=True)
class Context:
    """One outermost loop or branch.

    Attributes:
      key: the collection that it is stored in.
      definition: its protobuf message, which contains the messages of nested contexts.
      inside: the names of the nodes in it.
      named: the names of all nodes in the definition: those inside, and others that it refers to.
    """

    key: str
    definition: Any
    inside: frozenset[str]
    named: frozenset[str]

    @property
    def inaccessible(self) -> frozenset[str]:
        """The nodes inside whose outputs cannot be used outside: all except the exits of the loop."""
        return self.inside - {node_name(name) for name in getattr(self.definition, "loop_exit_names", ())}


def contexts_of(meta_graph: Any) -> list[Context]:
    """The contexts of a MetaGraphDef."""
    result = []
    for key, kind in _KINDS:
        if key in meta_graph.collection_def:
            for data in meta_graph.collection_def[key].bytes_list.value:
                definition = kind.FromString(data)
                inside = frozenset(_inside(definition))
                named = inside | {node_name(name) for name in _named(definition)}
                result.append(Context(key, definition, inside, named))
    return result


def restricted(context: Context, graph_def: Any, given: Container[str]) -> Any:
    """The definition of a context for a subgraph of its graph.

    Args:
      context: the context in the whole graph.
      graph_def: the subgraph. An Identity op is added to it for each fed tensor that the definition
        refers to.
      given: names, with output number, of the tensors that are fed to the subgraph.

    Returns:
      A definition that refers only to nodes of `graph_def`.
    """
    definition = type(context.definition).FromString(context.definition.SerializeToString())
    _alias(definition, graph_def, given)
    _remove_other_nodes(definition, {node.name for node in graph_def.node})
    return definition


def _nested(definition: Any) -> Iterator[Any]:
    for nested in definition.nested_contexts:
        yield getattr(nested, nested.WhichOneof("ctxt"))


def _inside(definition: Any) -> set[str]:
    values = definition.values_def
    inside = {node_name(name) for name in values.values} - {
        node_name(name) for name in values.external_values
    }
    return inside.union(*map(_inside, _nested(definition)))


def _named(definition: Any) -> Iterator[str]:
    for field in (*_INNER_FIELDS, *_OUTER_FIELDS):
        names = getattr(definition, field, "")
        yield from ([names] if names else []) if isinstance(names, str) else names
    for nested in _nested(definition):
        yield from _named(nested)


def _alias(definition: Any, graph_def: Any, given: Container[str]) -> None:
    for field, dtype in _OUTER_FIELDS.items():
        name = tensor_name(getattr(definition, field, "") or "-")
        if name in given:
            alias = f"{node_name(name)}/given"
            if not any(node.name == alias for node in graph_def.node):
                node = graph_def.node.add(name=alias, op="Identity", input=[name])
                node.attr["T"].type = dtype.as_datatype_enum
            setattr(definition, field, f"{alias}:0")
    for nested in _nested(definition):
        _alias(nested, graph_def, given)


def _remove_other_nodes(definition: Any, names: set[str]) -> None:
    values = definition.values_def
    for outer, inner in list(values.external_values.items()):
        if node_name(outer) not in names or node_name(inner) not in names:
            del values.external_values[outer]
    remaining = [name for name in values.values if node_name(name) in names]
    values.ClearField("values")
    values.values.extend(remaining)
    for nested in _nested(definition):
        _remove_other_nodes(nested, names)
