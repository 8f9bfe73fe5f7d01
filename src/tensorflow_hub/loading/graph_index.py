"""A module's graph, indexed: its nodes, what they need, which of them are state."""

from __future__ import annotations

import functools
from collections.abc import Container, Iterable, Iterator
from typing import Any

import tensorflow as tf
from tensorflow.core.framework import graph_pb2
from tensorflow.core.protobuf import control_flow_pb2
from tensorflow.python.framework import op_def_registry

from tensorflow_hub.exporting import assets

_CONTEXTS = (
    (tf.compat.v1.GraphKeys.COND_CONTEXT, control_flow_pb2.CondContextDef),
    (tf.compat.v1.GraphKeys.WHILE_CONTEXT, control_flow_pb2.WhileContextDef),
)


def node_of(tensor_name: str) -> str:
    """The name of the node that gives a tensor, or that a control input names.

    >>> node_of("a/b:1"), node_of("^a/b"), node_of("a/b")
    ('a/b', 'a/b', 'a/b')
    """
    return tensor_name.removeprefix("^").rsplit(":", 1)[0]


def output_of(name: str) -> str:
    """The name of a tensor with its output number.

    >>> output_of("a/b"), output_of("a/b:1")
    ('a/b:0', 'a/b:1')
    """
    return name if ":" in name else f"{name}:0"


class GraphIndex:
    """Reads a MetaGraphDef; never changes it."""

    def __init__(self, meta_graph: Any) -> None:
        self.meta_graph = meta_graph
        self.nodes: dict[str, Any] = {node.name: node for node in meta_graph.graph_def.node}

    @functools.cached_property
    def asset_files(self) -> dict[str, str]:
        """Name of the asset tensor → file name under `assets/`."""
        return assets.file_names(self.meta_graph)

    @functools.cached_property
    def state(self) -> dict[str, Any]:
        """The nodes that exist once per module however often it is applied: variables, tables, assets."""
        found = {name: node for name, node in self.nodes.items() if _keeps_state(node.op)}
        found.update((node_of(name), self.nodes[node_of(name)]) for name in self.asset_files)
        return found

    @functools.cached_property
    def contexts(self) -> list[tuple[str, Any, frozenset[str]]]:
        """The control flow contexts (version 1): collection, definition, and names of the nodes inside."""
        result = []
        for key, kind in _CONTEXTS:
            if key not in self.meta_graph.collection_def:
                continue
            for data in self.meta_graph.collection_def[key].bytes_list.value:
                definition = kind.FromString(data)
                result.append((key, definition, frozenset(_nodes_in(definition))))
        return result

    def needed(self, roots: Iterable[str], stop: Container[str] = (), given: Container[str] = ()) -> set[str]:
        """The nodes that `roots` need, themselves included.

        Whoever needs a node in a control flow context needs the whole context, for its gradient;
        whoever is colocated with a node needs it.

        Args:
          roots: names of nodes.
          stop: names of nodes that are given from outside.
          given: names, with output number, of tensors that are given from outside.
        """
        seen: set[str] = set()
        pending = [name for name in roots if name not in stop]
        while pending:
            name = pending.pop()
            if name in seen:
                continue
            seen.add(name)
            sources = [s for s in self.nodes[name].input if s.startswith("^") or output_of(s) not in given]
            sources += self.colocated_with(name)
            pending.extend(node for node in map(node_of, sources) if node not in seen and node not in stop)
            if not pending:
                pending.extend(node for node in self._contexts_of(seen) - seen if node not in stop)
        return seen

    def colocated_with(self, name: str) -> list[str]:
        """The nodes that a node wants to be on one device with."""
        node = self.nodes[name]
        if "_class" not in node.attr:
            return []
        groups = (str(tf.compat.as_str_any(s)) for s in node.attr["_class"].list.s)
        return [g.removeprefix("loc:@") for g in groups if g.startswith("loc:@") and g != f"loc:@{name}"]

    def _contexts_of(self, seen: set[str]) -> set[str]:
        rest: set[str] = set()
        for _, definition, inside in self.contexts:
            if not seen.isdisjoint(inside):
                rest |= inside | {node_of(name) for name in outer_names(definition)}
        return rest

    def graph_def(self, names: set[str]) -> Any:
        """A GraphDef of the nodes named, in their order, with the whole library of functions."""
        whole = self.meta_graph.graph_def
        part = graph_pb2.GraphDef(versions=whole.versions, library=whole.library)
        part.node.extend(node for node in whole.node if node.name in names)
        return part


@functools.cache
def _keeps_state(op: str) -> bool:
    """Whether an op keeps something in the session under a name, and gives a handle to it."""
    definition = op_def_registry.get(op)
    if definition is None:
        return False
    attributes = {attribute.name for attribute in definition.attr}
    gives_handle = any(
        output.is_ref or output.type == tf.resource.as_datatype_enum for output in definition.output_arg
    )
    return bool(definition.is_stateful) and gives_handle and {"shared_name", "container"} <= attributes


def _nodes_in(definition: Any) -> set[str]:
    """The nodes whose control flow context this is, or lies within it."""
    values = definition.values_def
    outside = {node_of(name) for name in values.external_values}
    inside = {node_of(name) for name in values.values} - outside
    for nested in definition.nested_contexts:
        inside |= _nodes_in(getattr(nested, nested.WhichOneof("ctxt")))
    return inside


def outer_names(definition: Any) -> Iterator[str]:
    """The tensors outside of a control flow context that its definition names."""
    for field in ("pred_name", "maximum_iterations_name"):
        name = getattr(definition, field, "")
        if name:
            yield name
    for nested in definition.nested_contexts:
        yield from outer_names(getattr(nested, nested.WhichOneof("ctxt")))
