"""What a layer calls: an object, one of its signatures, or a module of TensorFlow 1."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from tensorflow_hub.errors import InputError, ModuleError, SignatureError
from tensorflow_hub.graphs.call_signature import CallSignature, call_signature_of
from tensorflow_hub.keras_layer.options import LayerOptions
from tensorflow_hub.loading.fitting import (
    closest_spec,
    describe_inputs,
    fit_inputs,
    match_a_trace,
    matches_spec,
)
from tensorflow_hub.loading.input_advice import advice_for
from tensorflow_hub.loading.origin import callable_parts, origin_of

# Parts of TensorFlow's errors for inputs of another dtype, shape or nesting than those of all traces.
_MISMATCHES = ("Could not find matching concrete function", "Binding inputs to tf.function failed")


class ModuleCallable:
    """What a layer calls: `module_callable(inputs, training)`.

    Attributes:
      call_signature: how it wants its inputs.
    """

    def __init__(self, loaded: Any, options: LayerOptions) -> None:
        self._traces: dict[Any, Any] = {}
        self._is_checked_here = False
        self._loaded = loaded
        origin = origin_of(loaded)
        self._module = origin and origin.module()  # functions have only weak references to their variables
        self._options = options
        self._output_key = options.output_key
        self._by_signature = callable(getattr(loaded, "call_signature", None))
        if self._by_signature:
            self._prepare_tf1()
        elif options.endpoints:
            self._prepare_endpoints()
        else:
            self._prepare_tf2()

    def __call__(self, inputs: Any, training: bool) -> Any:
        """Calls the loaded object and picks the outputs asked for.

        Args:
          inputs: a tensor, or a nest of tensors.
          training: whether the call is for training.

        Raises:
          InputError: the inputs fit none of the ways the object can be called.
        """
        inputs = self.fit(inputs)
        try:
            outputs = self._call(inputs, training)
        except (TypeError, ValueError) as error:
            if not any(sign in str(error) for sign in _MISMATCHES):
                raise
            raise self._mismatch(inputs, error) from error
        return self._shaped(self._chosen(outputs))

    def fit(self, inputs: Any) -> Any:
        """Converts inputs to tensors of the dtypes and shapes that the callable takes.

        Raises:
          InputError: that is not possible.
        """
        try:
            fitted = fit_inputs(inputs, self.call_signature)
        except InputError:
            raise
        except (TypeError, ValueError) as error:
            raise self._mismatch(inputs, error) from error
        if self._is_checked_here and not match_a_trace(fitted, self.call_signature):
            raise self._mismatch(fitted)
        return fitted

    def variables(self) -> list[Any]:
        """The variables that the functions of the object use."""
        functions = [self._function, *getattr(self._function, "concrete_functions", ())]
        call = getattr(self._function, "__call__", None)  # noqa: B004
        functions += getattr(call, "concrete_functions", None) or ()
        return [v for function in functions for v in getattr(function, "variables", None) or ()]

    def input_specs(self, shapes: Any) -> Any:
        """The specs of inputs with given shapes (a tuple, or a dict or list of these) and traced dtypes."""
        spec = self.call_signature.input_specs[0] if self.call_signature.input_specs else None
        is_list = isinstance(shapes, (list, tuple)) and bool(shapes) and isinstance(shapes[0], (list, tuple))
        if self.call_signature.takes_keywords and not isinstance(shapes, dict):
            names = self.call_signature.names
            spec = [(spec or {}).get(name) for name in names] if is_list else (spec or {}).get(names[0])
        if isinstance(shapes, dict):
            by_name = spec if isinstance(spec, dict) else {}
            return {name: _spec(shape, by_name.get(name)) for name, shape in shapes.items()}
        if is_list:
            parts = list(spec) if isinstance(spec, (list, tuple)) else [spec] * len(shapes)
            return [_spec(shape, part) for shape, part in zip(shapes, parts, strict=False)]
        return _spec(shapes, spec)

    # --- choosing the function ---

    def _prepare_tf1(self) -> None:
        options = self._options
        self._signature = options.signature or self._loaded.default_signature(
            "Pass one of these as signature=…."
        )
        outputs = self._loaded.output_names(self._signature)
        specs = self._loaded.input_specs(self._signature)
        given = {name: spec for name, spec in specs.items() if name not in options.arguments}
        self.call_signature = CallSignature(True, (given,), takes_keywords=True, names=tuple(sorted(given)))
        self._is_checked_here = True
        self._function: Any = self._loaded
        self._choose_output(outputs, prefer="default")

    def _prepare_tf2(self) -> None:
        options = self._options
        if options.signature is None:
            if not callable(self._loaded):
                raise self._not_callable()
            if options.signature_outputs_as_dict:
                raise ModuleError(
                    "Expected signature=… with signature_outputs_as_dict=True, got no signature.",
                    hint="Pass the name of a signature, or do not pass signature_outputs_as_dict.",
                )
            self._function = self._loaded
        else:
            self._function = self._signature_of_tf2(options.signature)
            self._choose_output(list(getattr(self._function, "structured_outputs", None) or ()), prefer=None)
        self.call_signature = call_signature_of(self._function, options.arguments)
        # Functions of loaded objects check their inputs when they are called; those of signatures only when
        # they run.
        self._is_checked_here = options.signature is not None

    def _prepare_endpoints(self) -> None:
        from tensorflow_hub.loading.endpoints import with_endpoints

        options = self._options
        self._function = with_endpoints(self._loaded, options.endpoints, signature=options.signature)
        self.call_signature = self._function.call_signature

    def _not_callable(self) -> SignatureError:
        signatures, parts = sorted(getattr(self._loaded, "signatures", ())), callable_parts(self._loaded)
        ways = [f"signature=… with one of {signatures}"] if signatures else []
        ways += [f"part=… with one of {parts[:20]}"] if parts else []
        has = " and ".join(["signatures"] * bool(signatures) + ["parts that can"] * bool(parts))
        return SignatureError(
            f"Expected an object that can be called, but {self._options.name} has only {has or 'variables'}.",
            hint=f"Pass {', or '.join(ways)}." if ways else "Take the variables from what hub.load(…) gives.",
        )

    def _signature_of_tf2(self, name: str) -> Callable[..., Any]:
        signatures = getattr(self._loaded, "signatures", {})
        if name not in signatures:
            raise SignatureError(
                f"Expected a signature of {self._options.name}, one of {sorted(signatures)}, got {name!r}.",
                hint="Pass one of these as signature=….",
            )
        return signatures[name]  # type: ignore[no-any-return]

    def _choose_output(self, outputs: list[str], prefer: str | None) -> None:
        options = self._options
        if options.signature_outputs_as_dict or options.endpoints:
            return
        if options.output_key is not None:
            if outputs and options.output_key not in outputs:
                raise SignatureError(
                    f"Expected an output of the signature {options.signature or 'default'!r}, one of "
                    f"{sorted(outputs)}, got output_key={options.output_key!r}.",
                    hint="Pass one of these as output_key=….",
                )
        elif prefer in outputs:
            self._output_key = prefer
        elif len(outputs) == 1:
            self._output_key = outputs[0]
        else:
            raise ModuleError(
                f"Expected output_key or signature_outputs_as_dict for the outputs {sorted(outputs)} "
                f"of the signature {options.signature or 'default'!r}, got neither.",
                hint="Pass output_key=… for one of them, or signature_outputs_as_dict=True for all.",
            )

    # --- calling it ---

    def _call(self, inputs: Any, training: bool) -> Any:
        arguments = dict(self._options.arguments)
        if self._by_signature:
            return self._loaded.call_signature(
                inputs | arguments, self._signature, training=training, endpoints=self._options.endpoints
            )
        if self._options.endpoints:
            return self._function(inputs, training=training, **arguments)
        if self.call_signature.takes_training:
            arguments.setdefault("training", training)
        if self.call_signature.is_fixed and tf.executing_eagerly() and self._options.signature is None:
            return self._traced_once(inputs, arguments)(inputs)
        return self._called(inputs, arguments)

    def _called(self, inputs: Any, arguments: dict[str, Any]) -> Any:
        positional, by_name = self.call_signature.arguments(inputs)
        return self._function(*positional, **by_name, **arguments)

    def _traced_once(self, inputs: Any, arguments: dict[str, Any]) -> Any:
        """The function for eager calls. A loaded object would be traced again for each batch size."""
        spec = closest_spec(inputs, self.call_signature)
        if spec is None or not matches_spec(spec, inputs):
            return lambda given: self._called(given, arguments)
        key = (str(spec), arguments.get("training"))
        if key not in self._traces:
            self._traces[key] = tf.function(
                lambda given: self._called(given, arguments), autograph=False, input_signature=[spec]
            )
        # A concrete function causes no warning about repeated tracing, which counts the functions of all
        # layers.
        return self._traces[key].get_concrete_function()

    def _mismatch(self, inputs: Any, error: Exception | None = None) -> InputError:
        ways = " or ".join(map(str, self.call_signature.input_specs)) or "(unknown)"
        arguments = f" and arguments={dict(self._options.arguments)}" if self._options.arguments else ""
        hint = advice_for(
            inputs,
            closest_spec(inputs, self.call_signature) or next(iter(self.call_signature.input_specs), None),
            of_keras=True,
        )
        if not hint:
            says = f" TensorFlow says: {str(error).strip()[:2000]}" if error else ""
            hint = f"Change dtype, shape or nesting of the inputs.{says}"
        return InputError(
            f"Expected inputs of {self._options.name} as {ways}, got {describe_inputs(inputs)}{arguments}.",
            hint=hint,
        )

    def _chosen(self, outputs: Any) -> Any:
        key = self._output_key
        if key is None:
            return outputs
        if not isinstance(outputs, dict):
            raise SignatureError(
                f"Expected a dict of outputs to take output_key={key!r} from, got {type(outputs).__name__}.",
                hint="Do not pass output_key.",
            )
        if key not in outputs:
            raise SignatureError(
                f"Expected an output, one of {sorted(outputs)}, got output_key={key!r}.",
                hint="Pass one of these as output_key=….",
            )
        return outputs[key]

    def _shaped(self, outputs: Any) -> Any:
        """Writes the promised `output_shape` onto outputs whose shape TensorFlow does not know."""
        if self._options.output_shape is None:
            return outputs
        tensors = tf.nest.flatten(outputs)
        shapes = _flat_shapes(self._options.output_shape)
        if len(shapes) != len(tensors):
            raise InputError(
                f"Expected one output_shape for each of {len(tensors)} outputs, "
                f"got {self._options.output_shape!r}.",
                hint="Pass the nesting of the outputs as output_shape, each shape without the batch size.",
            )
        for tensor, shape in zip(tensors, shapes, strict=True):
            promised = tf.TensorShape([tensor.shape[0] if tensor.shape.rank else None, *shape])
            if not promised.is_compatible_with(tensor.shape):
                raise InputError(
                    f"Expected outputs of the shape output_shape={self._options.output_shape!r}, without "
                    f"the batch size, got an output of {tensor.shape}.",
                    hint="Correct output_shape, or leave it out.",
                )
            if isinstance(tensor, tf.Tensor):
                tensor.set_shape(promised)
        return outputs


def _flat_shapes(shape: Any) -> list[list[int | None]]:
    if isinstance(shape, dict):
        return [s for key in sorted(shape) for s in _flat_shapes(shape[key])]
    if isinstance(shape, (list, tuple)) and not all(isinstance(d, int) or d is None for d in shape):
        return [s for part in shape for s in _flat_shapes(part)]
    return [tf.TensorShape(shape).as_list()]


def _spec(shape: Any, traced: Any) -> tf.TypeSpec:
    if traced is not None and not isinstance(traced, tf.TensorSpec):
        return traced
    return tf.TensorSpec(shape, getattr(traced, "dtype", None) or tf.float32)
