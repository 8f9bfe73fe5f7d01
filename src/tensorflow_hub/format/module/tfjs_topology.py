"""The inputs and outputs of TensorFlow.js models without a signature: layers models and old graph models."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

# The inputs or the outputs: name → {"dtype": …, "tensorShape": …}, as in a signature in model.json.
Side = dict[str, Mapping[str, Any]]

_NO_RESULT = frozenset({"Const", "NoOp", "Placeholder", "Assert"})
# Ops whose output has the dtype of their input.
_LIKE_INPUT = frozenset(
    {"Add", "AddV2", "BiasAdd", "ConcatV2", "ExpandDims", "Identity", "Mul", "Pack", "Relu", "Reshape"}
    | {"ResizeBilinear", "Sigmoid", "Slice", "Softmax", "Squeeze", "StridedSlice", "Sub", "Tanh", "Transpose"}
)


def topology_signature(topology: Mapping[str, Any]) -> dict[str, Side] | None:
    """The inputs and outputs of the nodes or layers; None if they are not known.

    Most models do not store the dtypes and shapes of outputs. Then the result has none.

    >>> node = {"name": "x", "op": "Placeholder", "attr": {"dtype": {"type": "DT_FLOAT"}}}
    >>> topology_signature({"node": [node, {"name": "y", "op": "Relu", "input": ["x"]}]})
    {'inputs': {'x': {'dtype': 'DT_FLOAT'}}, 'outputs': {'y': {}}}
    """
    with contextlib.suppress(KeyError, TypeError, ValueError, AttributeError, IndexError):
        inputs, outputs = _of_nodes(topology) if "node" in topology else _of_layers(topology)
        return {"inputs": inputs, "outputs": outputs} if inputs and outputs else None
    return None


def _of_nodes(graph: Mapping[str, Any]) -> tuple[Side, Side]:
    nodes = graph["node"]
    used = {name.lstrip("^").split(":")[0] for node in nodes for name in node.get("input") or ()}
    inputs = {
        str(node["name"]): _type_of_node(node, "dtype") for node in nodes if node["op"] == "Placeholder"
    }
    ends = [node for node in nodes if node["op"] not in _NO_RESULT and node["name"] not in used]
    return inputs, {
        str(node["name"]): _type_of_node(node, "T" if node["op"] in _LIKE_INPUT else "") for node in ends
    }


def _type_of_node(node: Mapping[str, Any], type_key: str) -> Mapping[str, Any]:
    attributes = node.get("attr") or {}
    found = {}
    if "type" in attributes.get(type_key, {}):
        found["dtype"] = attributes[type_key]["type"]
    if type_key == "dtype" and "shape" in attributes:
        found["tensorShape"] = attributes["shape"]["shape"]
    return found


def _of_layers(topology: Mapping[str, Any]) -> tuple[Side, Side]:
    model = topology.get("model_config") or topology
    config = model["config"]
    layers = config["layers"] if isinstance(config, Mapping) else config
    by_name = {str(layer["config"]["name"]): layer["config"] for layer in layers}
    first, last = next(iter(by_name)), next(reversed(by_name))
    if "input_layers" not in config:  # Sequential
        return {first: _type_of_layer(by_name[first])}, {last: {}}
    inputs = {name: _type_of_layer(by_name[name]) for name in _names(config["input_layers"])}
    return inputs, {name: {} for name in _names(config["output_layers"])}


def _names(layers: Any) -> Iterator[str]:
    """The layers in `[["a", 0, 0], …]`, or in `["a", 0, 0]` for a single one."""
    for layer in [layers] if isinstance(layers[0], str) else layers:
        yield str(layer[0])


def _type_of_layer(config: Mapping[str, Any]) -> Mapping[str, Any]:
    sizes = config.get("batch_input_shape") or config.get("batch_shape")
    if sizes is None:
        raise KeyError("batch_input_shape")
    dims = [{"size": -1 if size is None else size} for size in sizes]
    return {"dtype": config.get("dtype") or "float32", "tensorShape": {"dim": dims}}
