"""`hub.KerasLayer` as a layer of Keras 3."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import keras
import tensorflow as tf

from tensorflow_hub.errors import UnsupportedFeatureError
from tensorflow_hub.internals.keras3 import LayerOfExistingWeights
from tensorflow_hub.keras_layer import call_checks, weights
from tensorflow_hub.keras_layer.backends import backend_for
from tensorflow_hub.keras_layer.docstring import DOCSTRING
from tensorflow_hub.keras_layer.layer_module import LayerModule, unconverted
from tensorflow_hub.keras_layer.losses import LossWhileTrainable
from tensorflow_hub.keras_layer.options import LayerOptions
from tensorflow_hub.keras_layer.symbolic_tensors import (
    SymbolicNone,
    keras_tensor_of_spec,
    spec_of_keras_tensor,
)


@keras.saving.register_keras_serializable(package="TensorFlowHub", name="KerasLayer")
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
        self._backend = backend_for(self._module)
        self._func = self._module.loaded
        self._is_hub_module_v1 = bool(getattr(self._func, "_is_hub_module_v1", False))
        self._hub_losses: list[Any] = []
        shape = kwargs.pop("input_shape", None)
        self._hub_batch_shape = kwargs.pop("batch_input_shape", None if shape is None else (None, *shape))
        self._hub_policy = keras.dtype_policies.get(
            _name_of(kwargs.get("dtype")) or keras.config.dtype_policy()
        )
        convention = self._module.callable.convention
        _require_dtypes_of_keras(convention.input_specs, options.handle)
        kwargs["dtype"] = _dtype_of_input(self._hub_policy, convention.input_dtype)
        self._setup_layer(options.is_trainable, **{"autocast": False, **kwargs})
        self.disable_input_conversion()
        self.supports_jit = self._backend.supports_jit
        self._backend.prepare(self)
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
        if not isinstance(weight, keras.Variable):  # otherwise the module is a Keras layer or model
            trainable = bool(weight.trainable if trainable is None else trainable)
            weight = self._backend.weight(weight, trainable)
        if weight is not None:
            self.register_weight(weight)

    def _call_loss_if_trainable(self, loss: Callable[[], Any]) -> Callable[[], Any]:
        """A loss of the module as a function that returns 0 while the layer is not trainable."""
        return LossWhileTrainable(self, loss)

    def _check_trainability(self) -> None:
        """Warns once if the layer is trainable but has no trainable weights."""
        self._module.warn_without_weights(self.trainable_weights)

    # --- methods that Keras calls ---

    def __call__(self, inputs: Any = None, *args: Any, **kwargs: Any) -> Any:
        """Calls the layer. Inputs may be arrays and lists of values, too."""
        if len(args) == 1 and list(inspect.signature(self.call).parameters)[1:2] == ["training"]:
            kwargs, args = {"training": args[0], **kwargs}, ()  # Keras finds `training` only as a keyword
        call_checks.check_call("keras", inputs, kwargs.get("training"))
        call_checks.check_keywords(self.call, inputs, kwargs)
        keras_call = super().__call__
        if any(isinstance(leaf, keras.KerasTensor) for leaf in keras.tree.flatten(inputs)):
            outputs = keras_call(inputs, *args, **kwargs)
            return keras.tree.map_structure(lambda x: None if isinstance(x, SymbolicNone) else x, outputs)
        return self._backend.call_on_values(self, inputs, lambda given: keras_call(given, *args, **kwargs))

    @unconverted
    def call(self, inputs: Any, training: Any = None) -> Any:
        """Calls the module. It is called with `training=False` while the layer is not trainable."""
        if self.trainable:
            self._check_trainability()
        return self._backend.call(self, inputs, training)

    def add_loss(self, loss: Any) -> None:
        """Adds a loss, as in Keras. It may be a function, which is called when `losses` is read."""
        if callable(loss):
            self._hub_losses.append(loss)
        else:
            super().add_loss(loss)

    def own_losses(self) -> list[Any]:
        """The values of the losses that are functions, of the module only while it is trainable."""
        of_module = [loss for loss in self._hub_losses if isinstance(loss, LossWhileTrainable)]
        return [
            self._backend.loss(self, loss) if loss in of_module else loss()
            for loss in self._hub_losses
            if self.trainable or loss not in of_module
        ]

    def compute_output_spec(self, inputs: Any, training: Any = None) -> Any:
        """The shapes and dtypes of the outputs for symbolic inputs."""
        specs = keras.tree.map_structure(spec_of_keras_tensor, inputs)
        outputs = self._module.output_specs(specs, self.output_dtype)
        return tf.nest.map_structure(keras_tensor_of_spec, outputs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shapes of the outputs for the shape of the input, or a dict or list of shapes."""
        return keras.tree.map_structure(tuple, self._module.output_shapes(input_shape))

    @property
    def output_dtype(self) -> str:
        """The compute dtype of the layer's dtype policy, to which outputs are cast."""
        return str(self._hub_policy.compute_dtype)

    @property
    def input_shape(self) -> tuple[int | None, ...]:
        """The argument `input_shape` or `batch_input_shape`, with the batch size.

        `keras.Sequential` reads this attribute to create an Input with the layer's dtype. With the argument
        of the base class it would create an Input of floats, also for strings.
        """
        if self._hub_batch_shape is None:
            raise AttributeError(f"The layer {self.name!r} was created without input_shape=….")
        return tuple(self._hub_batch_shape)

    def get_config(self) -> dict[str, Any]:
        """The configuration of a layer that was created from a handle or an object of `hub.load`."""
        config = {**super().get_config(), **self._module.options.config(self.trainable)}
        config["dtype"] = keras.dtype_policies.serialize(self._hub_policy)
        if self._hub_batch_shape is not None:
            batch, *shape = self._hub_batch_shape
            config |= {"input_shape": shape} if batch is None else {"batch_input_shape": [batch, *shape]}
        return config

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
        """The loaded object that the layer calls.

        With Keras on JAX, reading this attribute assigns the layer's weights to the variables of the object.
        """
        return self._backend.loaded(self)

    def __repr__(self) -> str:
        return call_checks.layer_repr("keras", self.name, self._module.options.handle)


