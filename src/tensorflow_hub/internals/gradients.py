"""Gradients: the registry of custom gradients, and gradient tapes."""

from __future__ import annotations

import contextlib
from typing import Any

import tensorflow as tf
from tensorflow.python.eager import record
from tensorflow.python.framework import ops
from tensorflow.python.ops import handle_data_util
from tensorflow.python.saved_model import function_deserialization

from tensorflow_hub.internals.missing import warn_missing


def gradient_registry() -> dict[str, Any]:
    """The custom gradients of this process by name. Names may be removed.

    Public: `tf.RegisterGradient` adds a gradient; no public name removes one.
    Since: TensorFlow 2.15 or earlier.
    Without it: a loaded network that has custom gradients stays in memory until the process ends.
    """
    registry = getattr(getattr(ops, "gradient_registry", None), "_registry", None)
    if not isinstance(registry, dict):
        warn_missing(
            "ops.gradient_registry",
            "Networks with custom gradients stay in memory until the process ends.",
        )
        return {}
    return registry


def is_of_loader(entry: Any) -> bool:
    """Whether the loader of SavedModels has registered a gradient, and not `tf.custom_gradient`.

    Args:
      entry: a value of `gradient_registry()`.

    Public: no public name tells where a gradient comes from.
    Since: TensorFlow 2.15 or earlier.
    Without it: a custom gradient that another thread makes during a load is lost with the loaded network.
    """
    function = entry.get("type") if isinstance(entry, dict) else None
    module = getattr(function, "__module__", None)
    if module is None:
        warn_missing("the function of a registered gradient", "A custom gradient made during a load is lost.")
    return module in {None, function_deserialization.__name__}


def not_recorded() -> contextlib.AbstractContextManager[None]:
    """A context in which gradient tapes do not record.

    Public: `tf.GradientTape.stop_recording` stops one tape, and a function does not know the tapes of its
      caller.
    Since: TensorFlow 2.15 or earlier.
    Without it: loops of TensorFlow 1 have no gradients in functions.
    """
    context: contextlib.AbstractContextManager[None] = record.stop_recording()
    return context


def handle_data_of(handle: tf.Tensor) -> Any:
    """The handle data of a resource handle: dtype and shape of its variable; None if they are unknown.

    Public: `tf.Variable` has them, but not a captured handle.
    Since: TensorFlow 2.15 or earlier.
    Without it: loops of TensorFlow 1 that read variables have no gradient.
    """
    data = handle_data_util.get_resource_handle_data(handle)
    return data.shape_and_type[0] if data is not None and data.is_set else None


def copy_handle_data(source: tf.Tensor, target: tf.Tensor) -> None:
    """Copies the handle data of one resource handle to another.

    Public: as for `handle_data_of`.
    Since: TensorFlow 2.15 or earlier.
    Without it: as for `handle_data_of`.
    """
    handle_data_util.copy_handle_data(source, target)
