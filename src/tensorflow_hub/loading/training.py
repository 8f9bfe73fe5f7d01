"""The argument `training` of a module's call: a truth value, or a tensor that becomes one later."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from tensorflow_hub.errors import InputError
from tensorflow_hub.loading.fitting import describe_inputs


@tf.autograph.experimental.do_not_convert  # type: ignore[untyped-decorator]
def apply_for(training: Any, apply: Callable[[bool], Any]) -> Any:
    """Calls `apply(training)` with a Python bool; both, in a `tf.cond`, for a tensor known later.

    Args:
      training: a bool, None (which means False), or a scalar tensor or variable.
      apply: what to call.
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
    """Checks that a value can be meant as `training`, the second argument of a call.

    Args:
      training: as given.
      who: what is called, for the message: "layer" or "module".

    Raises:
      InputError: it is no truth value: most often it is a second input.
    """
    rank = training.shape.rank if tf.is_tensor(training) else getattr(training, "ndim", 0)
    if rank or isinstance(training, (list, tuple, dict, str)):
        raise InputError(
            f"Expected training as True or False, the second argument of a {who}, "
            f"got {describe_inputs(training)}.",
            hint=f"Pass several inputs as one list or dict: {who}([a, b]).",
        )
