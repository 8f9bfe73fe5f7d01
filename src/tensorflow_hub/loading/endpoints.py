"""Intermediate activations: tensors of a graph by name."""

from __future__ import annotations

from tensorflow_hub.errors import SignatureError
from tensorflow_hub.loading.graph_piece import Graph, node_of, tensor_name


def find_tensor(graph: Graph, name: str) -> str:
    """The full name of the one tensor that `name` means: its name, or the end of it.

    Raises:
      SignatureError: none, or several, nodes have such a name.
    """
    node = node_of(name)
    if node in graph.nodes:
        return tensor_name(name)
    return _only(node, [n for n in graph.nodes if n.endswith(f"/{node}")], tensor_name(name))


def _only(node: str, found: list[str], full: str) -> str:
    output = full.rsplit(":", 1)[1]
    if len(found) == 1:
        return f"{found[0]}:{output}"
    if found:
        raise SignatureError(
            f"Expected the name of one tensor, but {len(found)} end in {node!r}: {sorted(found)[:8]}.",
            hint="Write more of the name.",
        )
    raise SignatureError(
        f"Expected the name of a tensor of the graph, got {node!r}.",
        hint="List the names with .endpoint_names().",
    )
