"""The interface of a backend of Keras 3 for a layer with a module."""

from __future__ import annotations

import abc
from collections.abc import Callable
from typing import Any

import keras

from tensorflow_hub.keras_layer.layer_module import LayerModule
from tensorflow_hub.keras_layer.losses import LossWhileTrainable


class Backend(abc.ABC):
    """The base class of the backends. A layer has one object of it.

    Args:
      module: the module of the layer.

    Attributes:
      supports_jit: whether Keras may compile models with the layer with XLA.
    """

    supports_jit = False

    def __init__(self, module: LayerModule) -> None:
        self._module = module

    def prepare(self, layer: Any) -> None:  # noqa: B027
        """Adds attributes to the layer that this backend needs. It is called after Keras' `__init__`."""

    @abc.abstractmethod
    def weight(self, variable: Any, trainable: bool) -> keras.Variable | None:
        """The weight of the layer for a variable of the module; None if the variable is not a weight."""

    @abc.abstractmethod
    def call_on_values(self, layer: Any, inputs: Any, call: Callable[[Any], Any]) -> Any:
        """Calls the layer on inputs that are not symbolic: tensors of the backend, arrays or lists of values.

        Args:
          layer: the layer.
          inputs: the inputs.
          call: `__call__` of the Keras base class, which takes tensors of the backend.
        """

    @abc.abstractmethod
    def call(self, layer: Any, inputs: Any, training: Any) -> Any:
        """The outputs for inputs that are tensors of the backend."""

    def loss(self, layer: Any, loss: LossWhileTrainable) -> Any:
        """The value of a loss of the module."""
        return loss()

    def loaded(self, layer: Any) -> Any:
        """The loaded object, with the current weights of the layer."""
        return self._module.loaded


def weight_name(variable: Any) -> str:
    """The name of the weight for a variable. Keras does not allow slashes."""
    return str(variable.name.split(":")[0].replace("/", "_"))
