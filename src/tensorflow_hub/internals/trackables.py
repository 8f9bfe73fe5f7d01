"""Trackable objects: TensorFlow saves them with their attributes."""

from __future__ import annotations

from typing import Any

import tensorflow as tf
from tensorflow.python.trackable.resource import CapturableResource


class TrackableObject(tf.__internal__.tracking.AutoTrackable):  # type: ignore[misc]
    """An object that is saved with its attributes: variables, functions, lists, and objects of this kind.

    Public: `tf.Module` is one, but its `variables` and `trainable_variables` are properties. In the Reusable
    SavedModel interface they are lists that the author chooses. `tf.train.Checkpoint` has further methods,
    such as `save`.
    Since: TensorFlow 2.15 or earlier.
    Without it: modules of TensorFlow 1 cannot be loaded with `hub.load`, and Keras models not exported.
    """

    def untracked(self, value: Any) -> Any:
        """Marks a value, so that the attribute which it is assigned to is not saved.

        Public: attributes set with `object.__setattr__` are not saved, but type checkers do not see them.
        Since: TensorFlow 2.15 or earlier.
        Without it: saving would fail for attributes that TensorFlow cannot save.
        """
        return self._no_dependency(value)

    def saved_functions(self) -> dict[str, Any]:
        """Further functions to save with the object in a SavedModel, by attribute name."""
        return {}

    def _trackable_children(self, save_type: str = "checkpoint", **kwargs: Any) -> dict[str, Any]:
        """The attributes that TensorFlow saves with the object.

        Public: `tf.saved_model.save` saves a `tf.function` that is an attribute; it does not find functions
        that are made when they are first used.
        Since: TensorFlow 2.15 or earlier.
        Without it: modules of TensorFlow 1 are saved without `__call__` and signatures.
        """
        children: dict[str, Any] = super()._trackable_children(save_type, **kwargs)
        return children if save_type != "savedmodel" else children | self.saved_functions()


def is_saved_resource(thing: Any) -> bool:
    """Whether an object is a table, an asset, or another resource that a SavedModel holds.

    Public: `tf.saved_model.experimental.TrackableResource` is the base class of some; tables have another.
    Since: TensorFlow 2.15 or earlier.
    Without it: exported Keras models lack the tables of preprocessing layers.
    """
    return isinstance(thing, (CapturableResource, tf.saved_model.Asset))
