"""The functions that a graph carries in its library: bodies of loops, branches, datasets; which calls which.

A function in an imported graph of TensorFlow 1 has to be known to the eager runtime too, or a call of the
subgraph that needs it ends in "Op type not registered 'while_body_12'". The runtime has one name space for
the whole process, and two modules may well use one name for different functions, so each is renamed after the
content of its library first.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

import tensorflow as tf


def called_by(node: Any) -> list[str]:
    """The names of functions that a node may call."""
    names = [node.op]
    for attr in node.attr.values():
        if attr.HasField("func"):
            names.append(attr.func.name)
        names.extend(function.name for function in attr.list.func)
    return names


def reachable(names: Iterable[str], functions: Mapping[str, Any]) -> set[str]:
    """Those of `names` that are functions of a library, and the functions that they call in turn."""
    queue = list(names)
    found: set[str] = set()
    while queue:
        name = queue.pop()
        if name in functions and name not in found:
            found.add(name)
            for node in functions[name].node_def:
                queue.extend(called_by(node))
    return found


def with_unique_functions(meta_graph: Any) -> Any:
    """The `MetaGraphDef` with library functions named after their content; itself where it has none."""
    library = meta_graph.graph_def.library
    if not library.function:
        return meta_graph
    digest = hashlib.sha256(library.SerializeToString(deterministic=True)).hexdigest()[:12]
    names = {f.signature.name: f"{f.signature.name}_{digest}" for f in library.function}
    renamed = tf.compat.v1.MetaGraphDef()
    renamed.CopyFrom(meta_graph)
    graph_def = renamed.graph_def
    _rename(graph_def.node, names)
    for function in graph_def.library.function:
        function.signature.name = names[function.signature.name]
        _rename(function.node_def, names)
    for gradient in graph_def.library.gradient:
        gradient.function_name = names.get(gradient.function_name, gradient.function_name)
        gradient.gradient_func = names.get(gradient.gradient_func, gradient.gradient_func)
    return renamed


def _rename(nodes: Iterable[Any], names: dict[str, str]) -> None:
    for node in nodes:
        node.op = names.get(node.op, node.op)
        for attr in node.attr.values():
            called = [attr.func] if attr.HasField("func") else attr.list.func
            for function in called:
                function.name = names.get(function.name, function.name)
