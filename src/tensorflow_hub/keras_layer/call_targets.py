"""What a layer calls: a loaded object, a signature of it, a signature of TensorFlow 1, or endpoints.

`target_for` chooses one of the four classes from the arguments of the layer. All of them have the interface
of `CallTarget`.
"""

from __future__ import annotations

import abc
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from tensorflow_hub.errors import ModuleError, SignatureError
from tensorflow_hub.graphs.calling_convention import CallingConvention, calling_convention_of
from tensorflow_hub.keras_layer.options import LayerOptions
from tensorflow_hub.keras_layer.outputs import output_key_for
from tensorflow_hub.loading.endpoints import with_endpoints
from tensorflow_hub.loading.input_conversion import closest_spec, matches_spec
from tensorflow_hub.loading.origin import callable_parts
from tensorflow_hub.loading.tf1.reusable_module import SIGNATURE_HINT


class CallTarget(abc.ABC):
    """What a layer calls.

    Attributes:
      function: the object that is called.
      convention: how it takes its inputs.
      output_key: the name of the output that the layer returns; None to return what the call returns.
      checks_types: whether a call raises an error for inputs of types that the object was not traced for.
        Functions of signatures raise it only when they run, so the layer checks their inputs before the call.
    """

    function: Any
    convention: CallingConvention
    output_key: str | None
    checks_types = True

    @abc.abstractmethod
    def call(self, inputs: Any, training: bool) -> Any:
        """Calls the object with inputs of the types that `convention` has."""


class Tf1SignatureTarget(CallTarget):
    """A signature of a `ReusableModule`, also with endpoints."""

    checks_types = False

    def __init__(self, module: Any, options: LayerOptions) -> None:
        self.function = module
        self._options = options
        self._signature = options.signature or module.default_signature(SIGNATURE_HINT)
        self.convention = module.calling_convention(self._signature, options.arguments)
        self.output_key = output_key_for(options, module.output_names(self._signature), preferred="default")

    def call(self, inputs: Any, training: bool) -> Any:
        """Calls the signature; the arguments of the layer are further inputs."""
        return self.function.call_signature(
            {**inputs, **self._options.arguments},
            self._signature,
            training=training,
            endpoints=self._options.endpoints,
        )


class EndpointsTarget(CallTarget):
    """An object of TensorFlow 2, or a signature of it, that returns endpoints as well."""

    def __init__(self, loaded: Any, options: LayerOptions) -> None:
        self.function = with_endpoints(loaded, options.endpoints, signature=options.signature)
        self.convention = self.function.convention
        self.output_key = options.output_key
        self._arguments = options.arguments

    def call(self, inputs: Any, training: bool) -> Any:
        """Calls the function of `hub.with_endpoints`."""
        return self.function(inputs, training=training, **self._arguments)


class Tf2SignatureTarget(CallTarget):
    """A signature of an object of TensorFlow 2."""

    checks_types = False

    def __init__(self, loaded: Any, signature: str, options: LayerOptions) -> None:
        signatures = getattr(loaded, "signatures", {})
        if signature not in signatures:
            raise SignatureError(
                f"Expected a signature of {options.name}, one of {sorted(signatures)}, got {signature!r}.",
                hint="Pass one of these as signature=….",
            )
        self.function = signatures[signature]
        self.convention = calling_convention_of(self.function, options.arguments)
        names = list(getattr(self.function, "structured_outputs", None) or ())
        self.output_key = output_key_for(options, names, preferred=None)
        self._arguments = options.arguments

    def call(self, inputs: Any, training: bool) -> Any:
        """Calls the function of the signature."""
        return _call(self, inputs, _arguments(self, self._arguments, training))


class ObjectTarget(CallTarget):
    """A callable object: one of TensorFlow 2, a `tf.function` or any Python callable."""

    def __init__(self, loaded: Any, options: LayerOptions) -> None:
        if not callable(loaded):
            raise _not_callable(loaded, options)
        if options.signature_outputs_as_dict:
            raise ModuleError(
                "Expected signature=… with signature_outputs_as_dict=True, got no signature.",
                hint="Pass the name of a signature, or do not pass signature_outputs_as_dict.",
            )
        self.function = loaded
        self.convention = calling_convention_of(loaded, options.arguments)
        self.output_key = options.output_key
        self._arguments = options.arguments
        self._traces: dict[Any, Any] = {}

    def call(self, inputs: Any, training: bool) -> Any:
        """Calls the object, through a trace that is kept if it is a loaded object in an eager program."""
        arguments = _arguments(self, self._arguments, training)
        if self.convention.is_fixed and tf.executing_eagerly():
            return self._eager_function(inputs, arguments)(inputs)
        return _call(self, inputs, arguments)

    def _eager_function(self, inputs: Any, arguments: dict[str, Any]) -> Callable[[Any], Any]:
        """The function for eager calls: one per spec, because the object traces again for each batch size."""
        spec = closest_spec(inputs, self.convention)
        if spec is None or not matches_spec(spec, inputs):
            return lambda given: _call(self, given, arguments)
        key = (str(spec), arguments.get("training"))
        if key not in self._traces:
            self._traces[key] = tf.function(
                lambda given: _call(self, given, arguments), autograph=False, input_signature=[spec]
            )
        # A concrete function, because TensorFlow's warning about repeated tracing counts the functions of all
        # layers.
        return self._traces[key].get_concrete_function()  # type: ignore[no-any-return]


def target_for(loaded: Any, options: LayerOptions) -> CallTarget:
    """Chooses what a layer with these options calls.

    Args:
      loaded: the loaded object, or the callable that was passed to the layer.
      options: the arguments of the layer.

    Raises:
      SignatureError: there is no such signature or output, or the object cannot be called.
      ModuleError: a signature has several outputs, and none was chosen.
    """
    if callable(getattr(loaded, "call_signature", None)):  # a ReusableModule
        return Tf1SignatureTarget(loaded, options)
    if options.endpoints:
        return EndpointsTarget(loaded, options)
    if options.signature is not None:
        return Tf2SignatureTarget(loaded, options.signature, options)
    return ObjectTarget(loaded, options)


def _arguments(target: CallTarget, arguments: Any, training: bool) -> dict[str, Any]:
    """The arguments of the layer, with `training` if the object takes it."""
    given = dict(arguments)
    if target.convention.takes_training:
        given.setdefault("training", training)
    return given


def _call(target: CallTarget, inputs: Any, arguments: dict[str, Any]) -> Any:
    positional, by_name = target.convention.arguments(inputs)
    return target.function(*positional, **by_name, **arguments)


def _not_callable(loaded: Any, options: LayerOptions) -> SignatureError:
    signatures, parts = sorted(getattr(loaded, "signatures", ())), callable_parts(loaded)
    ways = [f"signature=… with one of {signatures}"] if signatures else []
    ways += [f"part=… with one of {parts[:20]}"] if parts else []
    content = ["signatures"] * bool(signatures) + ["callable parts"] * bool(parts)
    return SignatureError(
        f"Expected a callable object, but {options.name} has only {' and '.join(content) or 'variables'}.",
        hint=f"Pass {', or '.join(ways)}." if ways else "Use the variables of the object of hub.load(…).",
    )
