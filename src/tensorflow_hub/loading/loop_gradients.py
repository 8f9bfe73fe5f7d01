"""Gradients through the loops of a graph of TensorFlow 1.

TensorFlow differentiates such a loop only in the graph that the loop lies in, and only in graphs that are no
functions, while the gradient of a function is a function of its own. So the gradient here is made in a graph
of TensorFlow 1, with the piece once more beside it, and imported: the forward pass is computed twice, as in
checkpointing of activations.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import tensorflow as tf
from tensorflow.python.ops import handle_data_util

from tensorflow_hub.errors import UnsupportedFeatureError
from tensorflow_hub.loading.graph_piece import Graph, fetched, import_piece
from tensorflow_hub.loading.graph_state import GraphState
from tensorflow_hub.loading.tensor_names import node_of, output_of

_RANDOM = frozenset(
    {
        *("RandomUniform", "RandomUniformInt", "RandomStandardNormal", "TruncatedNormal", "RandomGamma"),
        *("ParameterizedTruncatedNormal", "Multinomial", "RandomPoisson", "RandomPoissonV2", "RandomShuffle"),
    }
)


def has_loops(piece: Any) -> bool:
    """Whether a piece of a graph has loops of version 1."""
    return tf.compat.v1.GraphKeys.WHILE_CONTEXT in piece.collection_def


def evaluate_loops(
    graph: Graph, state: GraphState, fetches: Sequence[str], fed: Mapping[str, Any], updates: Sequence[str]
) -> list[Any]:
    """The tensors `fetches` of a piece with loops, in the function being traced, with gradients.

    Args:
      graph: what the piece is of.
      state: its variables and tables.
      fetches: names of tensors.
      fed: tensor name → tensor: the inputs.
      updates: names of ops to run as well; gradients do not run them again.
    """
    used = graph.needed([*fetches, *updates], state.feed_names() | set(fed)) | set(map(node_of, fetches))
    feeds = {**state.captures(graph, used), **fed}
    drawn, inside = _random_numbers(graph, fetches, list(feeds))
    variables = {name: state.variables[node_of(name)] for name in feeds if node_of(name) in state.variables}
    # What has gradients: variables, by their values, and inputs. Handles cannot be arguments of a gradient
    # that is saved.
    sources = {name: v.read_value() for name, v in variables.items() if v.dtype.is_floating}
    sources |= {name: tensor for name, tensor in fed.items() if tensor.dtype.is_floating}

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def run(*tensors: Any) -> tuple[list[Any], Callable[..., list[Any]]]:
        given = {**fed, **{name: t for name, t in zip(sources, tensors, strict=True) if name in fed}}
        values = _forward(graph, [*fetches, *drawn], {**state.captures(graph, used), **given}, updates)
        results, random = values[: len(fetches)], dict(zip(drawn, values[len(fetches) :], strict=True))

        def gradient(*upstream: Any) -> list[Any]:
            if inside:
                raise UnsupportedFeatureError(
                    f"Expected a loop of TensorFlow 1 without random numbers to differentiate, got {inside}.",
                    hint="Call the module with training=False, or train only what comes after the loop.",
                )
            floats = {
                name: dy
                for name, value, dy in zip(fetches, results, upstream, strict=True)
                if value.dtype.is_floating
            }
            return _backward(graph, floats, {**state.captures(graph, used), **given, **random}, list(sources))

        return results, gradient

    return list(run(*sources.values()))


def _forward(graph: Graph, fetches: Sequence[str], feeds: Mapping[str, Any], updates: Sequence[str]) -> Any:
    """The tensors, computed by a function of its own: TensorFlow looks for no gradients of what is in it."""

    def body(*tensors: Any) -> list[Any]:
        given = dict(zip(feeds, tensors, strict=True))
        imported = import_piece(graph.piece([*fetches, *updates], set(given)), given)
        run_too = [fetched(imported, node_of(name), given) for name in updates]
        with tf.control_dependencies(run_too):
            return [tf.identity(fetched(imported, output_of(name), given)) for name in fetches]

    return tf.function(body, autograph=False)(*feeds.values())


def _backward(
    graph: Graph, upstream: Mapping[str, Any], known: Mapping[str, Any], sources: Sequence[str]
) -> list[Any]:
    """The gradients by `sources`, None where there is none, in the function being traced.

    Args:
      graph: what the piece is of.
      upstream: output → the gradient by it.
      known: tensor name → tensor, of all that the piece is given.
      sources: names in `known`.
    """
    with tf.Graph().as_default() as whole:  # no function: there TensorFlow 1 differentiates its loops
        given = {name: _placeholder(tensor) for name, tensor in known.items()}
        imported = import_piece(graph.piece(list(upstream), set(given)), given)
        outputs = [fetched(imported, output_of(name), given) for name in upstream]
        above = [_placeholder(tensor) for tensor in upstream.values()]
        gradients = tf.gradients(outputs, [given[name] for name in sources], above)
        flat = tf.nest.flatten(gradients, expand_composites=True)
        wanted = [tensor.name for tensor in flat if tensor is not None]
    inputs = (*given.values(), *above)

    def body(*tensors: Any) -> list[Any]:
        by_name = {placeholder.name: tensor for placeholder, tensor in zip(inputs, tensors, strict=True)}
        found: list[Any] = tf.graph_util.import_graph_def(whole.as_graph_def(), by_name, wanted)
        return found

    # Not by tf.function, which would order the stateful ops of loops among those outside of them.
    function = tf.compat.v1.wrap_function(body, [tf.TensorSpec(p.shape, p.dtype) for p in inputs])
    computed = iter(function(*known.values(), *upstream.values()))
    values = [None if tensor is None else next(computed) for tensor in flat]
    result: list[Any] = tf.nest.pack_sequence_as(gradients, values, expand_composites=True)
    return result


def _placeholder(tensor: Any) -> Any:
    """An input of a graph that looks like a tensor of a function; of a variable also in what it holds."""
    placeholder = tf.compat.v1.placeholder(tensor.dtype, tensor.shape)
    if tensor.dtype == tf.resource:
        handle_data_util.copy_handle_data(tensor, placeholder)
    return placeholder


def _random_numbers(
    graph: Graph, fetches: Sequence[str], feeds: Sequence[str]
) -> tuple[list[str], list[str]]:
    """The tensors of random numbers outside of loops, and the nodes that draw some within."""
    within = {name for context in graph.contexts for name in context.inside}
    nodes = sorted(name for name in graph.needed(fetches, feeds) if graph.nodes[name].op in _RANDOM)
    return [f"{n}:0" for n in nodes if n not in within], [n for n in nodes if n in within]
