"""`hub.KerasLayer` as a layer of Keras 3."""

from __future__ import annotations

import inspect
from typing import Any

import keras
import tensorflow as tf

from tensorflow_hub.errors import InputError
from tensorflow_hub.keras_layer import other_backends
from tensorflow_hub.keras_layer.jax_function import JaxFunction
from tensorflow_hub.keras_layer.options import LayerOptions
from tensorflow_hub.keras_layer.shared import HubLayer, LossWhileTrainable, unchanged_errors


class AdoptedVariable(keras.Variable):  # type: ignore[misc]
    """A Keras variable whose value is a `tf.Variable` of the loaded object, not a copy of it.

    Attributes:
      hub_variable: the variable of the object.
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

    def _initialize(self, value: Any) -> None:
        self._value = value() if callable(value) and not isinstance(value, tf.Variable) else value

    def _initialize_with_initializer(self, initializer: Any) -> None:
        self._value = initializer(self._shape)


@keras.saving.register_keras_serializable(package="TensorFlowHub", name="KerasLayer")
class KerasLayer(HubLayer, keras.layers.Layer):  # type: ignore[misc]  # noqa: D101
    __doc__ = HubLayer.__doc__
    __init__ = HubLayer._initialize
    _base = keras.layers.Layer

    def _prepare(self, options: LayerOptions) -> None:
        self._backend = other_backends.backend()
        self._in_jax = self._backend == "jax" and options.is_trainable
        if self._backend != "tensorflow" and not self._in_jax:
            other_backends.announce()
            if options.is_trainable:
                other_backends.refuse_training(options.handle)
        self._hub_losses: list[Any] = []
        super()._prepare(options)
        self._jax_functions: dict[Any, JaxFunction] = {}
        if self._in_jax:
            for training in (False, True):
                self._jax_functions[training] = JaxFunction(self._function(training), options.handle)

    def _arguments_of_keras(self, kwargs: dict[str, Any]) -> dict[str, Any]:
        shape = kwargs.pop("input_shape", None)
        self._hub_batch_shape = kwargs.pop("batch_input_shape", None if shape is None else (None, *shape))
        traced = self._callee.form.input_dtype
        is_plain = kwargs.get("dtype") is None and keras.config.dtype_policy().name == "float32"
        if is_plain and traced is not None and not traced.is_floating:
            kwargs["dtype"] = traced  # a Sequential makes its input of this dtype, else of floats
        if isinstance(kwargs.get("dtype"), tf.DType):
            kwargs["dtype"] = kwargs["dtype"].name
        return kwargs

    def _finish_setup(self) -> None:
        self._allow_non_tensor_positional_args = True
        self._convert_input_args = False
        # XLA lacks ops that modules have (tables, texts, loops of TensorFlow 1), and on CPUs it ran networks
        # (MobileNetV2, ResNet50) four to seven times slower than TensorFlow itself. JAX has nothing else.
        self.supports_jit = self._backend == "jax"
        if self._in_jax:
            self._hub_seed = keras.random.SeedGenerator()
        super()._finish_setup()

    def _add_existing_weight(self, weight: Any, trainable: bool | None = None) -> None:
        """Makes a variable of the loaded object a weight of the layer."""
        if isinstance(weight, keras.Variable):  # the object is a Keras layer or model
            self._track_variable(weight)
            return
        trainable = bool(weight.trainable if trainable is None else trainable)
        if trainable and not weight.trainable:
            weight._trainable = True  # else gradient tapes do not see it
        name = weight.name.split(":")[0].replace("/", "_")
        if self._backend == "tensorflow":
            self._track_variable(AdoptedVariable(weight, trainable, name))
        elif self._in_jax:
            copy = keras.Variable(weight.numpy(), trainable=trainable, autocast=False, name=name)
            copy.hub_variable = weight
            self._track_variable(copy)

    def add_loss(self, loss: Any) -> None:
        """As that of Keras, and of Keras 2: a callable without arguments is asked when `losses` are."""
        if isinstance(loss, LossWhileTrainable) and self._in_jax:
            self._hub_losses.append(JaxFunction(loss.loss, self._options.handle))
        elif callable(loss):
            self._hub_losses.append(loss)
        else:
            super().add_loss(loss)

    def _get_own_losses(self) -> list[Any]:
        losses: list[Any] = super()._get_own_losses()
        for loss in self._hub_losses:
            if not self.trainable and isinstance(loss, (LossWhileTrainable, JaxFunction)):
                continue  # of the module
            losses.append(self._run_in_jax(loss, ()) if isinstance(loss, JaxFunction) else loss())
        return losses

    def _own_weights(self) -> list[Any]:
        return [*self._trainable_variables, *self._non_trainable_variables]

    def _output_dtype(self) -> str | None:
        return str(self.compute_dtype)

    def __call__(self, inputs: Any = None, *args: Any, **kwargs: Any) -> Any:
        """Calls the layer, on arrays and lists of values too."""
        self._refuse_other_keras(inputs)
        if len(args) == 1 and list(inspect.signature(self.call).parameters)[1:2] == ["training"]:
            kwargs, args = {"training": args[0], **kwargs}, ()  # by position Keras does not see it
        self._check_training(kwargs.get("training"))
        if any(isinstance(leaf, keras.KerasTensor) for leaf in keras.tree.flatten(inputs)):
            outputs = super().__call__(inputs, *args, **kwargs)
            return keras.tree.map_structure(lambda x: None if isinstance(x, _NoTensor) else x, outputs)
        if self._in_jax:
            inputs = keras.tree.map_structure(keras.ops.convert_to_tensor, inputs)
        elif self._backend != "tensorflow":
            return other_backends.apply(self._function(training=False), self._trace, inputs)
        else:
            inputs = self._callee.fit(inputs)
        return super().__call__(inputs, *args, **kwargs)

    def call(self, inputs: Any, training: Any = None) -> Any:
        """Calls the loaded object; `training` counts only while the layer is trainable."""
        if not self._in_jax:
            return super().call(inputs, training)
        with unchanged_errors():
            return self._run_in_jax(self._jax_functions[bool(training and self.trainable)], (inputs,))

    def _function(self, training: bool) -> Any:
        return lambda inputs: self._apply(inputs, training=training)

    def _run_in_jax(self, function: JaxFunction, inputs: tuple[Any, ...]) -> Any:
        weights = {id(w.hub_variable): w for w in self._own_weights() if hasattr(w, "hub_variable")}
        values = {key: weight.value for key, weight in weights.items()}
        outputs, assigned = function(inputs, values, self._hub_seed.next())
        for variable, value in assigned:
            weights[id(variable)].assign(value)
        return outputs

    @property
    def resolved_object(self) -> Any:
        """The loaded object that the layer calls; with Keras on JAX it is given the layer's weights."""
        for weight in self._own_weights() if self._in_jax else ():
            if hasattr(weight, "hub_variable"):
                weight.hub_variable.assign(weight.numpy())
        return self._func

    def compute_output_spec(self, inputs: Any, training: Any = None) -> Any:
        """The shapes and dtypes of the outputs for symbolic inputs."""
        specs = keras.tree.map_structure(_spec_of_tensor, inputs)
        outputs = self._trace(specs)
        with unchanged_errors():
            return tf.nest.map_structure(_keras_tensor, outputs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shapes of the outputs for inputs of a shape (or a dict or list of shapes)."""
        if isinstance(input_shape, tf.TensorShape):
            input_shape = tuple(input_shape.as_list())
        return keras.tree.map_structure(tuple, self._output_shapes(input_shape))

    @property
    def input_shape(self) -> tuple[int | None, ...]:
        """The shape given as `input_shape=…` or `batch_input_shape=…`, with the batch size.

        From this attribute Keras' Sequential makes an input of the layer's dtype; from the argument of Keras'
        own layers it makes one of floats, which is no input for strings.
        """
        if self._hub_batch_shape is None:
            raise AttributeError(f"The layer {self.name!r} was made without input_shape=….")
        return tuple(self._hub_batch_shape)

    def get_config(self) -> dict[str, Any]:
        """The configuration, for layers made from a handle."""
        config = super().get_config()
        if self._hub_batch_shape is not None:
            batch, *shape = self._hub_batch_shape
            config |= {"input_shape": shape} if batch is None else {"batch_input_shape": [batch, *shape]}
        return config


class _NoTensor(keras.KerasTensor):  # type: ignore[misc]
    """Stands for None among the outputs of a symbolic call: Keras counts outputs, and takes tensors only."""


def _spec_of_tensor(tensor: Any) -> tf.TypeSpec:
    if getattr(tensor, "ragged", False):
        return tf.RaggedTensorSpec(tensor.shape, tensor.dtype, tensor.ragged_rank or 1)
    if getattr(tensor, "sparse", False):
        return tf.SparseTensorSpec(tensor.shape, tensor.dtype)
    return tf.TensorSpec(tensor.shape, tensor.dtype)


def _keras_tensor(spec: Any) -> keras.KerasTensor:
    if spec == tf.type_spec_from_value(None):
        return _NoTensor(())
    if spec.shape.rank is None:
        raise InputError(
            "Expected an output of known rank for a symbolic call of Keras 3, got one of unknown shape.",
            hint="Give output_shape=…, the shape without the batch size.",
        )
    kind: dict[str, Any] = {}
    if isinstance(spec, tf.RaggedTensorSpec):
        kind = {"ragged": True, "ragged_rank": spec.ragged_rank}
    elif isinstance(spec, tf.SparseTensorSpec):
        kind = {"sparse": True}
    return keras.KerasTensor(tuple(spec.shape), dtype=spec.dtype.name, **kind)
