"""Gradients: the register of custom ones, and tapes."""

from __future__ import annotations

import contextlib
from typing import Any

import tensorflow as tf
from tensorflow.python.eager import record
from tensorflow.python.framework import ops
from tensorflow.python.ops import handle_data_util

from tensorflow_hub.internals.lost import say_lost


def gradient_registry() -> dict[str, Any]:
    """The custom gradients of this process by name. Names may be taken out of it.

    Public: `tf.RegisterGradient` adds to it; nothing takes a name out again.
    Since: TensorFlow 2.15 or earlier.
    Without it: a loaded network that has custom gradients stays in memory until the process ends.
    """
    registry = getattr(getattr(ops, "gradient_registry", None), "_registry", None)
    if not isinstance(registry, dict):
        say_lost("ops.gradient_registry", "Networks with custom gradients stay in memory until the end.")
        return {}
    return registry


def not_recorded() -> contextlib.AbstractContextManager[None]:
    """A context in which no gradient tape sees what is computed.

    Public: `tf.GradientTape.stop_recording` is of one tape; a function does not know which there are.
    Since: TensorFlow 2.15 or earlier.
    Without it: gradients of loops of TensorFlow 1 cannot be replaced by those that are right.
    """
    context: contextlib.AbstractContextManager[None] = record.stop_recording()
    return context


def variable_behind(handle: tf.Tensor) -> Any:
    """Dtype and shape of the variable behind a resource handle; None where they are not known.

    Public: `tf.Variable` tells them, a captured handle does not.
    Since: TensorFlow 2.15 or earlier.
    Without it: loops of TensorFlow 1 that read variables have no gradient.
    """
    data = handle_data_util.get_resource_handle_data(handle)
    return data.shape_and_type[0] if data is not None and data.is_set else None


def copy_variable_behind(source: tf.Tensor, target: tf.Tensor) -> None:
    """Notes on one resource handle what is known of the variable behind another.

    Public: as for `variable_behind`.
    Since: TensorFlow 2.15 or earlier.
    Without it: as for `variable_behind`.
    """
    handle_data_util.copy_handle_data(source, target)
