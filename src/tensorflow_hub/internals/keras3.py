"""Layers of Keras 3."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from tensorflow_hub.errors import ModeError


class ExistingVariable(keras.Variable):  # type: ignore[misc]
    """A Keras variable whose value is an existing `tf.Variable`.

    Public: `keras.Variable(value)` copies the value. Then the module's functions would not use the values
    that the optimizer changes.
    Since: Keras 3.0.
    Without it: `hub.KerasLayer` cannot be trained with Keras on TensorFlow.

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
        """The name by which optimizers of `tf_keras` identify their variables.

        Since: TensorFlow 2.11.
        Without it: the error of a model of `tf_keras` with a layer of Keras 3 does not name the cause.

        Raises:
          ModeError: always, because such a model cannot train this variable.
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


class LayerOfExistingWeights(keras.layers.Layer):  # type: ignore[misc]
    """A layer of Keras 3 whose weights are existing variables, and whose losses may be functions."""

    def register_weight(self, variable: keras.Variable) -> None:
        """Makes a variable a weight of the layer.

        Public: a variable in an attribute becomes a weight. A list of weights cannot grow after the layer was
        built.
        Since: Keras 3.0.
        Without it: `hub.KerasLayer` has no weights.
        """
        self._track_variable(variable)

    def own_weights(self) -> list[Any]:
        """The weights of the layer itself, trainable ones first.

        Public: `weights` includes those of nested layers, and its order depends on `trainable`.
        Since: Keras 3.0.
        Without it: weights of subclasses with nested layers are not saved by name.
        """
        return [*self._trainable_variables, *self._non_trainable_variables]

    def disable_input_conversion(self) -> None:
        """Turns off the conversion of inputs, so that Keras also passes inputs that are not tensors.

        Public: Keras refuses lists of strings before it calls `call`.
        Since: Keras 3.0.
        Without it: the layer does not take strings and ragged tensors.
        """
        self._allow_non_tensor_positional_args = True
        self._convert_input_args = False

    def own_losses(self) -> list[Any]:
        """Further losses, computed each time that `losses` is read."""
        return []

    def _get_own_losses(self) -> list[Any]:
        """The losses of the layer itself.

        Public: `add_loss` takes the value of one call. A model reads `losses` after a call, and without one.
        Since: Keras 3.0.
        Without it: regularization losses of modules are ignored.
        """
        losses: list[Any] = super()._get_own_losses()
        return losses + self.own_losses()
