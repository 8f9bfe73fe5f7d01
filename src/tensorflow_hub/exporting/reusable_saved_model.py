"""`hub.save`: an object one can call and train, written as a SavedModel that others can call and train.

What was loaded and fine-tuned is written with its new weights. The SavedModel follows the Reusable
SavedModel interface: `__call__(inputs, training)`, `variables`, `trainable_variables`,
`regularization_losses`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from tensorflow_hub.errors import ExportError, HubError
from tensorflow_hub.exporting.module_directory import new_directory


def save(
    module: Any,
    path: str | os.PathLike[str],
    *,
    signatures: Mapping[str, Any] | None = None,
    options: Any = None,
) -> None:
    """Writes a module as a TF2 SavedModel, with the weights it has now.

    Args:
      module: a `hub.KerasLayer`, what `hub.load` gave, a Keras model, or any trackable object with a
        `__call__` that is a `tf.function`.
      path: a directory that does not exist.
      signatures: name → `tf.function`, by default those that the module has.
      options: `tf.saved_model.SaveOptions`.

    Raises:
      ExportError: when something is at `path`, or the module cannot be written.

    Example::

        layer = hub.KerasLayer("acme/text-embedding/1", trainable=True)
        ...  # train a model that contains it
        hub.save(layer, "fine_tuned")  # then: tfhub publish fine_tuned acme/text-embedding/2
    """
    root = getattr(module, "resolved_object", module)
    if _is_keras_model(root):
        from tensorflow_hub.exporting.keras_model import reusable_from_keras

        root = reusable_from_keras(root)
    if signatures is None:
        signatures = dict(getattr(root, "signatures", None) or {}) or None
    try:
        with new_directory(os.fspath(path)) as directory:
            tf.saved_model.save(root, directory, signatures=signatures, options=options)
    except HubError:
        raise
    except (ValueError, AssertionError, TypeError, tf.errors.OpError) as error:
        raise ExportError(
            f"Expected an object that TensorFlow can save, got {type(module).__name__}: {error}",
            hint="Give what hub.load() returned, a hub.KerasLayer, a Keras model or a tf.Module with "
            "a tf.function as __call__.",
        ) from error


class SavableModule(tf.__internal__.tracking.AutoTrackable):  # type: ignore[misc]
    """An object in the form in which `tf.saved_model.save` keeps all of the interface.

    Attributes:
      call_spec: the spec of the inputs that `__call__` was traced for, with and without training.
    """

    call_spec: Any = None
    signatures: Mapping[str, Any] = {}

    def __call__(self, inputs: Any, training: bool = False) -> Any:
        """Calls the object's own function."""
        return self.__dict__["__call__"](inputs, training=training)


def _is_keras_model(module: Any) -> bool:
    return (
        callable(getattr(module, "get_config", None))
        and hasattr(module, "inputs")
        and hasattr(module, "layers")
    )
