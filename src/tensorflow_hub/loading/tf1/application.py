"""Applying a module: what lies between inputs and outputs of a signature, added to a graph."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import tensorflow as tf
from tensorflow.core.framework import attr_value_pb2
from tensorflow.python.framework import ops

from tensorflow_hub.graphs import signatures
from tensorflow_hub.graphs.control_flow import restricted
from tensorflow_hub.graphs.graph_index import GraphIndex
from tensorflow_hub.graphs.tensor_info import SignatureTensor
from tensorflow_hub.graphs.tensor_names import node_of, output_of
from tensorflow_hub.loading.tf1.lifting import LiftedState
from tensorflow_hub.loading.tf1.resources import collection
from tensorflow_hub.loading.tf1.state import ModuleState

_KEYS = tf.compat.v1.GraphKeys


@dataclasses.dataclass(frozen=True)
class ApplicationPlan:
    """What is to be added for one signature; made once and used for each application.

    Attributes:
      inputs: the inputs of the signature.
      outputs: its outputs.
      graph_def: the nodes to add, state left out.
      state_nodes: names of the state nodes.
      state_tensors: tensors of state nodes that these nodes read, or that are outputs themselves.
      read_state: those that these nodes read.
      fed: tensors that these nodes read and the inputs give.
      colocated: node → state nodes and nodes of inputs that it wants to be on one device with.
      update_ops: names of the update ops that can run with these inputs.
      contexts: control flow contexts (version 1): collection and definition.
      producer_ops: the ops as the writer of the module knew them.
    """

    inputs: dict[str, SignatureTensor]
    outputs: dict[str, SignatureTensor]
    graph_def: Any
    state_nodes: frozenset[str]
    state_tensors: frozenset[str]
    read_state: frozenset[str]
    fed: frozenset[str]
    colocated: dict[str, list[str]]
    update_ops: list[str]
    contexts: list[tuple[str, Any]]
    producer_ops: Any


def plan_application(
    index: GraphIndex, signature: str, trainable: bool, *, all_signatures: bool
) -> ApplicationPlan:
    """Works out what to add to a graph to apply a signature.

    Args:
      index: the graph variant.
      signature: its name.
      trainable: whether the update ops are wanted in their collection.
      all_signatures: whether to add what other signatures and all update ops need as well, for programs that
        ask the graph for an op of the module by its name; else only what this signature needs.
    """
    inputs = signatures.read_inputs(index.meta_graph, signature)
    outputs = signatures.read_outputs(index.meta_graph, signature)
    given = {name for info in inputs.values() for name in info.names}
    stop = index.state
    roots = [node_of(n) for info in outputs.values() for n in info.names if n not in given]
    needed = index.needed(roots, stop, given)
    update_ops = _runnable_updates(index, given) if trainable else []
    needed |= index.needed(map(node_of, update_ops), stop, given)
    if all_signatures:
        needed |= index.needed(_roots_of_all(index, given), stop, given)
    graph_def = index.graph_def(needed)
    inside = needed - {node_of(name) for name in given}
    colocated = _detach_colocations(index, graph_def, inside)
    outside = {output_of(name) for context in index.contexts for name in context.named if name in index.state}
    contexts = [
        (context.key, restricted(context, graph_def, given | outside))
        for context in index.contexts
        if not needed.isdisjoint(context.inside)
    ]
    read = {output_of(s) for node in graph_def.node for s in node.input if not s.startswith("^")}
    read_state = frozenset(name for name in read if node_of(name) in index.state and name not in given)
    returned = {output_of(n) for info in outputs.values() for n in info.names if node_of(n) in index.state}
    return ApplicationPlan(
        inputs,
        outputs,
        graph_def,
        frozenset(index.state),
        read_state | (returned - given),
        read_state,
        frozenset(read & given),
        colocated,
        update_ops,
        contexts,
        index.meta_graph.meta_info_def.stripped_op_list,
    )


def _roots_of_all(index: GraphIndex, given: set[str]) -> set[str]:
    """The nodes of the outputs of all signatures, and all update ops."""
    roots = set(_update_ops(index))
    for signature in signatures.names(index.meta_graph):
        for info in signatures.read_outputs(index.meta_graph, signature).values():
            roots.update(name for name in info.names if name not in given)
    return set(map(node_of, roots))


def _update_ops(index: GraphIndex) -> list[str]:
    return collection(index.meta_graph, _KEYS.UPDATE_OPS)


def _runnable_updates(index: GraphIndex, given: set[str]) -> list[str]:
    """The update ops that need no placeholder of another signature."""
    runnable = []
    for name in _update_ops(index):
        needed = index.needed([node_of(name)], index.state, given)
        if not any(index.nodes[n].op in ("Placeholder", "PlaceholderV2") for n in needed):
            runnable.append(name)
    return runnable


def _detach_colocations(index: GraphIndex, graph_def: Any, inside: set[str]) -> dict[str, list[str]]:
    """Takes out colocations with nodes that are not imported (no import would accept them); returns them."""
    detached = {}
    for node in graph_def.node:
        targets = index.colocated_with(node.name)
        outside = [target for target in targets if target not in inside]
        if outside:
            detached[node.name] = targets
            del node.attr["_class"]
    return detached


def add_application(
    plan: ApplicationPlan, state: ModuleState | LiftedState, inputs: Mapping[str, Any], scope: str
) -> dict[str, Any]:
    """Adds an application to the current graph.

    Args:
      plan: from `plan_application`.
      state: of the module.
      inputs: name in the signature → converted value.
      scope: the name scope to add to, which may be taken: then a number is added.

    Returns:
      Name in the signature → output.
    """
    graph = tf.compat.v1.get_default_graph()
    fed: dict[str, Any] = {}
    for key, info in plan.inputs.items():
        tensors = (_captured(tensor, graph) for tensor in info.unpack(inputs[key]))
        fed.update(zip(info.names, tensors, strict=True))
    state_tensors = {name: state.tensor(name, graph) for name in plan.state_tensors}
    with tf.name_scope(scope) as full:
        prefix = full.rstrip("/")
    if plan.graph_def.node:
        input_map = {name: fed[name] for name in plan.fed}
        input_map.update((name, state_tensors[name]) for name in plan.read_state)
        tf.import_graph_def(
            plan.graph_def, input_map=input_map, name=f"{prefix}/", producer_op_list=plan.producer_ops
        )
        _colocate(plan, state, fed, graph, prefix)
        _add_to_collections(plan, graph, prefix)

    def tensor(name: str) -> Any:
        if name in fed:
            return fed[name]
        if name in state_tensors:
            return state_tensors[name]
        return graph.get_tensor_by_name(f"{prefix}/{output_of(name)}")

    return {key: info.pack([tensor(name) for name in info.names]) for key, info in plan.outputs.items()}


def _captured(tensor: Any, graph: tf.Graph) -> Any:
    """A tensor for use in `graph`, which may be a function inside of the tensor's graph."""
    return tensor if getattr(tensor, "graph", None) is graph else graph.capture(tensor)


