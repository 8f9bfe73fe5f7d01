"""Backends of Keras 3: one file for each, which calls and trains the module of a layer on this backend."""

from __future__ import annotations

import importlib

import keras

from tensorflow_hub.keras_layer.backends.backend import Backend
from tensorflow_hub.keras_layer.layer_module import LayerModule

# Name of the backend → the file in this folder that has a function `backend_for`. Others use `on_host`.
_BACKENDS = {"tensorflow": "tensorflow", "jax": "jax", "torch": "torch"}


def backend_for(module: LayerModule) -> Backend:
    """The backend that Keras runs on, for a layer with this module.

    Raises:
      ModeError: the layer is trainable, and modules cannot be trained on this backend.
    """
    name = _BACKENDS.get(keras.backend.backend(), "on_host")
    chosen: Backend = importlib.import_module(f"{__name__}.{name}").backend_for(module)
    return chosen
