"""Imports TensorFlow without the lines it writes to standard error before its log level applies."""

from __future__ import annotations

import os


def import_tensorflow() -> None:
    """Imports TensorFlow with file descriptor 2 closed to it meanwhile, and keeps its warnings out."""
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        import tensorflow as tf
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
    tf.get_logger().setLevel("ERROR")
