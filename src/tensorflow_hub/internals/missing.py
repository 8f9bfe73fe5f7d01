"""The warning that a private name is missing in this release of TensorFlow."""

from __future__ import annotations

import functools
import logging

import tensorflow as tf

_log = logging.getLogger("tensorflow_hub")


@functools.cache
def warn_missing(name: str, consequence: str) -> None:
    """Logs, once in a process, that a private name is missing.

    Args:
      name: the private name.
      consequence: a sentence about what does not work.
    """
    _log.warning("TensorFlow %s has no %s. %s", tf.__version__, name, consequence)