def _require_dtypes_of_keras(traces: Sequence[Any], handle: Any) -> None:
    """Raises an error if Keras 3 has no tensors of the dtype of some input, such as qint8, in any trace."""
    unknown = [_dtypes_unknown_to_keras(specs) for specs in traces]
    if unknown and all(unknown):
        raise UnsupportedFeatureError(
            f"Expected a module whose inputs have dtypes of Keras 3, got {handle!r} with an input of the "
            f"dtype {unknown[0][0]!r}.",
            hint="Call hub.load(handle) without Keras, or use the layer of Keras 2: import tf_keras, and not "
            "keras, in the file that makes the layer.",
        )


def _dtypes_unknown_to_keras(specs: Any) -> list[str]:
    """The names of the dtypes in a nest of `tf.TypeSpec`s that Keras 3 does not have."""
    return [
        dtype.name
        for dtype in (getattr(spec, "dtype", None) for spec in tf.nest.flatten(specs))
        if dtype is not None and not _is_dtype_of_keras(dtype.name)
    ]


def _is_dtype_of_keras(name: str) -> bool:
    try:
        keras.backend.standardize_dtype(name)
    except ValueError:
        return False
    return True


def _dtype_of_input(policy: Any, traced: Any) -> Any:
    """The dtype policy to pass to Keras, which is also the dtype of the Input that a Sequential creates.

    Args:
      policy: the dtype policy of the layer.
      traced: the dtype of the module's input; None if it has several inputs.

    Returns:
      The traced dtype if the module takes strings or integers, and `policy` is for floating-point numbers.
    """
    is_floating = tf.as_dtype(policy.compute_dtype).is_floating
    return traced.name if is_floating and traced is not None and not traced.is_floating else policy


def _name_of(dtype: Any) -> Any:
    return dtype.name if isinstance(dtype, tf.DType) else dtype
