"""Functions made of subgraphs of a module of TensorFlow 1, which share the module's state."""

from __future__ import annotations

import inspect
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import tensorflow as tf

from tensorflow_hub.errors import SignatureError
from tensorflow_hub.graphs.collections import node_names
from tensorflow_hub.graphs.importing import import_subgraph, imported_element
from tensorflow_hub.graphs.indexed_meta_graph import IndexedMetaGraph
from tensorflow_hub.graphs.signatures import Signature
from tensorflow_hub.graphs.tensor_names import node_name, tensor_name
from tensorflow_hub.loading.endpoints import find_tensor
from tensorflow_hub.loading.tf1.loop_gradients import evaluate_loops, has_loops
from tensorflow_hub.loading.tf1.state_objects import StateObjects


class VariantWithState:
    """A graph variant together with the state that all variants of the module share.

    Attributes:
      graph: the graph variant.
      state: the shared state.
      signatures: the signatures by name.
      losses: the names of the regularization losses.
    """

    def __init__(self, graph: IndexedMetaGraph, state: StateObjects) -> None:
        self.graph = graph
        self.state = state
        self.signatures = graph.signatures
        self.losses = node_names(graph.meta_graph, "regularization_losses")
        self._update_ops = node_names(graph.meta_graph, "update_ops")

    def update_ops_of(self, signature: Signature) -> list[str]:
        """The update ops that depend on no other inputs than those of the signature."""
        feeds = self.state.feed_names() | set(signature.input_tensors)
        return [name for name in self._update_ops if not self.placeholders(self.graph.needed([name], feeds))]

    def placeholders(self, names: Collection[str]) -> list[str]:
        """Those of the nodes `names` that are placeholders, sorted."""
        nodes = self.graph.nodes
        return sorted(name for name in names if name in nodes and nodes[name].op == "Placeholder")


def signature_function(
    variant: VariantWithState, signature: Signature, training: bool, endpoints: tuple[str, ...]
) -> tuple[Any, dict[str, tf.TensorSpec]]:
    """Makes the `tf.function` of a signature.

    Args:
      variant: the graph variant and its state.
      signature: the signature.
      training: whether the function also runs the update ops.
      endpoints: names of further tensors to return.

    Returns:
      The function, from dense tensors by argument name to outputs by name, and the specs of its arguments.
    """
    arguments = signature.arguments()
    extra = {name: find_tensor(variant.graph.nodes, name) for name in endpoints}
    updates = variant.update_ops_of(signature) if training else []

    def run(**tensors: Any) -> dict[str, Any]:
        fed = {arguments[key][0]: tensor for key, tensor in tensors.items()}
        fetches = [*signature.output_tensors, *extra.values()]
        values = evaluate(variant, fetches, fed, updates, training=training)
        by_tensor = dict(zip(fetches, values, strict=True))
        outputs = signature.assemble(by_tensor)
        return outputs | {name: by_tensor[tensor] for name, tensor in extra.items()}

    parameters = [inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY) for name in arguments]
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    specs = {name: spec for name, (_, spec) in arguments.items()}
    return tf.function(run, autograph=False, reduce_retracing=True), specs


def evaluate(
    variant: VariantWithState,
    fetches: Sequence[str],
    fed: Mapping[str, Any],
    updates: Sequence[str] = (),
    *,
    training: bool = False,
) -> list[Any]:
    """Computes tensors of the graph inside of the function that is being traced.

    Args:
      variant: the graph variant and its state.
      fetches: names of the tensors to compute.
      fed: name of a tensor of the graph → value to feed for it.
      updates: names of ops to run first.
      training: whether the call is for training.

    Raises:
      SignatureError: a tensor is inside of a loop or branch, or depends on other inputs.
    """
    graph, state = variant.graph, variant.state
    inaccessible = sorted(graph.inaccessible.intersection(map(node_name, fetches)))
    if inaccessible:
        raise SignatureError(
            f"Expected tensors outside of the graph's loops and branches, got {inaccessible} inside of one.",
            hint="Name an output of the loop or branch; hub.endpoint_names(module) lists all endpoints.",
        )
    ends = state.feed_names() | set(fed)
    subgraph = graph.subgraph([*fetches, *updates], ends)
    names = {node.name for node in subgraph.graph_def.node}
    placeholders = variant.placeholders(names)
    if placeholders:
        raise SignatureError(
            f"Expected tensors that depend only on the inputs given, but {fetches} depend on {placeholders} "
            "too.",
            hint="Name endpoints of the same signature, or feed these inputs too.",
        )
    if has_loops(subgraph):
        return evaluate_loops(graph, state, fetches, fed, updates, training=training)
    feeds = state.captures(graph, names, fetches) | dict(fed)
    imported = import_subgraph(subgraph, feeds)
    update_ops = [imported_element(imported, node_name(name), feeds) for name in updates]
    values = [imported_element(imported, tensor_name(name), feeds) for name in fetches]
    with tf.control_dependencies(update_ops):
        return [tf.identity(value) for value in values] if update_ops else values


def loss_function(variant: VariantWithState, name: str) -> Any:
    """A function without arguments that returns the loss `name`, a scalar."""

    def loss() -> Any:
        (value,) = evaluate(variant, [tensor_name(name)], {})
        return value

    return tf.function(loss, autograph=False, input_signature=[])
