"""Variables under `tf.distribute`: whose replica's a function uses."""

from __future__ import annotations

import contextlib
from typing import Any

import tensorflow as tf


def first_replica() -> contextlib.AbstractContextManager[Any]:
    """Reads with the variables of the first replica, where they have none otherwise.

    In the scope of a strategy, but outside of its replicas, TensorFlow refuses to run a loaded function: it
    does not know which replica's variables to take. For reading, each of them will do.
    """
    strategies = (tf.distribute.MirroredStrategy, tf.distribute.MultiWorkerMirroredStrategy)
    if tf.distribute.in_cross_replica_context() and isinstance(tf.distribute.get_strategy(), strategies):
        return tf.distribute.ReplicaContext(tf.distribute.get_strategy(), 0)  # type: ignore[no-any-return]
    return contextlib.nullcontext()
