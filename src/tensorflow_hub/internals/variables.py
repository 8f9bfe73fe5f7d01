"""Changes of variables."""

from __future__ import annotations

from typing import Any

from tensorflow_hub.internals.missing import warn_missing


def make_trainable(variable: Any) -> None:
    """Makes an existing variable trainable, so that gradient tapes watch it.

    Public: `trainable` is an argument of `tf.Variable`; it cannot be changed later.
    Since: TensorFlow 2.15 or earlier.
    Without it: a layer with `trainable=True` does not train variables that were saved as not trainable.
    """
    if variable.trainable:
        return
    variable._trainable = True
    if not variable.trainable:
        warn_missing("Variable._trainable", "Variables saved as not trainable stay so in hub.KerasLayer.")


def note_no_strategy(variable: Any) -> None:
    """Sets, on a variable of a graph of TensorFlow 1, that it belongs to no `tf.distribute` strategy.

    Public: none. TensorFlow sets this attribute on new variables, but not on those made from a protobuf.
    Since: TensorFlow 2.15 or earlier.
    Without it: Keras optimizers of TensorFlow 2.15 fail for variables of `hub.Module`.
    """
    if not hasattr(variable, "_distribute_strategy"):
        variable._distribute_strategy = None
