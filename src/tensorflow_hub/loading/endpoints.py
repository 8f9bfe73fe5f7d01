"""Intermediate activations: tensors inside of a module as additional outputs.

features = hub.with_endpoints(hub.load("acme/resnet/1"), ["block_3/relu"])
features(images)   # {"default": …, "block_3/relu": …}
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import tensorflow as tf

from tensorflow_hub.errors import InputError, SignatureError, UnsupportedFeatureError
from tensorflow_hub.graphs.calling_convention import CallingConvention, calling_convention_of
from tensorflow_hub.graphs.tensor_names import node_name, tensor_name
from tensorflow_hub.loading.inlined_function import InlinedFunction
from tensorflow_hub.loading.input_conversion import closest_spec, convert_to_traced
from tensorflow_hub.loading.tf1.loop_gradients import has_loops


def with_endpoints(module: Any, endpoints: Sequence[str] | str, signature: str | None = None) -> Any:
    """A function that returns a module's outputs together with tensors inside of the module.

    Args:
      module: an object that `hub.load` returned.
      endpoints: one or several names: of tensors as `endpoint_names` lists them, the last parts of such a
        name, or the name scope of a layer, for the layer's output.
      signature: the name of the signature to call; by default the module itself is called.

    Returns:
      A callable `f(inputs, training=False)`. It returns a dict with the outputs by name (a single output as
      "default") and the endpoints by the given names. Gradients are those of the module.

    Raises:
      SignatureError: there is no such signature; when the result is called, no tensor or several have the
        given name.
      UnsupportedFeatureError: the module is a TF2 SavedModel that contains loops of TensorFlow 1.

    Example::

        module = hub.load("acme/images/1")  # float32 [batch, height, width, 3] → float32 [batch, 1280]
        with_relu = hub.with_endpoints(module, ["block_3/Relu"])
        outputs = with_relu(images)  # {"default": [batch, 1280], "block_3/Relu": [batch, 56, 56, 24]}
    """
    names = (endpoints,) if isinstance(endpoints, str) else tuple(endpoints)
    if callable(getattr(module, "call_signature", None)):  # a module of TensorFlow 1
        chosen = signature or module.default_signature("Pass one of these as signature=….")
        return lambda inputs, training=False: module.call_signature(
            inputs, chosen, training=training, endpoints=names
        )
    return FunctionWithEndpoints(module, names, signature)


def endpoint_names(module: Any, signature: str | None = None) -> list[str]:
    """The names of the tensors inside of a module that `hub.with_endpoints` can return.

    Args:
      module: an object that `hub.load` returned.
      signature: the name of a signature; by default the module itself.

    Returns:
      Names with output number, sorted, such as "block_3/Relu:0".

    Raises:
      SignatureError: there is no such signature.
      InputError: the module has no traces, so its tensors are not known.

    Example::

        [name for name in hub.endpoint_names(module) if "Relu" in name]
    """
    if callable(getattr(module, "call_signature", None)):
        return list(module.endpoint_names(signature))
    convention = calling_convention_of(_callable_of(module, signature))
    if not convention.input_specs:
        raise InputError(
            "Expected a module with traces, got one without.",
            hint="Call the result of hub.with_endpoints(…) with inputs instead.",
        )
    trace = _InlinedTrace(
        _callable_of(module, signature), convention, convention.input_specs[0], training=False
    )
    return sorted(
        f"{name}:0" for name, node in trace.graph.nodes.items() if node.op not in {"Placeholder", "NoOp"}
    )


def find_tensor(nodes: Mapping[str, Any], name: str) -> str:
    """The full name of the tensor that a user names.

    Args:
      nodes: the nodes of the graph by name.
      name: the full name of a tensor, the last parts of it, or the name scope of a layer with one output.

    Raises:
      SignatureError: no tensor has this name, or several have.
    """
    node, full = node_name(name), tensor_name(name)
    if node in nodes and nodes[node].op != "NoOp":
        return full
    found = [n for n, definition in nodes.items() if n.endswith(f"/{node}") and definition.op != "NoOp"]
    found = found or _outputs_of_scope(nodes, node)
    if len(found) == 1:
        return f"{found[0]}:{full.rsplit(':', 1)[1]}"
    if found:
        raise SignatureError(
            f"Expected the name of one tensor, got {node!r}, which {len(found)} have: {sorted(found)[:8]}.",
            hint="Pass more parts of the name.",
        )
    raise SignatureError(
        f"Expected the name of a tensor of the module, got {node!r}.",
        hint="List the names with hub.endpoint_names(module).",
    )


def _outputs_of_scope(nodes: Mapping[str, Any], scope: str) -> list[str]:
    """The ops in a name scope whose outputs are used outside of it."""
    inside = {name for name in nodes if f"/{scope}/" in f"/{name}"}
    used = {
        node_name(i)
        for name, node in nodes.items()
        if name not in inside
        for i in node.input
        if not i.startswith("^")
    }
    return sorted(inside & used)


class FunctionWithEndpoints:
    """A callable of a TF2 SavedModel that returns its outputs together with endpoints.

    Attributes:
      convention: how it is called.
    """

    def __init__(self, module: Any, endpoints: tuple[str, ...], signature: str | None) -> None:
        self._function = _callable_of(module, signature)
        self._endpoints = endpoints
        self.convention = calling_convention_of(self._function)
        self._traced: dict[Any, Any] = {}

    def __call__(self, inputs: Any, training: bool = False, **arguments: Any) -> dict[str, Any]:
        """Returns the outputs and the endpoints by name."""
        inputs = convert_to_traced(inputs, self.convention)
        spec = closest_spec(inputs, self.convention)
        if spec is None:
            spec = tf.nest.map_structure(tf.type_spec_from_value, inputs)
        key = (str(spec), training and self.convention.takes_training, str(sorted(arguments.items())))
        if key not in self._traced:
            with tf.init_scope():
                trace = _InlinedTrace(self._function, self.convention, spec, training, arguments)
                self._traced[key] = trace.function(self._endpoints)
        return dict(self._traced[key](*tf.nest.flatten(inputs, expand_composites=True)))


class _InlinedTrace:
    """One trace of a function with all calls inlined. It uses the function's own variables."""

    def __init__(
        self,
        function: Any,
        convention: CallingConvention,
        spec: Any,
        training: bool,
        arguments: Mapping[str, Any] | None = None,
    ) -> None:
        keywords = dict(arguments or {})
        if convention.takes_training:
            keywords.setdefault("training", training)

        def run(inputs: Any) -> Any:
            positional, by_name = convention.arguments(inputs)
            return function(*positional, **by_name, **keywords)

        self._trace = tf.function(run, autograph=False).get_concrete_function(spec)
        self._inlined = InlinedFunction(self._trace)
        self.graph = self._inlined.graph
        if has_loops(self.graph.meta_graph):
            raise UnsupportedFeatureError(
                "Expected a function without loops of TensorFlow 1, got a TF2 SavedModel with such loops.",
                hint="Call hub.with_endpoints on the original module of TensorFlow 1.",
            )

    def function(self, endpoints: Sequence[str]) -> Any:
        """A function from the flattened inputs to a dict of outputs and endpoints."""
        tensor_names = {name: find_tensor(self.graph.nodes, name) for name in endpoints}

        def run(*tensors: Any) -> dict[str, Any]:
            values, inner = self._inlined.run(tensors, list(tensor_names.values()))
            outputs = tf.nest.pack_sequence_as(self._trace.structured_outputs, values, expand_composites=True)
            outputs = outputs if isinstance(outputs, dict) else {"default": outputs}
            return outputs | dict(zip(tensor_names, inner, strict=True))

        specs = self._inlined.input_specs
        return tf.function(run, autograph=False, input_signature=specs).get_concrete_function()


def _callable_of(module: Any, signature: str | None) -> Any:
    if signature is None:
        return module
    signatures = getattr(module, "signatures", {})
    if signature not in signatures:
        raise SignatureError(
            f"Expected a signature, one of {sorted(signatures)}, got {signature!r}.",
            hint="Pass one of these as signature=….",
        )
    return signatures[signature]
