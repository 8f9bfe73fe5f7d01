"""`hub.KerasLayer` as a layer of Keras 2: of `tf_keras`, or of `tf.keras` up to TensorFlow 2.15."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from tensorflow_hub.errors import MissingDependencyError
from tensorflow_hub.keras_layer.options import LayerOptions, checked_trainable
from tensorflow_hub.keras_layer.shared import HubLayer


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
class KerasLayer(HubLayer, keras.layers.Layer):  # type: ignore[misc, name-defined]
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
      model = tf_keras.Sequential([
          hub.KerasLayer("acme/text-embedding/1", input_shape=[], dtype=tf.string, trainable=True),
          tf_keras.layers.Dense(1),
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
        self._prepare(options)
        kwargs.setdefault("autocast", False)
        self._setup_layer(options.is_trainable, **kwargs)
        if type(self).build is keras.layers.Layer.build:
            self.built = True

    def _add_existing_weight(self, weight: tf.Variable, trainable: bool | None = None) -> None:
        """Makes a variable of the loaded object a weight of the layer."""
        trainable = bool(weight.trainable if trainable is None else trainable)
        if trainable and not weight.trainable:
            weight._trainable = True  # else gradient tapes do not see it
        (self._trainable_weights if trainable else self._non_trainable_weights).append(weight)

    def _call_loss_if_trainable(self, loss: Any) -> None:
        """Makes a loss of the loaded object one of the layer's `losses` while the layer is trainable."""
        self.add_loss(lambda: loss() if self.trainable else None)

    def _output_dtype(self) -> str | None:
        return self._compute_dtype  # type: ignore[no-any-return]

    def __call__(self, inputs: Any = None, *args: Any, **kwargs: Any) -> Any:
        """Calls the layer, on arrays and lists of values too."""
        if not any(
            keras.backend.is_keras_tensor(leaf) for leaf in tf.nest.flatten(inputs) if tf.is_tensor(leaf)
        ):
            inputs = self._callee.fit(inputs)
        return super().__call__(inputs, *args, **kwargs)

    def call(self, inputs: Any, training: Any = None) -> Any:
        """Calls the loaded object; `training` counts only while the layer is trainable."""
        if tf.is_tensor(training):
            static = tf.get_static_value(training)
            if static is None:
                return tf.cond(
                    tf.cast(training, tf.bool),
                    lambda: self._apply(inputs, training=True),
                    lambda: self._apply(inputs, training=False),
                )
            training = static
        return self._apply(inputs, training=bool(training))

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shapes of the outputs for inputs of a shape (or a dict or list of shapes)."""
        if isinstance(input_shape, tf.TensorShape):
            input_shape = tuple(input_shape.as_list())
        outputs = self._trace(self._callee.input_specs(input_shape))
        return tf.nest.map_structure(lambda spec: spec.shape, outputs)

    def get_config(self) -> dict[str, Any]:
        """The configuration, for layers made from a handle."""
        return {**super().get_config(), **self._options.config(self.trainable)}

    def save_own_variables(self, store: Any) -> None:
        """Saves the weights by their names in the module, whichever of them are trainable."""
        for name, variable in self._weights_by_name().items():
            store[name] = variable.numpy()

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
        weights = [*self._trainable_weights, *self._non_trainable_weights]
        return {
            names.get(id(weight), f"own_{i}").replace("/", "."): weight for i, weight in enumerate(weights)
        }
