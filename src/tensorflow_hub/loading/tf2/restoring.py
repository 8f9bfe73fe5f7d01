"""Restoring all variables of a loaded SavedModel with one op.

TensorFlow creates several Python objects and an op for each variable. For a network with a thousand variables
this takes as long as building its functions.
"""

from __future__ import annotations

import os
from typing import Any

import tensorflow as tf
from tensorflow.core.protobuf import trackable_object_graph_pb2

_GRAPH, _VALUE = "_CHECKPOINTABLE_OBJECT_GRAPH", "VARIABLE_VALUE"


class UnsupportedCheckpointError(Exception):
    """The variables cannot be restored with one op. The message says why."""


class VariableValues:
    """The checkpoint of a SavedModel that has only variables as state, none of them partitioned.

    Attributes:
      prefix: of the checkpoint.
      graph: the `TrackableObjectGraph` in it: the saved objects and their keys.
    """

    def __init__(self, prefix: str, graph: Any) -> None:
        self.prefix = prefix
        self.graph = graph

    @classmethod
    def of(cls, directory: str, objects: Any) -> VariableValues:
        """Opens the checkpoint.

        Args:
          directory: the path of the SavedModel.
          objects: its `SavedObjectGraph`.

        Raises:
          UnsupportedCheckpointError: the SavedModel has other state too, such as tables.
        """
        prefix = os.path.join(directory, "variables", "variables")
        if tf.distribute.has_strategy():
            raise UnsupportedCheckpointError("a tf.distribute strategy is in use")
        try:
            content = tf.train.load_checkpoint(prefix).get_tensor(_GRAPH)
            graph = trackable_object_graph_pb2.TrackableObjectGraph.FromString(content)
        except (tf.errors.OpError, RuntimeError, ValueError) as error:
            raise UnsupportedCheckpointError(f"the checkpoint cannot be read: {error}") from error
        if any(attribute.name != _VALUE for node in graph.nodes for attribute in node.attributes):
            raise UnsupportedCheckpointError("the checkpoint holds more than values of variables")
        if any(node.slot_variables or node.HasField("registered_saver") for node in graph.nodes):
            raise UnsupportedCheckpointError("an optimizer, or an object with its own saver, was saved")
        if any(node.saveable_objects and not node.HasField("variable") for node in objects.nodes):
            raise UnsupportedCheckpointError(
                "there are objects with other state than variables, such as tables"
            )
        return cls(prefix, graph)

    def read_into(self, root: Any, count: int) -> None:
        """Assigns the values to the variables of a loaded object.

        Args:
          root: the loaded object.
          count: the number of variables in the SavedModel.

        Raises:
          UnsupportedCheckpointError: a variable has no value in the checkpoint, or a value has no variable.
        """
        keys: list[str] = []
        variables: list[Any] = []
        for node, loaded in self._pairs(root):
            for attribute in node.attributes:
                if not isinstance(loaded, tf.Variable):
                    raise UnsupportedCheckpointError(
                        f"the value {attribute.checkpoint_key} belongs to a {type(loaded).__name__}"
                    )
                keys.append(attribute.checkpoint_key)
                variables.append(loaded)
        if len(variables) != count:
            raise UnsupportedCheckpointError(
                f"{len(variables)} of {count} variables have a value under their attributes"
            )
        if not keys:
            return
        with tf.device("CPU"):
            values = tf.raw_ops.RestoreV2(
                prefix=self.prefix,
                tensor_names=keys,
                shape_and_slices=[""] * len(keys),
                dtypes=[variable.dtype for variable in variables],
            )
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value, read_value=False)

    def _pairs(self, root: Any) -> list[tuple[Any, Any]]:
        """Each node of the saved object graph with the loaded object for it."""
        objects = {0: root}
        queue = [0]
        while queue:
            number = queue.pop()
            children = self.graph.nodes[number].children
            loaded = tf.train.TrackableView.children(objects[number]) if children else {}
            for child in children:
                if child.node_id not in objects and child.local_name in loaded:
                    objects[child.node_id] = loaded[child.local_name]
                    queue.append(child.node_id)
        return [(self.graph.nodes[number], thing) for number, thing in objects.items()]
