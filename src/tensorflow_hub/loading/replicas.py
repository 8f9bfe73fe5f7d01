"""Variables under `tf.distribute` strategies: which replica's variables a function reads."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from tensorflow_hub.errors import ModeError

_WITH_REPLICAS = (tf.distribute.MirroredStrategy, tf.distribute.MultiWorkerMirroredStrategy)


def first_replica() -> contextlib.AbstractContextManager[Any]:
    """A context in which functions read the variables of the first replica.

    In the scope of a strategy, but outside of `strategy.run`, TensorFlow refuses to run a loaded function,
    because it cannot tell which replica's variables to use. The variables of all replicas have the same
    values.
    """
    if tf.distribute.in_cross_replica_context() and isinstance(tf.distribute.get_strategy(), _WITH_REPLICAS):
        return tf.distribute.ReplicaContext(tf.distribute.get_strategy(), 0)  # type: ignore[no-any-return]
    return contextlib.nullcontext()


def check_made_in_scope(variables: Sequence[Any]) -> None:
    """Checks that variables to train on several replicas exist on each replica.

    Raises:
      ModeError: they were created outside of the strategy's scope.
    """
    strategy = tf.distribute.get_strategy()
    if not isinstance(strategy, _WITH_REPLICAS):
        return
    for variable in variables:
        if not strategy.extended.variable_created_in_scope(variable):
            raise ModeError(
                f"Expected a layer created in the scope of the {type(strategy).__name__} that trains it, "
                f"got one whose variable {variable.name!r} was created outside of this scope.",
                hint="Create the layer inside of `with strategy.scope():`.",
            )
