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
    def of(cls, directory: str, objects: Any) -> VariableValues | None:
        """Opens the checkpoint; None where its state is more than variables, as that of tables.

        Args:
          directory: of the SavedModel.
          objects: its `SavedObjectGraph`.
        """
        prefix = os.path.join(directory, "variables", "variables")
        if tf.distribute.has_strategy() or not os.path.exists(f"{prefix}.index"):
            return None
        try:
            content = tf.train.load_checkpoint(prefix).get_tensor(_GRAPH)
            graph = trackable_object_graph_pb2.TrackableObjectGraph.FromString(content)
        except (tf.errors.OpError, RuntimeError, ValueError):
            return None  # TensorFlow will say what is wrong with it
        plain = all(attribute.name == _VALUE for node in graph.nodes for attribute in node.attributes)
        simple = not any(node.slot_variables or node.HasField("registered_saver") for node in graph.nodes)
        own = any(node.saveable_objects and not node.HasField("variable") for node in objects.nodes)
        return cls(prefix, graph) if plain and simple and not own else None

    def read_into(self, root: Any, count: int) -> bool:
        """Gives the variables below a loaded object their values.

        Args:
          root: the object.
          count: how many variables there are.

        Returns:
          Whether each got one.
        """
        keys: list[str] = []
        variables: list[Any] = []
        for node, found in self._pairs(root):
            for attribute in node.attributes:
                if not isinstance(found, tf.Variable):
                    return False
                keys.append(attribute.checkpoint_key)
                variables.append(found)
        if len(variables) != count:
            return False
        if not keys:
            return True
        with tf.device("CPU"):
            values = tf.raw_ops.RestoreV2(
                prefix=self.prefix,
                tensor_names=keys,
                shape_and_slices=[""] * len(keys),
                dtypes=[variable.dtype for variable in variables],
            )
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value, read_value=False)
        return True

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
