"""Backends of Keras 3, a file each: how a layer's module is applied and trained there."""

from __future__ import annotations

import importlib

import keras

from tensorflow_hub.keras_layer.backends.backend import Backend
from tensorflow_hub.keras_layer.layer_module import LayerModule

# Name of the backend → the module of this package that has its `backend_for`.
_BACKENDS = {"tensorflow": "tensorflow", "jax": "jax", "torch": "torch"}


def backend_for(module: LayerModule) -> Backend:
    """The backend that Keras runs on, for a layer with this module; chosen once, when the layer is made.

    Raises:
      ModeError: the layer is to train its module, which this backend cannot.
    """
    name = _BACKENDS.get(keras.backend.backend(), "on_host")
    chosen: Backend = importlib.import_module(f"{__name__}.{name}").backend_for(module)
    return chosen
