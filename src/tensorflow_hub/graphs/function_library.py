"""The function library of a graph: the functions of loops, branches and datasets, and what they call.

The functions of an imported graph have to be registered with the eager runtime too. Otherwise a call of a
subgraph that needs one fails with "Op type not registered 'while_body_12'". The runtime has one namespace for
the whole process, and two modules may use one name for different functions. So a digest of the library is
appended to each name.
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
    """Which of `names` are functions of a library, and all functions that these call, directly or not."""
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
    """A copy of a `MetaGraphDef` with unique names of functions; without functions the message itself."""
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
