"""`hub.KerasLayer` as a layer of Keras 2: of `tf_keras`, or of `tf.keras` up to TensorFlow 2.15."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from tensorflow_hub.errors import MissingDependencyError
from tensorflow_hub.keras_layer.shared import HubLayer, LossWhileTrainable


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


@keras.utils.register_keras_serializable(package="TensorFlowHub", name="KerasLayer")
class KerasLayer(HubLayer, keras.layers.Layer):  # type: ignore[misc, name-defined]  # noqa: D101
    __doc__ = HubLayer.__doc__
    __init__ = HubLayer._initialize
    _base = keras.layers.Layer

    def _add_existing_weight(self, weight: Any, trainable: bool | None = None) -> None:
        """Makes a variable of the loaded object a weight of the layer."""
        trainable = bool(weight.trainable if trainable is None else trainable)
        if trainable and not weight.trainable:
            weight._trainable = True  # else gradient tapes do not see it
        (self._trainable_weights if trainable else self._non_trainable_weights).append(weight)

    def add_loss(self, losses: Any, **kwargs: Any) -> None:
        """As that of Keras; a loss of the module is none of `losses` while the layer is frozen."""
        if isinstance(losses, LossWhileTrainable):
            super().add_loss(lambda: losses() if self.trainable else None, **kwargs)
        else:
            super().add_loss(losses, **kwargs)

    def _own_weights(self) -> list[Any]:
        return [*self._trainable_weights, *self._non_trainable_weights]

    def _output_dtype(self) -> str | None:
        return self._compute_dtype  # type: ignore[no-any-return]

    def __call__(self, inputs: Any = None, *args: Any, **kwargs: Any) -> Any:
        """Calls the layer, on arrays and lists of values too."""
        self._refuse_other_keras(inputs)
        self._check_training(args[0] if args else kwargs.get("training"))
        if any(_is_symbol(leaf) for leaf in tf.nest.flatten(inputs)):
            outputs = super().__call__(inputs, *args, **kwargs)
            return tf.nest.map_structure(lambda x: None if _is_symbol_of_none(x) else x, outputs)
        return super().__call__(self._callee.fit(inputs), *args, **kwargs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shapes of the outputs for inputs of a shape (or a dict or list of shapes)."""
        if isinstance(input_shape, tf.TensorShape):
            input_shape = tuple(input_shape.as_list())
        return self._output_shapes(input_shape)


def _is_symbol(value: Any) -> bool:
    return tf.is_tensor(value) and bool(keras.backend.is_keras_tensor(value))


def _is_symbol_of_none(value: Any) -> bool:
    return bool(getattr(value, "type_spec", None) == tf.type_spec_from_value(None))
