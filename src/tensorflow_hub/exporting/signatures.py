"""`hub.add_signature`: declares the signatures of a module inside of a module_fn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from tensorflow_hub.errors import SignatureError
from tensorflow_hub.format.module.default_signature import DEFAULT
from tensorflow_hub.graphs.tensor_info import write_tensor_info

# A graph collection of tuples (name, inputs, outputs) in the order of the calls.
_COLLECTION = ("__tensorflow_hub_signatures",)
_TENSORS = (tf.Tensor, tf.SparseTensor, tf.RaggedTensor)


def add_signature(name: str | None = None, inputs: Any = None, outputs: Any = None) -> None:
    """Declares a signature: inputs and outputs of the module. Call it inside of a `module_fn`.

    Args:
      name: the name of the signature; None means `"default"`, which `module(x)` applies.
      inputs: a tensor (its name is `"default"`), a dict from names to tensors, or None for no inputs. Each
        tensor is a `tf.Tensor`, `tf.SparseTensor` or `tf.RaggedTensor` of the graph, usually a placeholder.
        It is replaced by the values of the call, which must have its dtype and a compatible shape.
      outputs: a tensor (its name is `"default"`) or a dict from names to tensors.

    Raises:
      SignatureError: an input or output is not such a tensor (but for example a variable), or the name is not
        a string or is in use already.

    Example::

        def module_fn():
            text = tf.compat.v1.placeholder(tf.string, [None])
            lengths = tf.strings.length(text)
            hub.add_signature(inputs=text, outputs=lengths)
            hub.add_signature("pair", inputs={"text": text}, outputs={"default": lengths, "text": text})
    """
    name = DEFAULT if name is None else name
    if not isinstance(name, str) or not name:
        raise SignatureError(
            f"Expected the name of a signature as a string, got {name!r}.", hint="Pass None for 'default'."
        )
    entry = (name, _as_dict(name, "input", inputs), _as_dict(name, "output", outputs))
    declared = tf.compat.v1.get_collection_ref(_COLLECTION)
    if any(other == name for other, _, _ in declared):
        raise SignatureError(
            f"Expected each signature once, got hub.add_signature() twice for {name!r}.",
            hint="Pass another name for the second one.",
        )
    declared.append(entry)


def _as_dict(signature: str, role: str, tensors: Any) -> dict[str, Any]:
    if tensors is None:
        tensors = {}
    if not isinstance(tensors, Mapping):
        tensors = {DEFAULT: tensors}
    for key, tensor in tensors.items():
        if not isinstance(key, str):
            raise SignatureError(
                f"Expected strings as {role} names of signature {signature!r}, got {key!r}.",
                hint="Pass a dict from names to tensors.",
            )
        if not isinstance(tensor, _TENSORS) or _is_value(tensor):
            raise SignatureError(
                f"Expected a Tensor, SparseTensor or RaggedTensor of the graph as {role} {key!r} of "
                f"signature {signature!r}, got {type(tensor).__name__}.",
                hint="Inputs are usually tf.compat.v1.placeholder(...); wrap variables in tf.identity().",
            )
    return dict(tensors)


def declared_signatures(graph: tf.Graph) -> dict[str, tuple[dict[str, Any], dict[str, Any]]]:
    """The signatures declared in `graph`: name → (inputs, outputs)."""
    return {name: (inputs, outputs) for name, inputs, outputs in graph.get_collection_ref(_COLLECTION)}


def write(signatures: Mapping[str, tuple[dict[str, Any], dict[str, Any]]], meta_graph: Any) -> None:
    """Stores signatures in a MetaGraphDef.

    Raises:
      SignatureError: a tensor belongs to another graph.
    """
    for name, (inputs, outputs) in signatures.items():
        definition = meta_graph.signature_def[name]
        for tensors, target in ((inputs, definition.inputs), (outputs, definition.outputs)):
            for key, tensor in tensors.items():
                write_tensor_info(tensor, target[key])


def _is_value(tensor: Any) -> bool:
    return isinstance(tensor, tf.Tensor) and not tf.is_symbolic_tensor(tensor)
