"""A module's graph, indexed: its nodes, what they need, which of them are state."""

from __future__ import annotations

import functools
from collections.abc import Collection, Container, Iterable
from typing import Any

import tensorflow as tf
from tensorflow.core.framework import graph_pb2
from tensorflow.python.framework import op_def_registry

from tensorflow_hub.graphs import assets
from tensorflow_hub.graphs.control_flow import Context, contexts_of
from tensorflow_hub.graphs.tensor_names import node_of, output_of


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
    def contexts(self) -> list[Context]:
        """The control flow contexts (version 1)."""
        return contexts_of(self.meta_graph)

    def needed(
        self, roots: Iterable[str], stop: Container[str] = (), given: Collection[str] = ()
    ) -> set[str]:
        """The nodes that `roots` need, themselves included.

        Whoever needs a node in a control flow context needs the whole context, for its gradient;
        whoever is colocated with a node needs it.

        Args:
          roots: names of nodes.
          stop: names of nodes that are given from outside.
          given: names, with output number, of tensors that are given from outside.
        """
        seen: set[str] = set()
        given_nodes = {node_of(name) for name in given}
        pending = {name for name in roots if name not in stop}
        while pending:
            while pending:
                name = pending.pop()
                seen.add(name)
                sources = {
                    node_of(s) for s in self.nodes[name].input if s[0] == "^" or output_of(s) not in given
                }
                sources.update(target for target in self.colocated_with(name) if target not in given_nodes)
                pending |= {node for node in sources if node not in seen and node not in stop}
            pending = {node for node in self._contexts_of(seen) - seen if node not in stop}
        return seen

    def colocated_with(self, name: str) -> list[str]:
        """The nodes that a node wants to be on one device with."""
        node = self.nodes[name]
        if "_class" not in node.attr:
            return []
        groups = (str(tf.compat.as_str_any(s)) for s in node.attr["_class"].list.s)
        return [g.removeprefix("loc:@") for g in groups if g.startswith("loc:@") and g != f"loc:@{name}"]

    def _contexts_of(self, seen: set[str]) -> set[str]:
        named: set[str] = set()
        return named.union(
            *(context.named for context in self.contexts if not seen.isdisjoint(context.inside))
        )

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
