"""Which of the two Kerases `hub.KerasLayer` is a layer of: that of `tf.keras`.

`tf.keras` is Keras 2 up to TensorFlow 2.15, and Keras 3 since, unless `TF_USE_LEGACY_KERAS=1` asks for
Keras 2 in the form of the package `tf_keras`. The rule here is the same, so that a layer always goes into a
`tf.keras.Sequential`. A program that uses both Kerases names the half it wants.
"""

from __future__ import annotations

import importlib.metadata
import os


def half_of_tf_keras() -> str:
    """The module of this package whose layer fits `tf.keras`: "keras2" or "keras3"."""
    if os.environ.get("KERAS_BACKEND", "tensorflow") != "tensorflow":
        return "keras3"  # Keras 2 has one backend, so the program means Keras 3
    if os.environ.get("TF_USE_LEGACY_KERAS", "").strip().lower() in {"1", "true"}:
        return "keras2"
    try:
        major = importlib.metadata.version("keras").split(".", 1)[0]
    except importlib.metadata.PackageNotFoundError:
        return "keras2"
    return "keras2" if major == "2" or _tensorflow_release() < (2, 16) else "keras3"


def _tensorflow_release() -> tuple[int, int]:
    import tensorflow as tf

    major, minor = tf.__version__.split(".")[:2]
    return int(major), int(minor)
