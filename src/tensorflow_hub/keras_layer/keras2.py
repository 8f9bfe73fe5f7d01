"""`hub.KerasLayer` as a layer of Keras 2: of `tf_keras`, or of `tf.keras` up to TensorFlow 2.15."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from tensorflow_hub.internals.keras2 import LayerOfExistingWeights, keras
from tensorflow_hub.internals.variables import make_trainable
from tensorflow_hub.keras_layer import call_checks, weights
from tensorflow_hub.keras_layer.docstring import DOCSTRING
from tensorflow_hub.keras_layer.layer_module import LayerModule, unconverted
from tensorflow_hub.keras_layer.losses import LossWhileTrainable
from tensorflow_hub.keras_layer.options import LayerOptions
from tensorflow_hub.loading.training_argument import apply_for

__all__ = ["KerasLayer", "keras"]

_PACKAGE = keras.layers.Layer.__module__.split(".")[0]


@keras.utils.register_keras_serializable(package="TensorFlowHub", name="KerasLayer")
class KerasLayer(LayerOfExistingWeights):  # noqa: D101
    __doc__ = DOCSTRING

    def __init__(  # noqa: PLR0917
        self,
        handle: Any,
        trainable: Any = False,
        arguments: dict[str, Any] | None = None,
        _sentinel: None = None,
        tags: Any = None,
        signature: str | None = None,
        signature_outputs_as_dict: bool | None = None,
        output_key: str | None = None,
        output_shape: Any = None,
        load_options: Any = None,
        *,
        endpoints: Any = (),
        part: Any = (),
        **kwargs: Any,
    ) -> None:
        options = LayerOptions.checked(
            _sentinel,
            handle=handle,
            trainable=trainable,
            arguments=arguments,
            tags=tags,
            signature=signature,
            signature_outputs_as_dict=signature_outputs_as_dict,
            output_key=output_key,
            output_shape=output_shape,
            load_options=load_options,
            endpoints=endpoints,
            part=part,
        )
        self._module = LayerModule(options)
        self._func = self._module.loaded
        self._is_hub_module_v1 = bool(getattr(self._func, "_is_hub_module_v1", False))
        self._setup_layer(options.is_trainable, **{"autocast": False, **kwargs})
        if type(self).build is keras.layers.Layer.build:
            self.built = True

    # --- methods that subclasses for earlier releases override or call ---

    def _setup_layer(self, trainable: bool = False, **kwargs: Any) -> None:
        """Calls `__init__` of the Keras layer, then adds the module's variables and losses."""
        super().__init__(trainable=trainable, **kwargs)
        for variable in self._module.trainable_variables:
            self._add_existing_weight(variable, trainable=True)
        for variable in self._module.other_variables:
            self._add_existing_weight(variable, trainable=False)
        for loss in self._module.losses:
            self.add_loss(self._call_loss_if_trainable(loss))

    def _add_existing_weight(self, weight: Any, trainable: bool | None = None) -> None:
        """Makes a variable of the loaded object a weight of the layer."""
        trainable = bool(weight.trainable if trainable is None else trainable)
        if trainable:
            make_trainable(weight)
        self.register_weight(weight, trainable)

    def _call_loss_if_trainable(self, loss: Callable[[], Any]) -> Callable[[], Any]:
        """A loss of the module as a function that returns 0 while the layer is not trainable."""
        return LossWhileTrainable(self, loss)

    def _check_trainability(self) -> None:
        """Warns once if the layer is trainable but has no trainable weights."""
        self._module.warn_without_weights(self.trainable_weights)

    # --- methods that Keras calls ---

    def __call__(self, inputs: Any = None, *args: Any, **kwargs: Any) -> Any:
        """Calls the layer. Inputs may be arrays and lists of values, too."""
        call_checks.check_call(_PACKAGE, inputs, args[0] if args else kwargs.get("training"))
        call_checks.check_keywords(self.call, inputs, kwargs)
        if any(_is_symbolic(leaf) for leaf in tf.nest.flatten(inputs)):
            outputs = super().__call__(inputs, *args, **kwargs)
            return tf.nest.map_structure(lambda x: None if _is_symbolic_none(x) else x, outputs)
        return super().__call__(self._module.convert_inputs(inputs), *args, **kwargs)

    @unconverted
    def call(self, inputs: Any, training: Any = None) -> Any:
        """Calls the module. It is called with `training=False` while the layer is not trainable."""
        if self.trainable:
            self._check_trainability()

        def apply(training: bool) -> Any:
            return self._module.apply(
                inputs,
                training=training and self.trainable,
                weights=self.own_weights(),
                dtype=self.output_dtype(),
            )

        return apply_for(training, apply)

    def add_loss(self, losses: Any, **kwargs: Any) -> None:
        """Adds losses, as in Keras. `losses` has no losses of the module while the layer is not trainable."""
        if isinstance(losses, LossWhileTrainable):
            super().add_loss(lambda: losses() if self.trainable else None, **kwargs)
        else:
            super().add_loss(losses, **kwargs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shapes of the outputs for the shape of the input, or a dict or list of shapes."""
        return self._module.output_shapes(input_shape)

    def get_config(self) -> dict[str, Any]:
        """The configuration of a layer that was created from a handle or an object of `hub.load`."""
        return {**super().get_config(), **self._module.options.config(self.trainable)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """Creates the layer from its configuration.

        Raises:
          ResolveError: there is no module at the handle any more.
        """
        try:
            return super().from_config(config)
        except Exception as error:
            raise weights.error_for_saved_layer(error, config) from error

    def save_own_variables(self, store: Any) -> None:
        """Saves the weights by their names in the module."""
        weights.save_weights(self._weights_by_name(), store)

    def load_own_variables(self, store: Any) -> None:
        """Loads weights that were saved by name, or by number as other Keras layers do."""
        if not weights.load_weights(self._weights_by_name(), store):
            super().load_own_variables(store)

    def _weights_by_name(self) -> dict[str, Any]:
        return weights.weights_by_name(self._module.weight_names, self.own_weights())

    @property
    def resolved_object(self) -> Any:
        """The loaded object that the layer calls."""
        return self._func

    def __repr__(self) -> str:
        return call_checks.layer_repr(_PACKAGE, self.name, self._module.options.handle)


def _is_symbolic(value: Any) -> bool:
    return tf.is_tensor(value) and bool(keras.backend.is_keras_tensor(value))


def _is_symbolic_none(value: Any) -> bool:
    return bool(getattr(value, "type_spec", None) == tf.type_spec_from_value(None))
