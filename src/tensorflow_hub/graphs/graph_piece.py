"""A piece of a graph of TensorFlow 1: the nodes between what is fed and what is fetched.

A `tf.function` runs every stateful op in its body, so a function made of a whole imported graph would run its
initializers and savers too. Each function is therefore made of the piece it needs, and no more.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import tensorflow as tf

from tensorflow_hub.graphs.control_flow import Context, contexts_of, restricted
from tensorflow_hub.graphs.function_library import called_by, reachable, register, with_unique_functions
from tensorflow_hub.graphs.tensor_names import node_of, output_of

# Where an imported piece lies in the function's graph, apart from the function's own arguments.
SCOPE = "graph"


@dataclasses.dataclass
class Graph:
    """A MetaGraph, with its nodes by name."""

    meta_graph: Any
    nodes: dict[str, Any]
    functions: dict[str, Any]
    contexts: list[Context]

    @classmethod
    def of(cls, meta_graph: Any) -> Graph:
        """Indexes a `MetaGraphDef`."""
        meta_graph = with_unique_functions(meta_graph)
        graph_def = meta_graph.graph_def
        return cls(
            meta_graph,
            {node.name: node for node in graph_def.node},
            {function.signature.name: function for function in graph_def.library.function},
            contexts_of(meta_graph),
        )

    @functools.cached_property
    def hidden(self) -> frozenset[str]:
        """The nodes inside of loops and branches, whose tensors cannot be fetched."""
        return frozenset().union(*(context.hidden for context in self.contexts))

    def needed(self, fetches: Iterable[str], feeds: Collection[str]) -> set[str]:
        """The names of the nodes between the tensors `feeds` and the tensors or ops `fetches`."""
        fed = {node_of(feed) for feed in feeds}
        found: set[str] = set()
        queue = [node_of(fetch) for fetch in fetches]
        contexts = list(self.contexts)
        while queue:
            while queue:
                name = queue.pop()
                if name in found or name in fed or name not in self.nodes:
                    continue
                found.add(name)
                queue.extend(map(node_of, self.nodes[name].input))
            for context in [context for context in contexts if context.inside & found]:
                contexts.remove(context)
                queue.extend(context.named)
        return found

    def piece(self, fetches: Iterable[str], feeds: Collection[str]) -> Any:
        """A `MetaGraphDef` of the nodes that `needed` names, ready to import."""
        names = self.needed(fetches, feeds)
        fed = {node_of(feed) for feed in feeds}
        piece = tf.compat.v1.MetaGraphDef()
        piece.meta_info_def.CopyFrom(self.meta_graph.meta_info_def)
        piece.graph_def.versions.CopyFrom(self.meta_graph.graph_def.versions)
        for node in self.meta_graph.graph_def.node:
            if node.name in names:
                _copy_node(node, piece.graph_def.node.add(), fed)
        for name in sorted(
            reachable((n for node in piece.graph_def.node for n in called_by(node)), self.functions)
        ):
            piece.graph_def.library.function.add().CopyFrom(self.functions[name])
        piece.graph_def.library.gradient.extend(
            g
            for g in self.meta_graph.graph_def.library.gradient
            if any(f.signature.name == g.function_name for f in piece.graph_def.library.function)
        )
        given = {output_of(feed) for feed in feeds}
        for context in self.contexts:
            if context.inside & names:
                definition = restricted(context, piece.graph_def, given)
                piece.collection_def[context.key].bytes_list.value.append(definition.SerializeToString())
        return piece


def import_piece(piece: Any, feeds: Mapping[str, Any], scope: str = SCOPE) -> tf.Graph:
    """Imports a piece into the function that is being traced.

    Args:
      piece: what `Graph.piece` gave.
      feeds: tensor name in the piece → tensor of the function's graph.
      scope: a name scope that the graph does not have yet.

    Returns:
      The graph of the function; the piece's tensors are found by `fetched`.
    """
    graph = tf.compat.v1.get_default_graph()
    register(piece.graph_def.library.function)
    used = {output_of(i) for node in piece.graph_def.node for i in node.input if not i.startswith("^")}
    tf.compat.v1.train.import_meta_graph(
        piece,
        clear_devices=True,
        import_scope=scope,
        input_map={name: tensor for name, tensor in feeds.items() if output_of(name) in used},
    )
    return graph


def fetched(graph: tf.Graph, name: str, feeds: Mapping[str, Any], scope: str = SCOPE) -> Any:
    """The tensor (or op, for a name without output) of an imported piece; a fed one is itself."""
    if output_of(name) in feeds:
        return feeds[output_of(name)]
    return graph.as_graph_element(f"{scope}/{name}")


def _copy_node(node: Any, copy: Any, fed: Collection[str]) -> None:
    copy.CopyFrom(node)
    # Where the code of a custom gradient is not at hand the ops' own gradients serve.
    copy.attr.pop("_gradient_op_type", None)
    if "_class" in copy.attr:
        del copy.attr["_class"]  # may name a node outside the piece
    if any(i.startswith("^") and i[1:] in fed for i in copy.input):
        kept = [i for i in copy.input if not (i.startswith("^") and i[1:] in fed)]
        del copy.input[:]
        copy.input.extend(kept)
