"""A stored graph of TensorFlow 1 with an index of its nodes, their dependencies and its state."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Collection, Iterable
from typing import Any

import tensorflow as tf
from tensorflow.core.framework import graph_pb2

from tensorflow_hub.graphs import assets
from tensorflow_hub.graphs.control_flow import Context, contexts_of, restricted
from tensorflow_hub.graphs.function_library import called_by, reachable, with_unique_functions
from tensorflow_hub.graphs.signatures import Signature, signatures_of
from tensorflow_hub.graphs.tensor_names import node_name, tensor_name
from tensorflow_hub.internals.ops import op_definition


@dataclasses.dataclass(frozen=True, eq=False)
class IndexedMetaGraph:
    """A `MetaGraphDef` that is never changed. Each property is computed when it is first used.

    Attributes:
      meta_graph: the graph. Its functions have unique names (`with_unique_functions`).
    """

    meta_graph: Any

    @classmethod
    def of(cls, meta_graph: Any) -> IndexedMetaGraph:
        """Indexes a `MetaGraphDef`."""
        return cls(with_unique_functions(meta_graph))

    @functools.cached_property
    def nodes(self) -> dict[str, Any]:
        """The nodes by name."""
        return {node.name: node for node in self.meta_graph.graph_def.node}

    @functools.cached_property
    def functions(self) -> dict[str, Any]:
        """The functions in the graph's library, by name."""
        return {function.signature.name: function for function in self.meta_graph.graph_def.library.function}

    @functools.cached_property
    def signatures(self) -> dict[str, Signature]:
        """The signatures by name."""
        return signatures_of(self.meta_graph)

    @functools.cached_property
    def contexts(self) -> list[Context]:
        """The control flow contexts (version 1)."""
        return contexts_of(self.meta_graph)

    @functools.cached_property
    def inaccessible(self) -> frozenset[str]:
        """The nodes inside of loops and branches. Their outputs cannot be fetched."""
        return frozenset().union(*(context.inaccessible for context in self.contexts))

    @functools.cached_property
    def asset_files(self) -> dict[str, str]:
        """Name of the asset tensor → file name under `assets/`."""
        return assets.file_names(self.meta_graph)

    @functools.cached_property
    def state(self) -> dict[str, Any]:
        """The nodes of the state: variables, tables and assets.

        They exist once per module, however often it is applied.
        """
        found = {name: node for name, node in self.nodes.items() if is_state(node.op)}
        found.update((node_name(name), self.nodes[node_name(name)]) for name in self.asset_files)
        return found

    @functools.cached_property
    def state_tensors(self) -> frozenset[str]:
        """The outputs of the state nodes, mostly resource handles. Subgraphs get them as feeds."""
        return frozenset(map(tensor_name, self.state))

    def colocated_with(self, name: str) -> list[str]:
        """The names of the nodes that a node is colocated with."""
        node = self.nodes[name]
        if "_class" not in node.attr:
            return []
        groups = (str(tf.compat.as_str_any(s)) for s in node.attr["_class"].list.s)
        return [g.removeprefix("loc:@") for g in groups if g.startswith("loc:@") and g != f"loc:@{name}"]

    def needed(
        self, roots: Iterable[str], given: Collection[str] = (), *, with_colocated: bool = False
    ) -> set[str]:
        """The names of the nodes that compute `roots`.

        A node inside of a loop or branch needs all nodes of that loop or branch, for gradients.

        Args:
          roots: names of tensors, or of ops.
          given: names of tensors that are fed. What computes them is not needed, nor are the nodes of control
            dependencies on them.
          with_colocated: whether the result also has the nodes that a needed node is colocated with.
        """
        given = set(map(tensor_name, given))
        given_nodes = set(map(node_name, given))
        found: set[str] = set()
        contexts = list(self.contexts)
        queue = [node_name(name) for name in roots if tensor_name(name) not in given]
        while queue:  # again for the nodes of loops and branches, which are added at the end
            while queue:
                name = queue.pop()
                if name in found or name not in self.nodes:
                    continue
                found.add(name)
                for source in self.nodes[name].input:
                    is_given = source[1:] in given_nodes if source[0] == "^" else tensor_name(source) in given
                    if not is_given:
                        queue.append(node_name(source))
                if with_colocated:
                    queue.extend(other for other in self.colocated_with(name) if other not in given_nodes)
            for context in [context for context in contexts if context.inside & found]:
                contexts.remove(context)
                queue.extend(name for name in context.referenced if name not in given_nodes)
        return found

    def graph_def(self, names: Collection[str]) -> Any:
        """A `GraphDef` of the named nodes, in the order of the graph, and of the functions that they call.

        Control dependencies on other nodes are removed.
        """
        whole = self.meta_graph.graph_def
        part = graph_pb2.GraphDef(versions=whole.versions)
        for node in whole.node:
            if node.name in names:
                copy = part.node.add()
                copy.CopyFrom(node)
                if any(source[0] == "^" and source[1:] not in names for source in copy.input):
                    inputs = [s for s in copy.input if s[0] != "^" or s[1:] in names]
                    del copy.input[:]
                    copy.input.extend(inputs)
        called = reachable((name for node in part.node for name in called_by(node)), self.functions)
        part.library.function.extend(self.functions[name] for name in sorted(called))
        part.library.gradient.extend(g for g in whole.library.gradient if g.function_name in called)
        return part

    def subgraph(self, fetches: Iterable[str], feeds: Collection[str]) -> Any:
        """A `MetaGraphDef` of the nodes that compute `fetches` from `feeds`, to be imported into a function.

        A `tf.function` runs every stateful op in its body. A function with the whole graph would also run the
        graph's initializers and savers. So each function gets only the subgraph that it needs.

        Args:
          fetches: names of tensors, or of ops.
          feeds: names of tensors.
        """
        names = self.needed(fetches, feeds)
        subgraph = tf.compat.v1.MetaGraphDef(graph_def=self.graph_def(names))
        subgraph.meta_info_def.CopyFrom(self.meta_graph.meta_info_def)
        for node in subgraph.graph_def.node:
            # The code of custom gradients is not stored. Without this attribute the op has its usual
            # gradient.
            node.attr.pop("_gradient_op_type", None)
            node.attr.pop("_class", None)  # may name a node outside of the subgraph
        given = set(map(tensor_name, feeds))
        for context in self.contexts:
            if context.inside & names:
                definition = restricted(context, subgraph.graph_def, given)
                subgraph.collection_def[context.key].bytes_list.value.append(definition.SerializeToString())
        return subgraph


@functools.cache
def is_state(op: str) -> bool:
    """Whether an op creates an object that a session stores by name, and returns a handle to it.

    Such ops create variables, tables, queues and iterators. They have the attributes `shared_name` and
    `container`.
    """
    definition = op_definition(op)
    if definition is None:
        return False
    attributes = {attribute.name for attribute in definition.attr}
    returns_handle = returns_resource(op) or any(output.is_ref for output in definition.output_arg)
    return bool(definition.is_stateful) and returns_handle and {"shared_name", "container"} <= attributes


def returns_resource(op: str) -> bool:
    """Whether an op returns a resource handle. Some ops of TensorFlow 1 return a reference instead."""
    definition = op_definition(op)
    return definition is not None and any(
        output.type == tf.resource.as_datatype_enum for output in definition.output_arg
    )
