"""The part of a layer that both versions of Keras share: the module, its call, variables and losses."""

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
    """A decorator that prevents AutoGraph from converting a method, which would change types of errors."""
    wrapper = tf.autograph.experimental.do_not_convert(method)
    wrapper.__signature__ = inspect.signature(method)  # Keras 2 looks for `training` and `mask` in it
    return wrapper  # type: ignore[no-any-return]


class LayerModule:
    """The module of a layer. It does not depend on the version of Keras.

    Args:
      options: the arguments of the layer.

    Attributes:
      options: the arguments of the layer.
      loaded: the object that the layer calls: the module, or a part of it.
      callable: converts inputs and calls the object.
      trainable_variables: the variables that the layer trains while it is trainable.
      other_variables: all other variables.
      weight_names: id of each variable → its unique name in saved weights.
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
        self.trainable_variables = [v for v in candidates if options.is_selected(v)]
        selected = {id(variable) for variable in self.trainable_variables}
        self.other_variables = [v for v in everything if id(v) not in selected]
        # In a file of weights a slash would create a folder.
        names = unique_names([v.name.split(":")[0].replace("/", ".") for v in everything])
        self.weight_names = {id(v): name for v, name in zip(everything, names, strict=True)}

    @property
    def losses(self) -> list[Callable[[], Any]]:
        """The regularization losses: functions without arguments that return scalars.

        Raises:
          ModuleError: a loss is not a function.
        """
        losses = list(getattr(self.loaded, "regularization_losses", None) or ())
        for loss in losses:
            if not callable(loss):
                raise ModuleError(
                    f"Expected the regularization_losses of {self.options.name} to be callables "
                    f"without arguments, got {loss!r}.",
                    hint="Save the object with a list of tf.functions in this attribute.",
                )
        return losses

    def convert_inputs(self, inputs: Any) -> Any:
        """Converts inputs to tensors of the dtypes and shapes that the module was traced for.

        Raises:
          InputError: that is not possible.
        """
        return self.callable.convert_inputs(inputs)

    @unconverted
    def apply(
        self, inputs: Any, *, training: bool, weights: Sequence[Any] = (), dtype: str | None = None
    ) -> Any:
        """Calls the module.

        Args:
          inputs: a tensor, or a nest of tensors.
          training: whether the call is for training.
          weights: the variables of the layer; in training it is checked that they exist on each replica.
          dtype: the dtype of the layer. If it is not float32, floating-point outputs are cast to it.

        Raises:
          InputError: the module was not traced for inputs of these types.
          ModeError: the call is for training on replicas, and the layer was created outside of the scope of
            the strategy.
        """
        if training:
            check_made_in_scope(weights)
        with contextlib.nullcontext() if training else first_replica():
            outputs = self.callable(inputs, training=training)
        if dtype not in {"float16", "bfloat16", "float64"}:
            return outputs
        return tf.nest.map_structure(lambda output: _cast(output, dtype), outputs)

    def output_specs(self, specs: Any, dtype: str | None) -> Any:
        """The specs of the outputs for specs of the inputs, from a trace of the call."""
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

        They come from its attributes `trainable_variables` and `variables`. If it has neither, they are the
        variables that its functions use.
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
