"""The ops that run when a module is called, without those that only save, restore or initialize it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

# Signatures for initialization, which TensorFlow adds to a SavedModel.
_RESERVED = frozenset({"__saved_model_init_op", "__saved_model_train_op"})


def applied_ops(meta_graph: Any, functions: Iterable[str] | None = None) -> set[str]:
    """The ops of the signatures of a graph and of the functions of its objects, and of all called functions.

    The ops of the saver are not among them, because only the `saver_def` refers to them.

    Args:
      meta_graph: the MetaGraphDef.
      functions: the names of the functions of objects that count; None for all.
    """
    library = {function.signature.name: function for function in meta_graph.graph_def.library.function}
    found: set[str] = set()
    waiting = list(meta_graph.object_graph_def.concrete_functions if functions is None else functions)
    for node in _applied_nodes(meta_graph):
        found.add(node.op)
        waiting += called_functions(node)
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in seen or name not in library:
            continue
        seen.add(name)
        for node in library[name].node_def:
            found.add(node.op)
            waiting += called_functions(node)
    return found


def _applied_nodes(meta_graph: Any) -> Iterator[Any]:
    signatures = (s for key, s in meta_graph.signature_def.items() if key not in _RESERVED)
    return signature_nodes(meta_graph, *signatures)


def signature_nodes(meta_graph: Any, *signatures: Any) -> Iterator[Any]:
    """The nodes that the outputs of signatures depend on."""
    nodes = {node.name: node for node in meta_graph.graph_def.node}
    waiting = [
        name for signature in signatures for info in signature.outputs.values() for name in _tensors(info)
    ]
    seen: set[str] = set()
    while waiting:
        name = waiting.pop().lstrip("^").partition(":")[0]
        if name in seen or name not in nodes:
            continue
        seen.add(name)
        yield nodes[name]
        waiting += nodes[name].input


def _tensors(info: Any) -> list[str]:
    parts = [tensor for part in info.composite_tensor.components for tensor in _tensors(part)]
    sparse = info.coo_sparse
    sparse_parts = [sparse.values_tensor_name, sparse.indices_tensor_name, sparse.dense_shape_tensor_name]
    return [info.name, *sparse_parts, *parts]


def called_functions(node: Any) -> Iterable[str]:
    """The names of functions that a node may call: its op, and functions in its attributes."""
    yield node.op
    for value in node.attr.values():
        if value.func.name:
            yield value.func.name
        for function in value.list.func:
            yield function.name
