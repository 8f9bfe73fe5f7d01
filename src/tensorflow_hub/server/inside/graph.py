"""Summarizes the graph of a SavedModel: signatures, their layers, and ops by count. Needs no TensorFlow."""

from __future__ import annotations

import dataclasses
import functools
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from tensorflow_hub.format.module import layout
from tensorflow_hub.format.module.functions import saved_functions
from tensorflow_hub.format.module.messages import parse
from tensorflow_hub.format.module.ops import custom_ops, unsafe_ops
from tensorflow_hub.format.module.reachable_ops import applied_ops, called_functions, signature_nodes
from tensorflow_hub.server.inside.stored_files import StoredFiles

# The largest graph that is read, in bytes. It takes a second, and memory of ten times its size.
LARGEST_GRAPH = 24 << 20
# Only one graph is read at a time, to limit the memory.
_LOCK = threading.Lock()
# How many layers a page shows, how deep they are nested, and how many ops it names for each.
_MAX_LAYERS, _MAX_DEPTH, _MAX_OPS_NAMED = 400, 6, 4
# Name scopes that are left out: functions that only call other functions.
_CALLS = ("StatefulPartitionedCall", "PartitionedCall")
# Ops that are left out because nearly every layer has them.
_COMMON = {"Placeholder", "Const", "Identity", "NoOp", "ReadVariableOp", "VarHandleOp"}


@dataclasses.dataclass(frozen=True)
class OpCount:
    """An op type of a graph.

    Attributes:
      op: its name, for example "MatMul".
      count: how often the graph has it.
      reaches: what it accesses outside of the graph, for example files; "" for nothing; None if that is not
        known, because it is no op of TensorFlow.
    """

    op: str
    count: int
    reaches: str | None


@dataclasses.dataclass(frozen=True)
class Layer:
    """A name scope of the graph and the scopes in it.

    Attributes:
      name: the last part of the scope's name.
      ops: how many ops are in it, including those in inner scopes.
      commonest: the most frequent op types, except those that nearly every layer has.
      layers: the inner scopes.
    """

    name: str
    ops: int
    commonest: tuple[str, ...]
    layers: tuple[Layer, ...]


@dataclasses.dataclass(frozen=True)
class GraphView:
    """The summary of a graph: its ops by count, and the layers of each signature and function."""

    ops: tuple[OpCount, ...]
    signatures: tuple[Layer, ...]


@functools.lru_cache(maxsize=8)
def graph_of(files: StoredFiles) -> GraphView | None:
    """Returns the summary of a deployment's graph; None if the deployment has no SavedModel.

    Raises:
      FormatError: the SavedModel is damaged.
      TooLarge: it is larger than `LARGEST_GRAPH`.
    """
    if all(file.path != layout.SAVED_MODEL for file in files.index.files):
        return None
    with _LOCK:
        data = files.read(layout.SAVED_MODEL, most=LARGEST_GRAPH)
        saved_model = parse("SavedModel", data, layout.SAVED_MODEL)
        return GraphView(_ops(saved_model.meta_graphs), tuple(_signatures(saved_model.meta_graphs)))


def _ops(meta_graphs: Sequence[Any]) -> tuple[OpCount, ...]:
    """Returns the ops by count; first those that access something outside of the graph, then unknown ones."""
    ops: Counter[str] = Counter()
    for meta_graph in meta_graphs:
        ops += _count(meta_graph.graph_def)
    reached = unsafe_ops(ops, {op for meta_graph in meta_graphs for op in applied_ops(meta_graph)})
    reached_or_not: dict[str, str | None] = {**reached, **dict.fromkeys(custom_ops(ops))}
    counted = (OpCount(op, count, reached_or_not.get(op, "")) for op, count in ops.items())
    return tuple(sorted(counted, key=lambda op: (not op.reaches, op.reaches == "", -op.count, op.op)))


def _count(graph: Any) -> Counter[str]:
    own = {function.signature.name for function in graph.library.function}
    ops = Counter(node.op for node in graph.node)
    for function in graph.library.function:
        ops.update(node.op for node in function.node_def)
    return Counter({op: count for op, count in ops.items() if op not in own})


def _signatures(meta_graphs: Iterable[Any]) -> Iterator[Layer]:
    """Yields the layers of each signature, and of the first trace of each function such as `__call__`."""
    for meta_graph in meta_graphs:
        tags = ", ".join(sorted(meta_graph.meta_info_def.tags))
        library = {function.signature.name: function for function in meta_graph.graph_def.library.function}
        for name, signature in sorted(meta_graph.signature_def.items()):
            if not name.startswith("__saved_model_"):
                reached = {node.name for node in signature_nodes(meta_graph, signature)}
                # In the order of the graph, which is mostly from the inputs to the outputs.
                first = (node for node in meta_graph.graph_def.node if node.name in reached)
                nodes = list(_nodes(first, library))
                label = f"{name} ({tags})" if tags and tags != "serve" else name
                yield _root_layer(label, nodes)
        for name, function in sorted(saved_functions(meta_graph.object_graph_def).items()):
            trace = next((trace for trace in function.concrete_functions if trace in library), None)
            if trace is not None:
                yield _root_layer(name, list(_nodes(library[trace].node_def, library)))


def _root_layer(name: str, nodes: list[Any]) -> Layer:
    return _layer(name, [(_scope(node.name), node.op) for node in nodes], 0, [_MAX_LAYERS])


def _nodes(first: Iterable[Any], library: dict[str, Any]) -> Iterator[Any]:
    """Yields the nodes of a signature and of the functions that it calls, each function once."""
    seen: set[str] = set()
    waiting = [list(first)]
    while waiting:
        for node in waiting.pop():
            yield node
            for name in sorted(called_functions(node)):
                if name in library and name not in seen:
                    seen.add(name)
                    waiting.append(list(library[name].node_def))


def _scope(name: str) -> tuple[str, ...]:
    parts = [part for part in name.split("/") if part and not part.startswith(_CALLS)]
    return tuple(parts[:_MAX_DEPTH])


def _layer(name: str, nodes: list[tuple[tuple[str, ...], str]], depth: int, left: list[int]) -> Layer:
    """Returns the layer of nodes, given as (scope, op). `left[0]` is how many more layers may be made."""
    below: dict[str, list[tuple[tuple[str, ...], str]]] = {}
    for scope, op in nodes:
        if len(scope) > depth + 1:  # the last part of a scope is the name of the node itself
            below.setdefault(scope[depth], []).append((scope, op))
    layers = []
    for part, members in below.items():
        if left[0] > 0:
            left[0] -= 1
            layers.append(_layer(part, members, depth + 1, left))
    counts = Counter(op for _, op in nodes if op not in _COMMON and not op.startswith(_CALLS))
    commonest = sorted(counts, key=lambda op: (-counts[op], op))[:_MAX_OPS_NAMED]
    return Layer(name[:200], len(nodes), tuple(commonest), tuple(layers))
