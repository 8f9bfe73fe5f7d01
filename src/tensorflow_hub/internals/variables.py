"""Flags of variables."""

from __future__ import annotations

from typing import Any

from tensorflow_hub.internals.lost import say_lost


def make_trainable(variable: Any) -> None:
    """Has gradient tapes watch a variable that was loaded as one that is not trained.

    Public: `trainable` is chosen when a variable is made; a loaded one has been made already.
    Since: TensorFlow 2.15 or earlier.
    Without it: a layer with `trainable=True` does not train such variables.
    """
    if variable.trainable:
        return
    variable._trainable = True
    if not variable.trainable:
        say_lost("Variable._trainable", "Variables saved as not trainable stay so in hub.KerasLayer.")


def note_no_strategy(variable: Any) -> None:
    """Notes on a variable of a graph of TensorFlow 1 that it belongs to no `tf.distribute` strategy.

    Public: variables that TensorFlow makes have the attribute; those read from a protobuf lack it.
    Since: TensorFlow 2.15 or earlier.
    Without it: Keras optimizers of TensorFlow 2.15 fail on variables of `hub.Module`.
    """
    if not hasattr(variable, "_distribute_strategy"):
        variable._distribute_strategy = None
