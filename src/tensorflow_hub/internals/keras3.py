"""Layers of Keras 3."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from tensorflow_hub.errors import ModeError


class AdoptedVariable(keras.Variable):  # type: ignore[misc]
    """A Keras variable whose value is a `tf.Variable` that exists already, not a copy of it.

    Public: `keras.Variable(value)` copies the value; with two copies the module's functions would not see
    what the optimizer changes.
    Since: Keras 3.0.
    Without it: `hub.KerasLayer` does not train with Keras on TensorFlow.

    Attributes:
      hub_variable: the variable.
    """

    def __init__(self, variable: tf.Variable, trainable: bool, name: str) -> None:
        self.hub_variable = variable
        super().__init__(
            lambda *_, **__: variable,
            shape=variable.shape,
            dtype=variable.dtype.base_dtype.name,
            trainable=trainable,
            autocast=False,
            name=name,
        )

    @property
    def _unique_id(self) -> str:
        """By this name optimizers of `tf_keras` know their variables.

        Since: TensorFlow 2.11.
        Without it: what a model of `tf_keras` with a layer of Keras 3 says when it trains is no help.

        Raises:
          ModeError: always: such a model cannot train this variable.
        """
        raise ModeError(
            f"Expected a layer of tf_keras in a model of tf_keras, got the variable {self.name!r} of a "
            "hub.KerasLayer of keras.",
            hint="Write `from tensorflow_hub.keras_layer.keras2 import KerasLayer` for models of tf_keras.",
        )

    def _initialize(self, value: Any) -> None:
        self._value = value() if callable(value) and not isinstance(value, tf.Variable) else value

    def _initialize_with_initializer(self, initializer: Any) -> None:
        self._value = initializer(self._shape)


class AdoptingLayer(keras.layers.Layer):  # type: ignore[misc]
    """A layer whose weights are variables that exist already, with losses of functions."""

    def adopt(self, variable: keras.Variable) -> None:
        """Makes a variable a weight of the layer.

        Public: an attribute that is a variable becomes a weight, once; a list of them cannot grow once the
        layer is built.
        Since: Keras 3.0.
        Without it: `hub.KerasLayer` has no weights.
        """
        self._track_variable(variable)

    def own_weights(self) -> list[Any]:
        """The weights of the layer itself, those that training may change first.

        Public: `weights` has those of layers inside too, and changes its order with `trainable`.
        Since: Keras 3.0.
        Without it: weights of subclasses with layers inside are not saved by name.
        """
        return [*self._trainable_variables, *self._non_trainable_variables]

    def take_inputs_as_they_are(self) -> None:
        """Has Keras neither convert inputs nor refuse what is no tensor.

        Public: a layer that is given lists of texts is refused before its `call`.
        Since: Keras 3.0.
        Without it: texts and ragged tensors cannot be given to the layer.
        """
        self._allow_non_tensor_positional_args = True
        self._convert_input_args = False

    def own_losses(self) -> list[Any]:
        """Losses besides those of Keras, computed each time they are asked for."""
        return []

    def _get_own_losses(self) -> list[Any]:
        """The losses of the layer itself.

        Public: `add_loss` takes values of one call; a model asks for `losses` after it, and without one.
        Since: Keras 3.0.
        Without it: regularization losses of modules do not count.
        """
        losses: list[Any] = super()._get_own_losses()
        return losses + self.own_losses()
