"""The call of a layer: converts the inputs, calls the module and selects its outputs."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from tensorflow_hub.errors import InputError
from tensorflow_hub.keras_layer.call_targets import target_for
from tensorflow_hub.keras_layer.options import LayerOptions
from tensorflow_hub.keras_layer.outputs import select_output, set_output_shape
from tensorflow_hub.loading.input_advice import advice_for
from tensorflow_hub.loading.input_conversion import (
    closest_spec,
    convert_to_traced,
    describe_inputs,
    matches_a_trace,
)
from tensorflow_hub.loading.origin import origin_of

# Parts of TensorFlow's errors for inputs of another dtype, shape or nesting than those of all traces.
_MISMATCHES = ("Could not find matching concrete function", "Binding inputs to tf.function failed")


class ModuleCallable:
    """The module of a layer as a function: `module_callable(inputs, training)`.

    Attributes:
      convention: how the module takes its inputs.
    """

    def __init__(self, loaded: Any, options: LayerOptions) -> None:
        self._options = options
        origin = origin_of(loaded)
        self._module = origin and origin.module()  # functions have only weak references to their variables
        self._target = target_for(loaded, options)
        self.convention = self._target.convention

    def __call__(self, inputs: Any, training: bool) -> Any:
        """Calls the module and selects the output that the layer returns.

        Args:
          inputs: a tensor, or a nest of tensors.
          training: whether the call is for training.

        Raises:
          InputError: the module was not traced for inputs of these types.
        """
        inputs = self.convert_inputs(inputs)
        try:
            outputs = self._target.call(inputs, training)
        except (TypeError, ValueError) as error:
            if not any(text in str(error) for text in _MISMATCHES):
                raise
            raise self._mismatch(inputs, error) from error
        return set_output_shape(select_output(outputs, self._target.output_key), self._options.output_shape)

    def convert_inputs(self, inputs: Any) -> Any:
        """Converts inputs to tensors of the dtypes and shapes that the module was traced for.

        Raises:
          InputError: that is not possible.
        """
        try:
            converted = convert_to_traced(inputs, self.convention)
        except InputError:
            raise
        except (TypeError, ValueError) as error:
            raise self._mismatch(inputs, error) from error
        if not self._target.checks_types and not matches_a_trace(converted, self.convention):
            raise self._mismatch(converted)
        return converted

    def variables(self) -> list[Any]:
        """The variables that the functions of the object use."""
        function = self._target.function
        functions = [function, *getattr(function, "concrete_functions", ())]
        call = getattr(function, "__call__", None)  # noqa: B004
        functions += getattr(call, "concrete_functions", None) or ()
        return [v for function in functions for v in getattr(function, "variables", None) or ()]

    def input_specs(self, shapes: Any) -> Any:
        """The specs of inputs with given shapes and the traced dtypes.

        Args:
          shapes: the shape of the input with the batch size, or a dict or list of shapes.
        """
        spec = self.convention.input_specs[0] if self.convention.input_specs else None
        is_list = isinstance(shapes, (list, tuple)) and bool(shapes) and isinstance(shapes[0], (list, tuple))
        if self.convention.takes_keywords and not isinstance(shapes, dict):
            names = self.convention.names
            spec = [(spec or {}).get(name) for name in names] if is_list else (spec or {}).get(names[0])
        if isinstance(shapes, dict):
            by_name = spec if isinstance(spec, dict) else {}
            return {name: _spec(shape, by_name.get(name)) for name, shape in shapes.items()}
        if is_list:
            parts = list(spec) if isinstance(spec, (list, tuple)) else [spec] * len(shapes)
            return [_spec(shape, part) for shape, part in zip(shapes, parts, strict=False)]
        return _spec(shapes, spec)

    def _mismatch(self, inputs: Any, error: Exception | None = None) -> InputError:
        specs = self.convention.input_specs
        traced = " or ".join(map(str, specs)) or "(unknown)"
        arguments = f" and arguments={dict(self._options.arguments)}" if self._options.arguments else ""
        spec = closest_spec(inputs, self.convention) or next(iter(specs), None)
        hint = advice_for(inputs, spec, of_keras=True)
        if not hint:
            cause = f" TensorFlow's error: {str(error).strip()[:2000]}" if error else ""
            hint = f"Change dtype, shape or nesting of the inputs.{cause}"
        return InputError(
            f"Expected inputs of {self._options.name} as {traced}, got {describe_inputs(inputs)}{arguments}.",
            hint=hint,
        )


def _spec(shape: Any, traced: Any) -> tf.TypeSpec:
    if traced is not None and not isinstance(traced, tf.TensorSpec):
        return traced
    return tf.TensorSpec(shape, getattr(traced, "dtype", None) or tf.float32)
