"""Inlining of function calls: each call in a graph is replaced by the body of the function.

The ops of a TF2 SavedModel are inside of functions that call other functions, and a tensor inside of a
function cannot be fetched. After inlining every tensor has a name in one graph: its name in the function,
with the names of the calls as prefix.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import tensorflow as tf

from tensorflow_hub.internals.ops import op_definition

_CALLS = frozenset({"PartitionedCall", "StatefulPartitionedCall"})


def inline_calls(graph_def: Any) -> Any:
    """A copy of a `GraphDef` with all calls inlined. Functions of `If`, `While` and datasets are not inlined.

    Each call becomes a NoOp of the same name that runs after all ops of the call, for control dependencies on
    the call.
    """
    flat = tf.compat.v1.GraphDef()
    flat.versions.CopyFrom(graph_def.versions)
    flat.library.CopyFrom(graph_def.library)
    functions = {function.signature.name: function for function in graph_def.library.function}
    _Inliner(flat, functions).add_graph(graph_def.node)
    return flat


@dataclasses.dataclass
class _Scope:
    """One function body while it is inlined.

    Attributes:
      prefix: the prefix of the names of its nodes in the flat graph.
      arguments: argument name → name, in the flat graph, of the tensor that is passed.
      control_inputs: the control inputs of the call, such as `^init`. The body has to run after them.
      returned: name of an inlined call in the body → names, in the flat graph, of the tensors it returns.
      output_numbers: node name → output name → number of its first tensor.
    """

    prefix: str
    arguments: Mapping[str, str]
    control_inputs: Sequence[str]
    returned: dict[str, list[str]] = dataclasses.field(default_factory=dict)
    output_numbers: dict[str, dict[str, int]] = dataclasses.field(default_factory=dict)


class _Inliner:
    """Adds nodes to a flat GraphDef, and for each call the nodes of the function."""

    def __init__(self, flat: Any, functions: Mapping[str, Any]) -> None:
        self._flat = flat
        self._functions = functions

    def add_graph(self, nodes: Sequence[Any]) -> None:
        """Adds the nodes of a graph."""
        self._add(nodes, _Scope("", {}, ()))

    def _add(self, nodes: Sequence[Any], scope: _Scope) -> None:
        # For all nodes first: in loops of TensorFlow 1 some nodes have inputs from later nodes.
        scope.output_numbers.update((node.name, _output_numbers(node)) for node in nodes)
        for node in _in_order(nodes):
            inputs = [self._flat_name(name, scope) for name in node.input]
            function = self._called_function(node)
            if function is None:
                self._add_node(node, inputs, scope)
            else:
                self._add_call(node, function, inputs, scope)

    def _called_function(self, node: Any) -> Any:
        """The function that a node calls; None for a node that is no call."""
        name = node.attr["f"].func.name if node.op in _CALLS else node.op
        return self._functions.get(name)

    def _add_node(self, node: Any, inputs: list[str], scope: _Scope) -> None:
        copy = self._flat.node.add()
        copy.CopyFrom(node)
        copy.name = scope.prefix + node.name
        del copy.input[:]
        copy.input.extend(inputs)
        if "_class" in copy.attr:
            del copy.attr["_class"]
        # A node with a data input gets its value only after that input has run.
        if all(name.startswith("^") for name in inputs):
            copy.input.extend(name for name in scope.control_inputs if name not in copy.input)

    def _add_call(self, node: Any, function: Any, inputs: list[str], scope: _Scope) -> None:
        data = [name for name in inputs if not name.startswith("^")]
        control = [name for name in inputs if name.startswith("^")]
        names = [argument.name for argument in function.signature.input_arg]
        prefix = f"{scope.prefix}{node.name}/"
        inner = _Scope(prefix, dict(zip(names, data, strict=True)), [*scope.control_inputs, *control])
        self._add(function.node_def, inner)
        results = [function.ret[output.name] for output in function.signature.output_arg]
        scope.returned[node.name] = [self._flat_name(name, inner) for name in results]
        scope.output_numbers[node.name] = {"output": 0} | {
            output.name: i for i, output in enumerate(function.signature.output_arg)
        }
        done = {f"^{prefix}{name}" for name in function.control_ret.values()}
        done |= {f"^{name.split(':')[0]}" for name in scope.returned[node.name]}
        self._flat.node.add(name=scope.prefix + node.name, op="NoOp", input=sorted(done | set(control)))

    def _flat_name(self, name: str, scope: _Scope) -> str:
        """The name in the flat graph for the name of an input in a function body."""
        if name.startswith("^"):
            node = name[1:]
            if node in scope.arguments:
                return f"^{scope.arguments[node].split(':')[0]}"
            return f"^{scope.prefix}{node}"
        if name in scope.arguments:
            return scope.arguments[name]
        node, number = _node_and_number(name, scope.output_numbers)
        if node in scope.returned:
            return scope.returned[node][number]
        return f"{scope.prefix}{node}:{number}" if number else f"{scope.prefix}{node}"


def _node_and_number(name: str, output_numbers: Mapping[str, Mapping[str, int]]) -> tuple[str, int]:
    """The node and output number of "node", "node:1" or, in functions, "node:output:1"."""
    parts = name.split(":")
    if len(parts) == 1:
        return name, 0
    if len(parts) == 2:
        return parts[0], int(parts[1])
    return parts[0], output_numbers[parts[0]].get(parts[1], 0) + int(parts[2])


def _output_numbers(node: Any) -> dict[str, int]:
    """Output name → number of its first tensor, for a node."""
    op = op_definition(node.op)
    numbers: dict[str, int] = {}
    total = 0
    for output in op.output_arg if op is not None else ():
        numbers[output.name] = total
        if output.number_attr:
            total += node.attr[output.number_attr].i
        elif output.type_list_attr:
            total += len(node.attr[output.type_list_attr].list.type)
        else:
            total += 1
    return numbers


def _in_order(nodes: Sequence[Any]) -> list[Any]:
    """Nodes in topological order: each after its inputs.

    Loops of TensorFlow 1 are cycles. Their nodes, and those after them, come last, in the given order.
    """
    by_name = {node.name: node for node in nodes}
    waiting: dict[str, set[str]] = {}
    followers: dict[str, list[str]] = {}
    for node in nodes:
        before = {name.removeprefix("^").split(":")[0] for name in node.input} & by_name.keys()
        waiting[node.name] = before
        for name in before:
            followers.setdefault(name, []).append(node.name)
    ready = [name for name, before in waiting.items() if not before]
    ordered: dict[str, Any] = {}
    while ready:
        name = ready.pop()
        ordered[name] = by_name[name]
        for follower in followers.get(name, ()):
            waiting[follower].discard(name)
            if not waiting[follower]:
                ready.append(follower)
    return [*ordered.values(), *(node for node in nodes if node.name not in ordered)]
