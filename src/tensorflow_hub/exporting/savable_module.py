"""Writing objects as TF2 SavedModels with the Reusable SavedModel interface.

The interface is `__call__(inputs, training)`, `variables`, `trainable_variables` and `regularization_losses`.
"""

from __future__ import annotations

import keyword
from collections.abc import Mapping, Sequence
from typing import Any

import tensorflow as tf

from tensorflow_hub.errors import ExportError, HubError
from tensorflow_hub.graphs.module_directory import new_directory
from tensorflow_hub.internals.trackables import TrackableObject


class SavableModule(TrackableObject):
    """An object with the Reusable SavedModel interface. `tf.saved_model.save` saves all of its attributes.

    Attributes:
      call_spec: the spec of the inputs for which `__call__` is traced.
      call_modes: the values of `training` for which it is traced.
      signatures: name → `tf.function`.
    """

    call_spec: Any = None
    call_modes: Sequence[bool] = (False, True)
    signatures: Mapping[str, Any] = {}

    def __call__(self, inputs: Any, training: bool = False) -> Any:
        """Calls the object's function."""
        return self.__dict__["__call__"](inputs, training=training)

    def saved_functions(self) -> dict[str, Any]:
        """Traces `__call__` while it is saved, because TensorFlow would make earlier traces again."""
        for training in self.call_modes:
            self.__dict__["__call__"].get_concrete_function(self.call_spec, training=training)
        return {}


def write_saved_model(
    root: Any, path: str, signatures: Mapping[str, Any] | None = None, options: Any = None
) -> None:
    """Writes an object as a TF2 SavedModel.

    Args:
      root: a trackable object.
      path: a directory that does not exist.
      signatures: name → `tf.function`; by default those in the attribute `signatures`.
      options: `tf.saved_model.SaveOptions`.

    Raises:
      ExportError: `path` exists, or the object cannot be written.
    """
    if signatures is None:
        signatures = dict(getattr(root, "signatures", None) or {}) or None
    _refuse_keywords(signatures or {})
    try:
        with new_directory(path) as directory:
            tf.saved_model.save(root, directory, signatures=signatures, options=options)
    except HubError:
        raise
    except (ValueError, AssertionError, TypeError, tf.errors.OpError) as error:
        raise ExportError(
            f"Expected an object that TensorFlow can save, got {type(root).__name__}: {error}",
            hint="Pass an object that hub.load() returned, a hub.KerasLayer, a Keras model or a tf.Module "
            "with a tf.function as __call__.",
        ) from error


def _refuse_keywords(signatures: Mapping[str, Any]) -> None:
    """Refuses inputs of signatures of TensorFlow 1 that `tf.saved_model.save` cannot make parameters of."""
    for name, function in signatures.items():
        specs = tf.nest.flatten(getattr(function, "structured_input_signature", ()))
        words = sorted(spec.name for spec in specs if keyword.iskeyword(getattr(spec, "name", None) or ""))
        if words:
            raise ExportError(
                f"Expected names of inputs that TensorFlow can save, got {words} in the signature {name!r}: "
                "TensorFlow makes parameters of these names, and they are keywords of Python.",
                hint="Copy the directory of the module instead, which keeps its signatures. Changed weights "
                "can be saved with tf.train.Checkpoint.",
            )
