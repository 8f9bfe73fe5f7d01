"""What is lost where a private name is missing, said once."""

from __future__ import annotations

import functools
import logging

import tensorflow as tf

_log = logging.getLogger("tensorflow_hub")


@functools.cache
def say_lost(name: str, loss: str) -> None:
    """Logs, once in a process, that a private name is missing and what does not work therefore.

    Args:
      name: the private name.
      loss: a sentence about what a user loses.
    """
    _log.warning("TensorFlow %s has no %s. %s", tf.__version__, name, loss)
