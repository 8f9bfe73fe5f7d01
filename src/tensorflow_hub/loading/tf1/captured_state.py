"""The state of a `hub.Module` in a function for `tf.compat.v1.wrap_function`.

Variables that are created inside of such a function lose their values between calls. So they are created
outside of it, as variables of TensorFlow 2 with the values of the checkpoint, and the function captures them.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from tensorflow_hub.errors import HubError, ModeError
from tensorflow_hub.graphs.checkpoint import StoredVariable, by_stored_name, stored_variables
from tensorflow_hub.graphs.collections import node_names, variable_defs
from tensorflow_hub.graphs.indexed_meta_graph import IndexedMetaGraph
from tensorflow_hub.graphs.tensor_names import node_name, tensor_name
from tensorflow_hub.loading.tf1.state_objects import StateObjects

_KEYS = tf.compat.v1.GraphKeys
# A graph collection that keeps the state alive as long as the function that captures it.
_STATES = ("__tensorflow_hub_states",)


class CapturedState:
    """The counterpart of `GraphState` for a function in an eager program.

    Attributes:
      scope: the name scope of the module.
      graph: the graph of the function.
      stored: the place of each variable in a checkpoint, and the variable.
      variable_map: name in the module → variable; for a partitioned variable the list of its parts.
    """

    def __init__(self, index: IndexedMetaGraph, state: StateObjects, trainable: bool, scope: str) -> None:
        """Creates the variables and tables of a module.

        Args:
          index: the graph variant, with resource variables only.
          state: an empty state, to which the variables and tables are added.
          trainable: whether the variables are trained.
          scope: the name scope of the module.

        Raises:
          ModeError: the function is a `tf.function` that is traced again.
        """
        self.scope = scope
        self.graph = tf.compat.v1.get_default_graph()
        meta_graph = index.meta_graph
        names = [node_name(v.variable_name) for v in variable_defs(meta_graph, _KEYS.TRAINABLE_VARIABLES)]
        self._state = state
        try:
            with tf.init_scope():
                self._state.add(index, names if trainable else [])
        except ValueError as error:
            if isinstance(error, HubError):
                raise
            raise ModeError(
                "Expected hub.Module in a tf.Graph or in a function for wrap_function, "
                "got a tf.function, which may not create variables when it is traced again.",
                hint="Call hub.load(handle) before the function, and the loaded object in the function.",
            ) from error
        self.stored: list[tuple[StoredVariable, Any]] = [
            (stored, self._state.variables[stored.node]) for stored in stored_variables(meta_graph)
        ]
        self.variable_map: dict[str, Any] = by_stored_name(self.stored)
        self._add_to_collections(names if trainable else [])
        if trainable:
            self._add_losses(index, node_names(meta_graph, _KEYS.REGULARIZATION_LOSSES))

    def _add_to_collections(self, trained: list[str]) -> None:
        self.graph.add_to_collection(_STATES, self)
        for _, variable in self.stored:
            self.graph.add_to_collection(_KEYS.GLOBAL_VARIABLES, variable)
        for name in trained:
            self.graph.add_to_collection(_KEYS.TRAINABLE_VARIABLES, self._state.variables[name])

    def _add_losses(self, index: IndexedMetaGraph, losses: list[str]) -> None:
        graph_def = index.graph_def(index.needed(losses, index.state_tensors))
        for node in graph_def.node:
            node.attr.pop("_class", None)
        read = {tensor_name(i) for node in graph_def.node for i in node.input if not i.startswith("^")}
        input_map = {name: self.tensor(name, self.graph) for name in read if node_name(name) in index.state}
        tf.graph_util.import_graph_def(graph_def, input_map=input_map, name=f"{self.scope}/")
        for loss in losses:
            element = self.graph.as_graph_element(f"{self.scope}/{loss}")
            self.graph.add_to_collection(_KEYS.REGULARIZATION_LOSSES, element)

    def operation(self, node: str) -> None:
        """Returns None, because ops in the function cannot be colocated with variables outside of it."""

    def tensor(self, name: str, graph: tf.Graph) -> Any:
        """An output of a state node, for use in the function `graph`."""
        node = node_name(name)
        if node in self._state.variables:
            variable = self._state.variables[node]
            graph.watch_variable(variable)
            return graph.capture(variable.handle)
        if node in self._state.resources:
            return graph.capture(self._state.resources[node].resource_handle)
        return graph.capture(self._state.assets[tensor_name(name)].asset_path)
