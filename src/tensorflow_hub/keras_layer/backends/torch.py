"""Keras on PyTorch: modules run in TensorFlow and cannot be trained."""

from __future__ import annotations

from tensorflow_hub.keras_layer.backends.backend import Backend
from tensorflow_hub.keras_layer.backends.on_host import OnHost
from tensorflow_hub.keras_layer.layer_module import LayerModule


def backend_for(module: LayerModule) -> Backend:
    """Runs modules in TensorFlow. PyTorch does not trace functions, so nothing else is needed."""
    return OnHost(module)
