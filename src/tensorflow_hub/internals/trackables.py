"""Objects that TensorFlow saves with what their attributes lead to."""

from __future__ import annotations

from typing import Any

import tensorflow as tf
from tensorflow.python.trackable.resource import CapturableResource


class TrackableObject(tf.__internal__.tracking.AutoTrackable):  # type: ignore[misc]
    """An object that is saved with its attributes: variables, functions, lists, and objects of this kind.

    Public: `tf.Module` is one, and finds `variables` and `trainable_variables` itself, where the interface of
    reusable SavedModels has them as lists that the author chooses. `tf.train.Checkpoint` has methods of
    its own: `save`, `restore`, `read`.
    Since: TensorFlow 2.15 or earlier.
    Without it: modules of TensorFlow 1 cannot be loaded as objects, nor objects be exported.
    """

    def untracked(self, value: Any) -> Any:
        """A value to set as an attribute that is not saved.

        Public: attributes set by `object.__setattr__` are not saved either, and not seen by type checkers.
        Since: TensorFlow 2.15 or earlier.
        Without it: objects that TensorFlow cannot save would be among the attributes.
        """
        return self._no_dependency(value)

    def saved_functions(self) -> dict[str, Any]:
        """Functions, by name, that are saved with the object in a SavedModel besides its attributes."""
        return {}

    def _trackable_children(self, save_type: str = "checkpoint", **kwargs: Any) -> dict[str, Any]:
        """What TensorFlow saves with the object.

        Public: `tf.saved_model.save` saves methods that are a `tf.function` of the class; those that are made
        when they are first called it does not find.
        Since: TensorFlow 2.15 or earlier.
        Without it: `tf.saved_model.save` of a module of TensorFlow 1 leaves out `__call__` and signatures.
        """
        children: dict[str, Any] = super()._trackable_children(save_type, **kwargs)
        return children if save_type != "savedmodel" else children | self.saved_functions()


def is_saved_resource(thing: Any) -> bool:
    """Whether an object is a table, an asset, or another resource that a SavedModel holds.

    Public: `tf.saved_model.experimental.TrackableResource` is a kind of these; tables are of none.
    Since: TensorFlow 2.15 or earlier.
    Without it: tables of preprocessing layers are left out of exported Keras models.
    """
    return isinstance(thing, (CapturableResource, tf.saved_model.Asset))
