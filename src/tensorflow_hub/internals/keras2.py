"""Layers of Keras 2: of `tf_keras`, or of `tf.keras` up to TensorFlow 2.15."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from tensorflow_hub.errors import MissingDependencyError


def _keras2() -> Any:
    """The Keras 2 of this process."""
    if tuple(map(int, tf.__version__.split(".")[:2])) < (2, 16):
        return tf.keras
    try:
        import tf_keras
    except ImportError as error:
        raise MissingDependencyError(
            f"A layer of Keras 2 needs the package tf_keras with TensorFlow {tf.__version__}, which is not "
            "installed.",
            hint="Run `pip install tf_keras`, or unset TF_USE_LEGACY_KERAS to get a layer of Keras 3.",
        ) from error
    return tf_keras


keras = _keras2()


class AdoptingLayer(keras.layers.Layer):  # type: ignore[misc, name-defined]
    """A layer whose weights are variables that exist already."""

    def adopt(self, variable: Any, trainable: bool) -> None:
        """Makes a variable a weight of the layer.

        Public: an attribute that is a variable becomes a weight, trained if the variable is; that the
        layer trains part of the trainable ones cannot be said so.
        Since: TensorFlow 2.15 or earlier.
        Without it: `hub.KerasLayer` has no weights.
        """
        (self._trainable_weights if trainable else self._non_trainable_weights).append(variable)

    def own_weights(self) -> list[Any]:
        """The weights of the layer itself, those that training may change first.

        Public: `weights` has those of layers inside too, and changes its order with `trainable`.
        Since: TensorFlow 2.15 or earlier.
        Without it: weights of subclasses with layers inside are not saved by name.
        """
        return [*self._trainable_weights, *self._non_trainable_weights]

    def output_dtype(self) -> str | None:
        """The dtype that the layer computes in; None under a policy without one.

        Public: `compute_dtype` raises an error before the first call under the policy "_infer".
        Since: TensorFlow 2.15 or earlier.
        Without it: under a policy of mixed precision outputs are not cast.
        """
        dtype: str | None = self._compute_dtype
        return dtype
