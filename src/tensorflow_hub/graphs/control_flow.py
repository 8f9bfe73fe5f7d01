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
# The fields of a definition that have names of tensors inside of the context.
_FIELDS_OF_INSIDE = (
    "pivot_name",
    "pivot_for_pred_name",
    "pivot_for_body_name",
    "loop_exit_names",
    "loop_enter_names",
)
# The fields that have the name of a tensor outside of it, with the dtype of this tensor.
_FIELDS_OF_OUTSIDE = {"pred_name": tf.bool, "maximum_iterations_name": tf.int32}


@dataclasses.dataclass(frozen=True)
class Context:
    """One outermost loop or branch.

    Attributes:
      key: the collection that it is stored in.
      definition: its protobuf message, which contains the messages of nested contexts.
      inside: the names of the nodes in it.
      referenced: the names of all nodes that the definition mentions: those inside, and some outside, such as
        the predicate of a branch.
    """

    key: str
    definition: Any
    inside: frozenset[str]
    referenced: frozenset[str]

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
                referenced = inside | {node_name(name) for name in _tensors_in_fields(definition)}
                result.append(Context(key, definition, inside, referenced))
    return result


def restricted(context: Context, graph_def: Any, given: Container[str]) -> Any:
    """The definition of a context for a subgraph of its graph.

    A definition refers to tensors by name. A fed tensor has no node in the subgraph, so an Identity op with
    the fed tensor as input is added, and the definition refers to this op.

    Args:
      context: the context in the whole graph.
      graph_def: the subgraph, to which the Identity ops are added.
      given: names, with output number, of the tensors that are fed to the subgraph.

    Returns:
      A definition that refers only to nodes of `graph_def`.
    """
    definition = type(context.definition).FromString(context.definition.SerializeToString())
    _refer_to_identities(definition, graph_def, given)
    _remove_other_nodes(definition, {node.name for node in graph_def.node})
    return definition


def _nested(definition: Any) -> Iterator[Any]:
    """The definitions of the loops and branches directly inside of one."""
    for nested in definition.nested_contexts:
        yield getattr(nested, nested.WhichOneof("ctxt"))


def _inside(definition: Any) -> set[str]:
    """The names of the nodes in a loop or branch, and in those nested in it."""
    values = definition.values_def
    outside = set(map(node_name, values.external_values))
    inside = set(map(node_name, values.values)) - outside
    return inside.union(*map(_inside, _nested(definition)))


def _tensors_in_fields(definition: Any) -> Iterator[str]:
    """The names of tensors in the fields of a definition, and of those nested in it."""
    for field in (*_FIELDS_OF_INSIDE, *_FIELDS_OF_OUTSIDE):
        names = getattr(definition, field, "")
        yield from ([names] if names else []) if isinstance(names, str) else names
    for nested in _nested(definition):
        yield from _tensors_in_fields(nested)


def _refer_to_identities(definition: Any, graph_def: Any, given: Container[str]) -> None:
    """Replaces names of fed tensors in the fields by names of Identity ops, which are added to the graph."""
    for field, dtype in _FIELDS_OF_OUTSIDE.items():
        name = getattr(definition, field, "")
        if name and tensor_name(name) in given:
            identity = f"{node_name(name)}/given"
            if not any(node.name == identity for node in graph_def.node):
                node = graph_def.node.add(name=identity, op="Identity", input=[tensor_name(name)])
                node.attr["T"].type = dtype.as_datatype_enum
            setattr(definition, field, f"{identity}:0")
    for nested in _nested(definition):
        _refer_to_identities(nested, graph_def, given)


def _remove_other_nodes(definition: Any, names: set[str]) -> None:
    """Removes all nodes that are not among `names` from a definition, and from those nested in it."""
    values = definition.values_def
    for outer, inner in list(values.external_values.items()):
        if node_name(outer) not in names or node_name(inner) not in names:
            del values.external_values[outer]
    remaining = [name for name in values.values if node_name(name) in names]
    values.ClearField("values")
    values.values.extend(remaining)
    for nested in _nested(definition):
        _remove_other_nodes(nested, names)
