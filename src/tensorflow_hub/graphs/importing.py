"""Importing a subgraph into the function that is being traced."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from tensorflow_hub.graphs.tensor_names import tensor_name
from tensorflow_hub.internals.functions import register_functions

# The name scope of an imported subgraph, so that its names differ from those of the function's arguments.
SCOPE = "graph"


def import_subgraph(subgraph: Any, feeds: Mapping[str, Any], scope: str = SCOPE) -> tf.Graph:
    """Imports a subgraph into the current graph.

    Args:
      subgraph: from `IndexedMetaGraph.subgraph`.
      feeds: tensor name in the subgraph → tensor of the current graph.
      scope: a name scope that is not used in the graph yet.

    Returns:
      The current graph. `imported_element` finds the tensors of the subgraph in it.
    """
    graph = tf.compat.v1.get_default_graph()
    register_functions(subgraph.graph_def.library.function)
    used = {tensor_name(i) for node in subgraph.graph_def.node for i in node.input if not i.startswith("^")}
    tf.compat.v1.train.import_meta_graph(
        subgraph,
        clear_devices=True,
        import_scope=scope,
        input_map={name: tensor for name, tensor in feeds.items() if tensor_name(name) in used},
    )
    return graph


def imported_element(graph: tf.Graph, name: str, feeds: Mapping[str, Any], scope: str = SCOPE) -> Any:
    """The tensor of an imported subgraph with a name, or the tensor that was fed for it.

    Args:
      graph: the graph that the subgraph was imported into.
      name: the name of a tensor in the subgraph; a name without output number means the op.
      feeds: as for `import_subgraph`.
      scope: as for `import_subgraph`.
    """
    if tensor_name(name) in feeds:
        return feeds[tensor_name(name)]
    return graph.as_graph_element(f"{scope}/{name}")
