"""What a backend of Keras has to do for a layer with a module."""

from __future__ import annotations

import abc
from collections.abc import Callable
from typing import Any

import keras

from tensorflow_hub.keras_layer.layer_module import LayerModule
from tensorflow_hub.keras_layer.losses import LossWhileTrainable


class Backend(abc.ABC):
    """A backend, for the layer of one module.

    Args:
      module: of the layer.

    Attributes:
      supports_jit: whether Keras may compile models with the layer by XLA.
    """

    supports_jit = False

    def __init__(self, module: LayerModule) -> None:
        self._module = module

    def prepare(self, layer: Any) -> None:  # noqa: B027
        """Gives the layer what this backend needs besides weights; called once Keras has made it."""

    @abc.abstractmethod
    def weight(self, variable: Any, trainable: bool) -> keras.Variable | None:
        """The weight of the layer for a variable of the module; None where it stays out of sight."""

    @abc.abstractmethod
    def call_on_values(self, layer: Any, inputs: Any, call: Callable[[Any], Any]) -> Any:
        """Calls the layer on what is not symbolic: tensors of the backend, arrays, lists of values.

        Args:
          layer: the layer.
          inputs: as given.
          call: Keras' own call of the layer, for inputs that are tensors of the backend.
        """

    @abc.abstractmethod
    def call(self, layer: Any, inputs: Any, training: Any) -> Any:
        """The outputs for tensors of the backend."""

    def loss(self, layer: Any, loss: LossWhileTrainable) -> Any:
        """The value of a loss of the module."""
        return loss()

    def loaded(self, layer: Any) -> Any:
        """The loaded object, with the weights that the layer has now."""
        return self._module.loaded


def weight_name(variable: Any) -> str:
    """The name of a weight for a variable: Keras takes no slashes."""
    return str(variable.name.split(":")[0].replace("/", "_"))
