"""Keras on PyTorch: modules are applied by TensorFlow, and not trained."""

from __future__ import annotations

from tensorflow_hub.keras_layer.backends.backend import Backend
from tensorflow_hub.keras_layer.backends.on_host import OnHost
from tensorflow_hub.keras_layer.layer_module import LayerModule


def backend_for(module: LayerModule) -> Backend:
    """Keras on PyTorch, which traces no functions: nothing more is needed than arrays."""
    return OnHost(module)
