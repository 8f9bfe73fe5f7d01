"""Imports TensorFlow without the lines it writes to standard error, and keeps its warnings out."""

from __future__ import annotations

import logging
import os

from tensorflow_hub.cli.quiet_tensorflow import quiet_tensorflow


def import_tensorflow() -> None:
    """Imports TensorFlow; from now on only its errors are shown."""
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    with quiet_tensorflow():
        import tensorflow  # noqa: F401
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
