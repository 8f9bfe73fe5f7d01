"""Applications of a `hub.Module`: each call adds the ops of a signature to a graph."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import tensorflow as tf
from tensorflow.core.framework import attr_value_pb2

from tensorflow_hub.graphs.collections import node_names
from tensorflow_hub.graphs.control_flow import restricted
from tensorflow_hub.graphs.indexed_meta_graph import IndexedMetaGraph
from tensorflow_hub.graphs.signatures import Signature
from tensorflow_hub.graphs.tensor_names import node_name, tensor_name
from tensorflow_hub.internals.ops import reader_of_collection, set_attribute, set_device
from tensorflow_hub.loading.tf1.captured_state import CapturedState
from tensorflow_hub.loading.tf1.graph_state import GraphState

_KEYS = tf.compat.v1.GraphKeys


@dataclasses.dataclass(frozen=True)
class ApplicationPlan:
    """The ops to add for one signature. The plan is computed once and used for each application.

    Attributes:
      signature: the signature.
      graph_def: the nodes to add, without those of the state.
      state_nodes: names of the state nodes.
      state_tensors: outputs of state nodes that are inputs of `graph_def`, or outputs of the signature.
      read_state: those of `state_tensors` that are inputs of `graph_def`.
      fed: the signature's inputs that are inputs of `graph_def`: names of tensors.
      colocated: node → the nodes that it is colocated with, some of which are not in `graph_def`.
      update_ops: names of the update ops that can run with these inputs.
      contexts: control flow contexts (version 1): collection and definition.
      producer_ops: definitions of the ops in the TensorFlow that wrote the module.
    """

    signature: Signature
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
    index: IndexedMetaGraph, signature: str, trainable: bool, *, all_signatures: bool
) -> ApplicationPlan:
    """Computes which ops to add to a graph to apply a signature.

    Args:
      index: the graph variant.
      signature: the name of the signature.
      trainable: whether to add the update ops to their collection.
      all_signatures: whether to add the ops of all signatures and all update ops, for programs that find an
        op of the module in the graph by its name; otherwise only the ops of this signature.
    """
    chosen = index.signatures[signature]
    given = set(chosen.input_tensors)
    outside = given | index.state_tensors
    update_ops = _update_ops_without_other_inputs(index, outside) if trainable else []
    roots = [*chosen.output_tensors, *update_ops]
    if all_signatures:
        roots += [name for other in index.signatures.values() for name in other.output_tensors]
        roots += node_names(index.meta_graph, _KEYS.UPDATE_OPS)
    needed = index.needed(roots, outside, with_colocated=True)
    graph_def = index.graph_def(needed)
    colocated = _detach_colocations(index, graph_def, needed)
    contexts = [
        (context.key, restricted(context, graph_def, outside))
        for context in index.contexts
        if not needed.isdisjoint(context.inside)
    ]
    read = {tensor_name(s) for node in graph_def.node for s in node.input if not s.startswith("^")}
    read_state = frozenset(read & index.state_tensors - given)
    returned = index.state_tensors.intersection(map(tensor_name, chosen.output_tensors))
    return ApplicationPlan(
        chosen,
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


def _update_ops_without_other_inputs(index: IndexedMetaGraph, outside: set[str]) -> list[str]:
    """The update ops that do not depend on a placeholder of another signature."""
    return [
        name
        for name in node_names(index.meta_graph, _KEYS.UPDATE_OPS)
        if not any(
            index.nodes[needed].op in {"Placeholder", "PlaceholderV2"}
            for needed in index.needed([name], outside)
        )
    ]


def _detach_colocations(index: IndexedMetaGraph, graph_def: Any, inside: set[str]) -> dict[str, list[str]]:
    """Removes and returns the colocations with nodes that are not imported.

    `import_graph_def` would raise an error for them.
    """
    detached = {}
    for node in graph_def.node:
        targets = index.colocated_with(node.name)
        outside = [target for target in targets if target not in inside]
        if outside:
            detached[node.name] = targets
            del node.attr["_class"]
    return detached


def add_application(
    plan: ApplicationPlan, state: GraphState | CapturedState, inputs: Mapping[str, Any], scope: str
) -> dict[str, Any]:
    """Adds an application to the current graph.

    Args:
      plan: from `plan_application`.
      state: the state of the module.
      inputs: input name of the signature → converted value.
      scope: the name scope of the new ops; if it is in use already, a number is appended.

    Returns:
      Output name of the signature → tensor.
    """
    graph = tf.compat.v1.get_default_graph()
    fed: dict[str, Any] = {}
    for key, info in plan.signature.inputs.items():
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
        return graph.get_tensor_by_name(f"{prefix}/{tensor_name(name)}")

    return plan.signature.assemble({name: tensor(name) for name in plan.signature.output_tensors})


def _captured(tensor: Any, graph: tf.Graph) -> Any:
    """The tensor for use in `graph`. If that is a function inside of the tensor's graph, it is captured."""
    return tensor if getattr(tensor, "graph", None) is graph else graph.capture(tensor)


def _colocate(
    plan: ApplicationPlan,
    state: GraphState | CapturedState,
    fed: dict[str, Any],
    graph: tf.Graph,
    prefix: str,
) -> None:
    """Colocates ops with the state and with the ops that compute the inputs."""
    if not plan.colocated:
        return
    input_ops = {node_name(name): tensor.op for name, tensor in fed.items()}
    for node, targets in plan.colocated.items():
        op = graph.get_operation_by_name(f"{prefix}/{node}")
        groups: set[bytes] = set()
        for target in targets:
            if target in input_ops:
                other = input_ops[target]
            elif target in plan.state_nodes:
                other = state.operation(target)
            else:
                other = graph.get_operation_by_name(f"{prefix}/{target}")
            if other is not None and other.graph is graph:
                groups.update(other.colocation_groups())
                set_device(op, other.device)
        if groups:
            set_attribute(op, "_class", attr_value_pb2.AttrValue(list={"s": sorted(groups)}))


def _add_to_collections(plan: ApplicationPlan, graph: tf.Graph, prefix: str) -> None:
    for name in plan.update_ops:
        graph.add_to_collection(_KEYS.UPDATE_OPS, graph.as_graph_element(f"{prefix}/{name}"))
    for key, definition in plan.contexts:
        context = reader_of_collection(key)(definition, import_scope=prefix)
        if context.outer_context is None:
            graph.add_to_collection(key, context)
