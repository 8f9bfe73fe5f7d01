"""Keras on PyTorch: modules run in TensorFlow on the CPU and cannot be trained."""

from __future__ import annotations

from tensorflow_hub.keras_layer.backends.backend import Backend
from tensorflow_hub.keras_layer.backends.on_host import OnHost
from tensorflow_hub.keras_layer.layer_module import LayerModule


def backend_for(module: LayerModule) -> Backend:
    """The backend for a layer with Keras on PyTorch. PyTorch calls layers eagerly, so `OnHost` is enough."""
    return OnHost(module)
