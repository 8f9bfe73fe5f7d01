"""A traced function with all calls inlined, so that every tensor in it has a name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from tensorflow_hub.graphs.importing import import_subgraph, imported_element
from tensorflow_hub.graphs.indexed_meta_graph import IndexedMetaGraph
from tensorflow_hub.graphs.inlining import inline_calls


class InlinedFunction:
    """A concrete function with all calls inlined. It uses the same variables.

    Attributes:
      graph: the graph with an index of its nodes, to find tensors by name.
      input_specs: the specs of its flattened inputs, without captured variables.
    """

    def __init__(self, trace: Any) -> None:
        self._source = trace.graph
        meta_graph = tf.compat.v1.MetaGraphDef()
        meta_graph.graph_def.CopyFrom(inline_calls(self._source.as_graph_def()))
        self.graph = IndexedMetaGraph.of(meta_graph)
        self._captures = [(inside.name, outside) for outside, inside in self._source.captures]
        captured = {name for name, _ in self._captures}
        self._arguments = [tensor.name for tensor in self._source.inputs if tensor.name not in captured]
        self.input_specs = [
            tf.TensorSpec(tensor.shape, tensor.dtype)
            for tensor in self._source.inputs
            if tensor.name not in captured
        ]

    def run(self, tensors: Sequence[Any], inner: Sequence[str] = ()) -> tuple[list[Any], list[Any]]:
        """Computes the function, inside of the function that is being traced.

        Args:
          tensors: the flattened inputs.
          inner: names of further tensors in the graph to return.

        Returns:
          The flattened outputs, and the tensors named by `inner`.
        """
        source, graph = self._source, self.graph
        results = [tensor.name for tensor in source.outputs]
        controls = [op.name for op in source.control_outputs]
        feeds = {name: tf.convert_to_tensor(outside) for name, outside in self._captures}
        feeds |= dict(zip(self._arguments, tensors, strict=True))
        for variable in source.variables:
            tf.compat.v1.get_default_graph().watch_variable(variable)
        imported = import_subgraph(graph.subgraph([*results, *inner, *controls], set(feeds)), feeds)
        side_effects = [imported_element(imported, name, feeds) for name in controls if name in graph.nodes]
        with tf.control_dependencies(side_effects):
            outputs = [tf.identity(imported_element(imported, name, feeds)) for name in results]
        return outputs, [imported_element(imported, name, feeds) for name in inner]
