"""Gradients through the loops of a graph of TensorFlow 1.

TensorFlow differentiates such a loop only in the graph that contains it, and not in the graph of a function.
So the gradient function is made from a separate graph. This graph contains the subgraph again, with the
gradients that `tf.gradients` adds. The forward pass is computed twice, as in gradient checkpointing.

`docs/loop_gradients.md` derives the method and names its sources.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import tensorflow as tf

from tensorflow_hub.graphs.function_library import called_by, reachable
from tensorflow_hub.graphs.importing import import_subgraph, imported_element
from tensorflow_hub.graphs.indexed_meta_graph import IndexedMetaGraph
from tensorflow_hub.graphs.tensor_names import node_name, tensor_name
from tensorflow_hub.internals.gradients import copy_handle_data, handle_data_of, not_recorded
from tensorflow_hub.internals.ops import op_definition
from tensorflow_hub.loading.tf1.state_objects import StateObjects
from tensorflow_hub.loading.tf1.tensor_array_gradients import use_version_1

_NOT_REPEATABLE = (
    "Expected a loop of TensorFlow 1 that computes the same values in a second pass, for its gradient, got "
    "random numbers or changing variables inside of loops or branches: {}. "
    "Call the module with training=False, or train only layers after the module."
)
_HIGHER_DERIVATIVE = (
    "Expected the first derivative of a loop of TensorFlow 1, got a higher one. "
    "Exclude the gradient of the module, for example with tf.stop_gradient."
)
_NO_CUSTOM_GRADIENT = (
    "Expected a loop of TensorFlow 1 with the gradient that hub.load defines, got a module that was saved "
    "without custom gradients or loaded with inference_only=True. "
    "Save it with hub.save, or with experimental_custom_gradients=True."
)


def has_loops(subgraph: Any) -> bool:
    """Whether a `MetaGraphDef` has loops of TensorFlow 1, also inside of branches."""
    return any(node.op == "NextIteration" for node in subgraph.graph_def.node)


def evaluate_loops(
    graph: IndexedMetaGraph,
    state: StateObjects,
    fetches: Sequence[str],
    fed: Mapping[str, Any],
    updates: Sequence[str],
    *,
    training: bool,
) -> list[Any]:
    """Computes tensors of a subgraph with loops inside of the function that is being traced, with gradients.

    Args:
      graph: the whole graph.
      state: its variables and tables.
      fetches: names of the tensors to compute.
      fed: name of a tensor of the graph → value to feed for it.
      updates: names of ops to run first; the gradients do not run them again.
      training: whether the call is for training. Then the gradient of a loop that cannot be differentiated is
        an error; otherwise such a loop has no gradient.
    """
    names = list(dict.fromkeys(fetches))
    used = graph.needed([*names, *updates], state.feed_names() | set(fed))
    feeds = {**state.captures(graph, used, names), **fed}
    # The gradient computes the loop a second time, with the same random numbers and old values of variables.
    passed_on, refused = _not_repeatable(graph, state, names, list(feeds), updates)
    sources = _sources(state, feeds)

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def run(*tensors: Any) -> tuple[list[Any], Callable[..., list[Any]]]:
        inputs = dict(zip(sources, tensors, strict=True))
        given = {name: inputs.get(name, tensor) for name, tensor in fed.items()}
        captured = state.captures(graph, used, names)
        values = _forward(graph, [*names, *passed_on], {**captured, **given}, updates)
        constants = dict(zip(passed_on, map(tf.stop_gradient, values[len(names) :]), strict=True))

        def gradient(*upstream: Any) -> list[Any]:
            if refused:
                message = _NOT_REPEATABLE.format(", ".join(refused[:8]))
                return [_failing(message, tensor) for tensor in tensors]
            outputs = zip(names, values, upstream, strict=False)
            floats = {name: dy for name, value, dy in outputs if value.dtype.is_floating}
            return _backward(graph, floats, {**state.captures(graph, used), **given, **constants}, inputs)

        return values[: len(names)], gradient

    if refused and not training:
        values = [tf.stop_gradient(value) for value in _forward(graph, names, feeds, updates)]
    else:
        values = run(*sources.values())
    by_name = dict(zip(names, values, strict=True))
    return [by_name[name] for name in fetches]


def _sources(state: StateObjects, feeds: Mapping[str, Any]) -> dict[str, Any]:
    """The feeds to differentiate by: floating-point inputs, and the values of floating-point variables.

    Variables are passed by value, because a custom gradient that is saved cannot have a handle as argument.
    """
    variables = {
        name: state.variables[node_name(name)] for name in feeds if node_name(name) in state.variables
    }
    values = {name: v.read_value() for name, v in variables.items() if v.dtype.is_floating}
    return values | {name: feed for name, feed in feeds.items() if feed.dtype.is_floating}


def _forward(
    graph: IndexedMetaGraph, fetches: Sequence[str], feeds: Mapping[str, Any], updates: Sequence[str]
) -> Any:
    """Computes tensors in a separate function, in which TensorFlow does not look for gradients."""

    def body(*tensors: Any) -> list[Any]:
        given = dict(zip(feeds, tensors, strict=True))
        imported = import_subgraph(graph.subgraph([*fetches, *updates], set(given)), given)
        update_ops = [imported_element(imported, node_name(name), given) for name in updates]
        with tf.control_dependencies(update_ops):
            return [tf.identity(imported_element(imported, tensor_name(name), given)) for name in fetches]

    with not_recorded():
        values = tf.function(body, autograph=False)(*feeds.values())
    return [tf.raw_ops.PreventGradient(input=value, message=_NO_CUSTOM_GRADIENT) for value in values]


def _backward(
    graph: IndexedMetaGraph, upstream: Mapping[str, Any], known: Mapping[str, Any], sources: Mapping[str, Any]
) -> list[Any]:
    """The gradients with respect to `sources`, inside of the function that is being traced.

    Args:
      graph: the whole graph.
      upstream: name of an output → gradient with respect to it.
      known: name of a tensor of the graph → value, for all feeds of the subgraph.
      sources: what to differentiate by: names in `known` → values, of a variable its value.
    """
    with tf.Graph().as_default() as whole:  # loops can be differentiated in this graph, which is no function
        given = {name: _placeholder(tensor) for name, tensor in known.items()}
        subgraph = graph.subgraph(list(upstream), set(given))
        use_version_1(subgraph.graph_def)
        imported = import_subgraph(subgraph, given)
        outputs = [imported_element(imported, tensor_name(name), given) for name in upstream]
        grad_ys = [_placeholder(tensor) for tensor in upstream.values()]
        gradients = tf.gradients(outputs, [given[name] for name in sources], grad_ys)
        flat = tf.nest.flatten(gradients, expand_composites=True)
        fetches = [tensor.name for tensor in flat if tensor is not None]
    inputs = (*given.values(), *grad_ys)
    graph_def = whole.as_graph_def()
    for node in graph_def.node:  # not registered in programs that load the saved module
        node.attr.pop("_gradient_op_type", None)

    def body(*tensors: Any) -> list[Any]:
        by_name = {placeholder.name: tensor for placeholder, tensor in zip(inputs, tensors, strict=True)}
        tensors_of_fetches: list[Any] = tf.graph_util.import_graph_def(graph_def, by_name, fetches)
        return tensors_of_fetches

    # tf.function would add control dependencies between stateful ops inside and outside of loops.
    function = tf.compat.v1.wrap_function(body, [tf.TensorSpec(p.shape, p.dtype) for p in inputs])
    with not_recorded():
        results = function(*known.values(), *upstream.values())
    computed = iter(_without_derivative(results, [*sources.values(), *upstream.values()]))
    values = [None if tensor is None else next(computed) for tensor in flat]
    result: list[Any] = tf.nest.pack_sequence_as(gradients, values, expand_composites=True)
    return result


def _failing(message: str, tensor: Any) -> Any:
    """A gradient with the shape of `tensor` that raises an error when it is computed.

    The error must not be raised while the gradient is built, because gradients are also built for frozen
    layers, for persistent tapes and for saving.
    """
    # The returned value depends on the check. Keras removes ops that nothing depends on from a training step.
    nan = tf.fill(tf.shape(tensor), tf.constant(math.nan, tensor.dtype))
    return tf.debugging.check_numerics(nan, message)


def _without_derivative(values: Sequence[Any], sources: Sequence[Any]) -> list[Any]:
    """The values, whose derivative with respect to `sources` raises an error when it is computed.

    A zero that depends on `sources` is added to each value. It is the square root of 0, whose derivative is
    infinite, and the gradient of `check_numerics` raises an error for infinite numbers. Only ops are used,
    because custom gradients are not always saved.
    """
    firsts = [tf.reshape(source, [-1])[:1] for source in sources]  # one number of each is enough
    zeros = [tf.math.multiply_no_nan(first, tf.zeros_like(first)) for first in firsts]
    roots = [tf.sqrt(tf.debugging.check_numerics(zero, _HIGHER_DERIVATIVE)) for zero in zeros]
    zero = tf.add_n([tf.cast(tf.reduce_sum(root), tf.float32) for root in roots])
    constants = map(tf.stop_gradient, values)
    return [value + tf.cast(zero, value.dtype) if value.dtype.is_floating else value for value in constants]


def _placeholder(tensor: Any) -> Any:
    """A placeholder for a tensor. For the handle of a variable it is a handle of the same dtype and shape."""
    handle_data = handle_data_of(tensor) if tensor.dtype == tf.resource else None
    if handle_data is None:
        return tf.compat.v1.placeholder(tensor.dtype, tensor.shape)
    handle = tf.raw_ops.VarHandleOp(dtype=handle_data.dtype, shape=tf.TensorShape(handle_data.shape))
    copy_handle_data(tensor, handle)
    return handle


def _not_repeatable(
    graph: IndexedMetaGraph,
    state: StateObjects,
    fetches: Sequence[str],
    feeds: Sequence[str],
    updates: Sequence[str],
) -> tuple[list[str], list[str]]:
    """The values that differ in a second forward pass: random numbers, and variables that `updates` assign.

    Returns:
      The names of the tensors to pass from the first pass to the second, and the names of nodes whose tensors
      cannot be passed because they are inside of loops or branches.
    """
    within = {name for context in graph.contexts for name in context.inside}
    changed = {
        _variable_node(graph, name) for name in graph.needed(updates, feeds) if _assigns(graph.nodes[name].op)
    }
    changed = {name for name in changed if name in state.variables and not state.variables[name].trainable}
    passed_on, refused = [], []
    for name in sorted(graph.needed(fetches, feeds)):
        node = graph.nodes[name]
        reads = node.op in {"ReadVariableOp", "ResourceGather"} and _variable_node(graph, name) in changed
        called = reachable(called_by(node), graph.functions)
        if any(_is_random(inner.op) for function in called for inner in graph.functions[function].node_def):
            refused.append(name)
        elif not reads and not _is_random(node.op):
            continue
        elif name in within or node.op == "RandomGamma":  # RandomGamma has a gradient
            refused.append(name)
        else:
            outputs = op_definition(node.op).output_arg
            passed_on += [f"{name}:{number}" for number in range(len(outputs))]
    return passed_on, refused


def _is_random(op: str) -> bool:
    """Whether an op returns different random numbers each time."""
    definition = op_definition(op)
    if definition is None or not definition.is_stateful or op.startswith("Cudnn"):
        return False
    names = {attribute.name for attribute in definition.attr}
    return "seed2" in names or (op.startswith("Stateful") and "shape_dtype" in names)


def _assigns(op: str) -> bool:
    return op.startswith(("Assign", "ResourceScatter", "ResourceApply"))


def _variable_node(graph: IndexedMetaGraph, name: str) -> str:
    """The node of the variable that a node reads or assigns: its first input, also through `Enter` ops."""
    source = node_name(graph.nodes[name].input[0])
    while source in graph.nodes and graph.nodes[source].op in {"Enter", "Switch", "Identity"}:
        source = node_name(graph.nodes[source].input[0])
    return source
