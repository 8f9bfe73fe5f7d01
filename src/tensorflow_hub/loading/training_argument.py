"""The argument `training` of a module's call: a bool, or a boolean tensor."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from tensorflow_hub.errors import InputError
from tensorflow_hub.loading.input_conversion import describe_inputs


@tf.autograph.experimental.do_not_convert  # type: ignore[untyped-decorator]
def apply_for(training: Any, apply: Callable[[bool], Any]) -> Any:
    """Calls `apply(training)` with a Python bool.

    If the value of a tensor is not known while a function is traced, the function gets a `tf.cond` with both
    calls.

    Args:
      training: a bool, None (which means False), or a scalar tensor or variable.
      apply: the function to call.
    """
    if isinstance(training, tf.Variable):
        training = training.read_value()
    if tf.is_tensor(training):
        static = tf.get_static_value(training)
        if static is None:
            return tf.cond(tf.cast(training, tf.bool), lambda: apply(True), lambda: apply(False))
        training = static
    return apply(bool(training))


def check_training(training: Any, who: str) -> None:
    """Checks that the second argument of a call is a value for `training`, and not a second input.

    Args:
      training: the argument.
      who: what is called, for the message: "layer" or "module".

    Raises:
      InputError: the argument is a list, dict, string, or a tensor of rank 1 or more.
    """
    rank = training.shape.rank if tf.is_tensor(training) else getattr(training, "ndim", 0)
    if rank or isinstance(training, (list, tuple, dict, str)):
        raise InputError(
            f"Expected training as True or False, the second argument of a {who}, "
            f"got {describe_inputs(training)}.",
            hint=f"Pass several inputs as one list or dict: {who}([a, b]).",
        )
