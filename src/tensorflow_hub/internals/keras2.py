"""Layers of Keras 2, which is `tf_keras`, or `tf.keras` up to TensorFlow 2.15."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from tensorflow_hub.errors import MissingDependencyError


def _keras2() -> Any:
    """The package of Keras 2."""
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


class LayerOfExistingWeights(keras.layers.Layer):  # type: ignore[misc, name-defined]
    """A layer of Keras 2 whose weights are existing variables."""

    def register_weight(self, variable: Any, trainable: bool) -> None:
        """Makes a variable a weight of the layer.

        Public: a variable in an attribute becomes a weight, which is trained if the variable is trainable. So
        a layer cannot train only some of the trainable variables.
        Since: TensorFlow 2.15 or earlier.
        Without it: `hub.KerasLayer` has no weights.
        """
        (self._trainable_weights if trainable else self._non_trainable_weights).append(variable)

    def own_weights(self) -> list[Any]:
        """The weights of the layer itself, trainable ones first.

        Public: `weights` includes those of nested layers, and its order depends on `trainable`.
        Since: TensorFlow 2.15 or earlier.
        Without it: weights of subclasses with nested layers are not saved by name.
        """
        return [*self._trainable_weights, *self._non_trainable_weights]

    def output_dtype(self) -> str | None:
        """The dtype in which the layer computes; None for a policy without one.

        Public: `compute_dtype` raises an error before the first call under the policy "_infer".
        Since: TensorFlow 2.15 or earlier.
        Without it: outputs are not cast under a policy of mixed precision.
        """
        dtype: str | None = self._compute_dtype
        return dtype
