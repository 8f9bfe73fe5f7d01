"""The module of a layer: the loaded object, its call, variables and losses, for both versions of Keras."""

from __future__ import annotations

import contextlib
import inspect
import warnings
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import tensorflow as tf

from tensorflow_hub.errors import ModuleError
from tensorflow_hub.graphs.variable_names import unique_names
from tensorflow_hub.keras_layer.module_callable import ModuleCallable
from tensorflow_hub.keras_layer.options import LayerOptions
from tensorflow_hub.loading.load import load
from tensorflow_hub.loading.origin import part_of
from tensorflow_hub.loading.replicas import check_made_in_scope, first_replica

_Method = TypeVar("_Method", bound=Callable[..., Any])


def unconverted(method: _Method) -> _Method:
    """Prevents AutoGraph from converting a method, which would change the types of our errors."""
    wrapper = tf.autograph.experimental.do_not_convert(method)
    wrapper.__signature__ = inspect.signature(method)  # Keras 2 looks for `training` and `mask` in it
    return wrapper  # type: ignore[no-any-return]


class LayerModule:
    """The module of a layer, without anything that depends on the version of Keras.

    Args:
      options: the arguments of the layer.

    Attributes:
      options: the arguments of the layer.
      loaded: the object that the layer calls: the module, or a part of it.
      callable: converts inputs and calls the object.
      trained: the variables that can be trained.
      others: the other variables.
      weight_names: id of each variable → its unique name, under which layers save it.
    """

    def __init__(self, options: LayerOptions) -> None:
        self.options = options
        self.loaded = options.handle
        if options.has_string_handle:
            module = load(options.handle, tags=options.tags, options=options.load_options)
            self.loaded = part_of(module, options.part)
        self.callable = ModuleCallable(self.loaded, options)
        self._warned = False
        candidates, everything = self._variables()
        self.trained = [variable for variable in candidates if options.chosen(variable)]
        chosen = {id(variable) for variable in self.trained}
        self.others = [variable for variable in everything if id(variable) not in chosen]
        # Unique as they are saved: without the slashes, which make folders in a file of weights.
        names = unique_names([v.name.split(":")[0].replace("/", ".") for v in everything])
        self.weight_names = {id(v): name for v, name in zip(everything, names, strict=True)}

    @property
    def losses(self) -> list[Callable[[], Any]]:
        """The regularization losses: functions without arguments that return scalars.

        Raises:
          ModuleError: a loss is no function.
        """
        losses = list(getattr(self.loaded, "regularization_losses", None) or ())
        for loss in losses:
            if not callable(loss):
                raise ModuleError(
                    f"Expected the regularization_losses of {self.options.name} to be callables "
                    f"without arguments, got {loss!r}.",
                    hint="Export the object with a list of tf.functions in this attribute.",
                )
        return losses

    def fit(self, inputs: Any) -> Any:
        """Converts inputs to tensors of the dtypes and shapes that the module was traced for.

        Raises:
          InputError: that is not possible.
        """
        return self.callable.fit(inputs)

    @unconverted
    def apply(
        self, inputs: Any, *, training: bool, weights: Sequence[Any] = (), dtype: str | None = None
    ) -> Any:
        """Calls the module.

        Args:
          inputs: a tensor, or a nest of tensors.
          training: whether the call is for training.
          weights: the variables of the layer, for a check.
          dtype: the dtype of the layer. If it is not float32, floating-point outputs are cast to it.

        Raises:
          InputError: the inputs do not fit the module.
          ModeError: it is called for training on replicas, and was made outside of the strategy's scope.
        """
        if training:
            check_made_in_scope(weights)
        with contextlib.nullcontext() if training else first_replica():
            outputs = self.callable(inputs, training=training)
        if dtype not in {"float16", "bfloat16", "float64"}:
            return outputs
        return tf.nest.map_structure(lambda output: _cast(output, dtype), outputs)

    def output_specs(self, specs: Any, dtype: str | None) -> Any:
        """The specs of the outputs for specs of the inputs, found by tracing."""
        run = tf.function(lambda inputs: self.apply(inputs, training=False, dtype=dtype), autograph=False)
        outputs = run.get_concrete_function(specs).structured_outputs
        return tf.nest.map_structure(_spec_of, outputs)

    def output_shapes(self, input_shape: Any) -> Any:
        """The shapes of the outputs for the shape of the input, or a dict or list of shapes."""
        if isinstance(input_shape, tf.TensorShape):
            input_shape = tuple(input_shape.as_list())
        specs = self.callable.input_specs(input_shape)
        outputs = self.output_specs(specs, None)
        if self.options.output_shape is None:
            return tf.nest.map_structure(lambda spec: spec.shape, outputs)
        batch = tf.nest.flatten(specs)[0].shape[:1]
        return tf.nest.map_structure(lambda spec: batch.concatenate(spec.shape[1:]), outputs)

    def warn_without_weights(self, weights: Sequence[Any]) -> None:
        """Warns once if there are no trainable weights."""
        if self._warned:
            return
        self._warned = True
        if not weights:
            pattern = self.options.trainable
            chosen = f" that match {pattern!r}" if isinstance(pattern, str) else ""
            warnings.warn(
                f"The hub.KerasLayer of {self.options.name} is trainable but has no trainable weights"
                f"{chosen}.",
                stacklevel=3,
            )

    def _variables(self) -> tuple[list[Any], list[Any]]:
        """The object's trainable variables, and all its variables.

        For an object without the attributes `trainable_variables` and `variables`, these are the variables
        that its functions use.
        """
        listed = [getattr(self.loaded, name, None) for name in ("trainable_variables", "variables")]
        if listed == [None, None]:
            everything = _unique(self.callable.variables())
            return [variable for variable in everything if variable.trainable], everything
        candidates = _unique(listed[0] or ())
        return candidates, _unique([*candidates, *(listed[1] or ())])


def _cast(output: Any, dtype: str | None) -> Any:
    is_number = tf.is_tensor(output) and output.dtype.is_floating
    return tf.cast(output, dtype) if is_number else output


def _unique(variables: Any) -> list[Any]:
    found: dict[int, Any] = {}
    for variable in variables:
        found.setdefault(id(variable), variable)
    return list(found.values())


def _spec_of(output: Any) -> Any:
    """The spec of an output of a trace, which may be a spec or a composite tensor."""
    return output if isinstance(output, tf.TypeSpec) else tf.type_spec_from_value(output)