def _colocate(
    plan: ApplicationPlan, state: ModuleState | LiftedState, fed: dict[str, Any], graph: tf.Graph, prefix: str
) -> None:
    """Puts ops on one device with the state and with what feeds the inputs."""
    if not plan.colocated:
        return
    feeding = {node_of(name): tensor.op for name, tensor in fed.items()}
    for node, targets in plan.colocated.items():
        op = graph.get_operation_by_name(f"{prefix}/{node}")
        groups: set[bytes] = set()
        for target in targets:
            if target in feeding:
                other = feeding[target]
            elif target in plan.state_nodes:
                other = state.operation(target)
            else:
                other = graph.get_operation_by_name(f"{prefix}/{target}")
            if other is not None and other.graph is graph:
                groups.update(other.colocation_groups())
                op._set_device(other.device)
        if groups:
            op._set_attr("_class", attr_value_pb2.AttrValue(list={"s": sorted(groups)}))


def _add_to_collections(plan: ApplicationPlan, graph: tf.Graph, prefix: str) -> None:
    for name in plan.update_ops:
        graph.add_to_collection(_KEYS.UPDATE_OPS, graph.as_graph_element(f"{prefix}/{name}"))
    for key, definition in plan.contexts:
        context = ops.get_from_proto_function(key)(definition, import_scope=prefix)
        if context.outer_context is None:
            graph.add_to_collection(key, context)
