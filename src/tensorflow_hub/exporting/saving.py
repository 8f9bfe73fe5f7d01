"""`hub.save`: writes a loaded or fine-tuned module as a TF2 SavedModel."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from tensorflow_hub.exporting.keras_model import reusable_from_keras
from tensorflow_hub.exporting.savable_module import write_saved_model


def save(
    module: Any,
    path: str | os.PathLike[str],
    *,
    signatures: Mapping[str, Any] | None = None,
    options: Any = None,
) -> None:
    """Writes a module as a TF2 SavedModel, with its current weights.

    Args:
      module: a `hub.KerasLayer`, an object that `hub.load` returned, a Keras model, or a trackable object
        whose `__call__` is a `tf.function`.
      path: a directory that does not exist.
      signatures: name → `tf.function`; by default the module's signatures.
      options: `tf.saved_model.SaveOptions`.

    Raises:
      ExportError: `path` exists, or the module cannot be written.

    Example::

        layer = hub.KerasLayer("acme/text-embedding/1", trainable=True)
        ...  # train a model that contains it
        hub.save(layer, "fine_tuned")  # then: tfhub publish fine_tuned acme/text-embedding/2
    """
    root = getattr(module, "resolved_object", module)
    if _is_keras_model(root):
        root = reusable_from_keras(root)
    write_saved_model(root, os.fspath(path), signatures, options)


def _is_keras_model(module: Any) -> bool:
    return (
        callable(getattr(module, "get_config", None))
        and hasattr(module, "inputs")
        and hasattr(module, "layers")
    )
