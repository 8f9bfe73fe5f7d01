"""`hub.KerasLayer` as a layer of Keras 3."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from tensorflow_hub.keras_layer import other_backends
from tensorflow_hub.keras_layer.options import LayerOptions, checked_trainable
from tensorflow_hub.keras_layer.shared import HubLayer


class AdoptedVariable(keras.Variable):  # type: ignore[misc]
    """A Keras variable whose value is a `tf.Variable` of the loaded object, not a copy of it."""

    def __init__(self, variable: tf.Variable, trainable: bool, name: str) -> None:
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
class KerasLayer(HubLayer, keras.layers.Layer):  # type: ignore[misc]
    """A module as a Keras layer.

    Args:
      handle: a path, a URL, `publisher/model/version` on the configured hub, or a callable object that
        follows the Reusable SavedModel interface (`__call__`, `variables`, `trainable_variables`,
        `regularization_losses`).
      trainable: whether the module's weights are trained; may be set later. A pattern (a string, searched
        in the variables' names) or a function of a variable chooses which of them may be.
      arguments: keyword arguments passed to the callable with every call.
      tags: tags of the graph to load; see `hub.load`.
      signature: the name of a signature to call in place of the object itself.
      signature_outputs_as_dict: whether a signature's outputs come as a dict.
      output_key: the output to take where there are several.
      output_shape: shape of the outputs without the batch size, where the module does not tell it.
      load_options: `tf.saved_model.LoadOptions`.
      endpoints: names of tensors inside the module (see `hub.with_endpoints`) to give as extra outputs, in
        the same pass. The outputs then come as a dict, in which a single one of the module is "default".
      **kwargs: as for any Keras layer: `name`, `dtype`, `input_shape`.

    Raises:
      ResolveError: the handle leads nowhere.
      SignatureError: there is no such signature or output.

    Example:
      ```
      model = keras.Sequential([
          hub.KerasLayer("acme/text-embedding/1", input_shape=[], dtype=tf.string, trainable=True),
          keras.layers.Dense(1),
      ])
      ```
    """

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
        **kwargs: Any,
    ) -> None:
        options = LayerOptions(
            handle,
            checked_trainable(trainable),
            arguments or {},
            tags,
            signature,
            signature_outputs_as_dict,
            output_key,
            output_shape,
            load_options,
            tuple(endpoints),
        )
        if other_backends.backend() != "tensorflow":
            other_backends.announce()
            if options.is_trainable:
                other_backends.refuse_training(handle)
        self._hub_losses: list[Any] = []
        self._prepare(options)
        self._hub_input_shape = kwargs.pop("input_shape", None)
        if isinstance(kwargs.get("dtype"), tf.DType):
            kwargs["dtype"] = kwargs["dtype"].name
        kwargs.setdefault("autocast", False)
        self._setup_layer(options.is_trainable, **kwargs)
        self._allow_non_tensor_positional_args = True
        self._convert_input_args = False
        self.supports_jit = False
        if type(self).build is keras.layers.Layer.build:
            self.built = True

    def _add_existing_weight(self, weight: tf.Variable, trainable: bool | None = None) -> None:
        """Makes a variable of the loaded object a weight of the layer."""
        if other_backends.backend() != "tensorflow":
            return  # a variable of TensorFlow is no variable there
        trainable = bool(weight.trainable if trainable is None else trainable)
        if trainable and not weight.trainable:
            weight._trainable = True  # else gradient tapes do not see it
        name = weight.name.split(":")[0].replace("/", "_")
        self._track_variable(AdoptedVariable(weight, trainable, name))

    def _call_loss_if_trainable(self, loss: Any) -> None:
        """Makes a loss of the loaded object one of the layer's `losses` while the layer is trainable."""
        self._hub_losses.append(loss)

    def _get_own_losses(self) -> list[Any]:
        losses: list[Any] = super()._get_own_losses()
        return losses + [loss() for loss in self._hub_losses] if self.trainable else losses

    def _output_dtype(self) -> str | None:
        return str(self.compute_dtype)

    def __call__(self, inputs: Any = None, *args: Any, **kwargs: Any) -> Any:
        """Calls the layer, on arrays and lists of values too."""
        if not any(isinstance(leaf, keras.KerasTensor) for leaf in keras.tree.flatten(inputs)):
            if other_backends.backend() != "tensorflow":
                return other_backends.apply(
                    lambda given: self._apply(given, training=False), self._trace, inputs
                )
            inputs = self._callee.fit(inputs)
        return super().__call__(inputs, *args, **kwargs)

    def call(self, inputs: Any, training: Any = None) -> Any:
        """Calls the loaded object; `training` counts only while the layer is trainable."""
        return self._apply(inputs, training=bool(training))

    def compute_output_spec(self, inputs: Any, training: Any = None) -> Any:
        """The shapes and dtypes of the outputs for symbolic inputs."""
        specs = keras.tree.map_structure(_spec_of_tensor, inputs)
        return tf.nest.map_structure(_keras_tensor, self._trace(specs))

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shapes of the outputs for inputs of a shape (or a dict or list of shapes)."""
        outputs = self._trace(self._callee.input_specs(input_shape))
        return tf.nest.map_structure(lambda spec: tuple(spec.shape), outputs)

    @property
    def input_shape(self) -> tuple[int | None, ...]:
        """The shape given as `input_shape=…`, with the batch size.

        From this attribute Keras' Sequential makes an input of the layer's dtype; from the argument of Keras'
        own layers it makes one of floats, which is no input for strings.
        """
        if self._hub_input_shape is None:
            raise AttributeError(f"The layer {self.name!r} was made without input_shape=….")
        return (None, *self._hub_input_shape)

    def get_config(self) -> dict[str, Any]:
        """The configuration, for layers made from a handle."""
        config = {**super().get_config(), **self._options.config(self.trainable)}
        return (
            config if self._hub_input_shape is None else config | {"input_shape": list(self._hub_input_shape)}
        )

    def save_own_variables(self, store: Any) -> None:
        """Saves the weights by their names in the module, whichever of them are trainable."""
        for name, variable in self._weights_by_name().items():
            store[name] = variable

    def load_own_variables(self, store: Any) -> None:
        """Loads weights saved by name, or by number as other Keras layers save theirs."""
        variables = self._weights_by_name()
        if set(store.keys()) != set(variables):
            super().load_own_variables(store)
            return
        for name, variable in variables.items():
            variable.assign(store[name])

    def _weights_by_name(self) -> dict[str, Any]:
        names = self._callee.weight_names
        weights = [*self._trainable_variables, *self._non_trainable_variables]
        return {
            names.get(id(weight.value), f"own_{i}").replace("/", "."): weight
            for i, weight in enumerate(weights)
        }


def _spec_of_tensor(tensor: Any) -> tf.TypeSpec:
    if getattr(tensor, "ragged", False):
        return tf.RaggedTensorSpec(tensor.shape, tensor.dtype, tensor.ragged_rank or 1)
    if getattr(tensor, "sparse", False):
        return tf.SparseTensorSpec(tensor.shape, tensor.dtype)
    return tf.TensorSpec(tensor.shape, tensor.dtype)


def _keras_tensor(spec: Any) -> keras.KerasTensor:
    ragged = isinstance(spec, tf.RaggedTensorSpec)
    return keras.KerasTensor(tuple(spec.shape), dtype=spec.dtype.name, **({"ragged": True} if ragged else {}))
