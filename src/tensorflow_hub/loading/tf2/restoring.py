"""The values of variables read into a loaded SavedModel: all of them by one op.

TensorFlow restores variable by variable, through objects that it makes for each of them; for a network of
a thousand variables that takes as long as rebuilding its functions.
"""

from __future__ import annotations

import os
from typing import Any

import tensorflow as tf
from tensorflow.core.protobuf import trackable_object_graph_pb2

_GRAPH, _VALUE = "_CHECKPOINTABLE_OBJECT_GRAPH", "VARIABLE_VALUE"


class NotPlainError(Exception):
    """Variables cannot be read by one op; says why."""


class VariableValues:
    """The checkpoint of a SavedModel whose state is variables, each saved whole.

    Attributes:
      prefix: its path without the suffixes.
      graph: the objects that were saved, and under which keys.
    """

    def __init__(self, prefix: str, graph: Any) -> None:
        self.prefix = prefix
        self.graph = graph

    @classmethod
    def of(cls, directory: str, objects: Any) -> VariableValues:
        """Opens the checkpoint.

        Args:
          directory: of the SavedModel.
          objects: its `SavedObjectGraph`.

        Raises:
          NotPlainError: its state is more than variables, as that of tables.
        """
        prefix = os.path.join(directory, "variables", "variables")
        if tf.distribute.has_strategy():
            raise NotPlainError("a tf.distribute strategy is in use")
        try:
            content = tf.train.load_checkpoint(prefix).get_tensor(_GRAPH)
            graph = trackable_object_graph_pb2.TrackableObjectGraph.FromString(content)
        except (tf.errors.OpError, RuntimeError, ValueError) as error:
            raise NotPlainError(f"the checkpoint cannot be read: {error}") from error
        if any(attribute.name != _VALUE for node in graph.nodes for attribute in node.attributes):
            raise NotPlainError("the checkpoint holds more than values of variables")
        if any(node.slot_variables or node.HasField("registered_saver") for node in graph.nodes):
            raise NotPlainError("an optimizer, or an object with a saver of its own, was saved")
        if any(node.saveable_objects and not node.HasField("variable") for node in objects.nodes):
            raise NotPlainError("there are objects with state besides variables, as tables")
        return cls(prefix, graph)

    def read_into(self, root: Any, count: int) -> None:
        """Gives the variables below a loaded object their values.

        Args:
          root: the object.
          count: how many variables there are.

        Raises:
          NotPlainError: not each of them has a value.
        """
        keys: list[str] = []
        variables: list[Any] = []
        for node, found in self._pairs(root):
            for attribute in node.attributes:
                if not isinstance(found, tf.Variable):
                    raise NotPlainError(f"{attribute.checkpoint_key} is of a {type(found).__name__}")
                keys.append(attribute.checkpoint_key)
                variables.append(found)
        if len(variables) != count:
            raise NotPlainError(f"{len(variables)} of {count} variables have a value under their attributes")
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
        """What was saved, and the object that it is now."""
        found = {0: root}
        queue = [0]
        while queue:
            number = queue.pop()
            children = self.graph.nodes[number].children
            below = tf.train.TrackableView.children(found[number]) if children else {}
            for child in children:
                if child.node_id not in found and child.local_name in below:
                    found[child.node_id] = below[child.local_name]
                    queue.append(child.node_id)
        return [(self.graph.nodes[number], thing) for number, thing in found.items()]
