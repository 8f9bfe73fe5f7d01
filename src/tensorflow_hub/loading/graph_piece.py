"""A piece of a graph of TensorFlow 1: the nodes between what is fed and what is fetched.

A `tf.function` runs every stateful op in its body, so a function made of a whole imported graph would run its
initializers and savers too. Each function is therefore made of the piece it needs, and no more.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import tensorflow as tf
from tensorflow.core.protobuf import control_flow_pb2

from tensorflow_hub.loading.graph_functions import register, with_unique_functions

# Where an imported piece lies in the function's graph, apart from the function's own arguments.
SCOPE = "graph"


def node_of(tensor: str) -> str:
    """The node of a tensor or control input as written in a graph.

    >>> node_of("a/b:1"), node_of("^init"), node_of("a")
    ('a/b', 'init', 'a')
    """
    return tensor.removeprefix("^").split(":", 1)[0]


def tensor_name(name: str) -> str:
    """A tensor's name in full: output 0 when none is written.

    >>> tensor_name("a"), tensor_name("a:1")
    ('a:0', 'a:1')
    """
    return name if ":" in name else f"{name}:0"


@dataclasses.dataclass(frozen=True)
class WhileLoop:
    """The ops of one `while_loop`: needed all together or not at all."""

    ops: frozenset[str]


@dataclasses.dataclass
class Graph:
    """A MetaGraph, with its nodes by name."""

    meta_graph: Any
    nodes: dict[str, Any]
    functions: dict[str, Any]
    loops: list[WhileLoop]

    @classmethod
    def of(cls, meta_graph: Any) -> Graph:
        """Indexes a `MetaGraphDef`."""
        meta_graph = with_unique_functions(meta_graph)
        graph_def = meta_graph.graph_def
        return cls(
            meta_graph,
            {node.name: node for node in graph_def.node},
            {function.signature.name: function for function in graph_def.library.function},
            [WhileLoop(ops) for ops in _ops_of_loops(meta_graph)],
        )

    def needed(self, fetches: Iterable[str], feeds: Collection[str]) -> set[str]:
        """The names of the nodes between the tensors `feeds` and the tensors or ops `fetches`."""
        fed = {node_of(feed) for feed in feeds}
        found: set[str] = set()
        queue = [node_of(fetch) for fetch in fetches]
        loops = list(self.loops)
        while queue:
            while queue:
                name = queue.pop()
                if name in found or name in fed or name not in self.nodes:
                    continue
                found.add(name)
                queue.extend(map(node_of, self.nodes[name].input))
            for loop in [loop for loop in loops if loop.ops & found]:
                loops.remove(loop)
                queue.extend(loop.ops)
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
        for function in self._functions_called(piece.graph_def.node):
            piece.graph_def.library.function.add().CopyFrom(function)
        piece.graph_def.library.gradient.extend(
            g
            for g in self.meta_graph.graph_def.library.gradient
            if any(f.signature.name == g.function_name for f in piece.graph_def.library.function)
        )
        _copy_contexts(self.meta_graph, piece, names | fed)
        return piece

    def _functions_called(self, nodes: Iterable[Any]) -> list[Any]:
        found: dict[str, Any] = {}
        queue = list(nodes)
        while queue:
            node = queue.pop()
            for name in _functions_named(node):
                if name in self.functions and name not in found:
                    found[name] = self.functions[name]
                    queue.extend(self.functions[name].node_def)
        return list(found.values())


def import_piece(piece: Any, feeds: Mapping[str, Any]) -> tf.Graph:
    """Imports a piece into the function that is being traced.

    Args:
      piece: what `Graph.piece` gave.
      feeds: tensor name in the piece → tensor of the function's graph.

    Returns:
      The graph of the function; the piece's tensors are found by `fetched`.
    """
    graph = tf.compat.v1.get_default_graph()
    register(piece.graph_def.library.function)
    used = {tensor_name(i) for node in piece.graph_def.node for i in node.input if not i.startswith("^")}
    tf.compat.v1.train.import_meta_graph(
        piece,
        clear_devices=True,
        import_scope=SCOPE,
        input_map={name: tensor for name, tensor in feeds.items() if tensor_name(name) in used},
    )
    return graph


def fetched(graph: tf.Graph, name: str, feeds: Mapping[str, Any]) -> Any:
    """The tensor (or op, for a name without output) of an imported piece; a fed one is itself."""
    if tensor_name(name) in feeds:
        return feeds[tensor_name(name)]
    return graph.as_graph_element(f"{SCOPE}/{name}")


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


def _functions_named(node: Any) -> list[str]:
    names = [node.op]
    for attr in node.attr.values():
        if attr.HasField("func"):
            names.append(attr.func.name)
        names.extend(function.name for function in attr.list.func)
    return names


def _ops_of_loops(meta_graph: Any) -> list[frozenset[str]]:
    loops = []
    for data in _contexts(meta_graph, "while_context"):
        context = control_flow_pb2.WhileContextDef.FromString(data)
        names = [
            *context.values_def.values,
            *context.loop_exit_names,
            *context.loop_enter_names,
            context.pivot_name,
            context.pivot_for_pred_name,
            context.pivot_for_body_name,
        ]
        outside = {node_of(name) for name in context.values_def.external_values}
        loops.append(frozenset({node_of(name) for name in names if name}) - outside)
    return loops


def _copy_contexts(meta_graph: Any, piece: Any, names: set[str]) -> None:
    """Keeps the control flow of the nodes in the piece, without which conditions have no gradients."""
    for key, kind in (
        ("cond_context", control_flow_pb2.CondContextDef),
        ("while_context", control_flow_pb2.WhileContextDef),
    ):
        for data in _contexts(meta_graph, key):
            context = kind.FromString(data)
            if _keep_in_context(context, names):
                piece.collection_def[key].bytes_list.value.append(context.SerializeToString())


def _contexts(meta_graph: Any, key: str) -> list[bytes]:
    return list(meta_graph.collection_def[key].bytes_list.value) if key in meta_graph.collection_def else []


def _keep_in_context(context: Any, names: set[str]) -> bool:
    anchors = [context.pivot_name]
    anchors.append(getattr(context, "pred_name", context.pivot_name))
    if not all(node_of(anchor) in names for anchor in anchors):
        return False
    values = [value for value in context.values_def.values if node_of(value) in names]
    del context.values_def.values[:]
    context.values_def.values.extend(values)
    for inside, outside in list(context.values_def.external_values.items()):
        if node_of(inside) not in names or node_of(outside) not in names:
            del context.values_def.external_values[inside]
    for nested in list(context.nested_contexts):
        inner = nested.cond_ctxt if nested.HasField("cond_ctxt") else nested.while_ctxt
        if not _keep_in_context(inner, names):
            context.nested_contexts.remove(nested)
    return True
