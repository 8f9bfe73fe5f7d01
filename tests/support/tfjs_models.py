"""Models of TensorFlow.js that run: graphs and models of layers, with one input or several."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

_SIDE = {"dtype": "DT_FLOAT", "tensorShape": {"dim": [{"size": "-1"}, {"size": "2"}]}}


def write_graph_model(folder: Path) -> Path:
    """A graph model: `loadGraphModel` takes it."""
    shape = {"shape": {"dim": [{"size": "-1"}, {"size": "2"}]}}
    dtype = {"type": "DT_FLOAT"}
    nodes = [
        {"name": "x", "op": "Placeholder", "attr": {"dtype": dtype, "shape": shape}},
        {"name": "w", "op": "Const", "attr": {"dtype": dtype}},
        {
            "name": "y",
            "op": "MatMul",
            "input": ["x", "w"],
            "attr": {"T": dtype, "transpose_a": {"b": False}, "transpose_b": {"b": False}},
        },
    ]
    model = {
        "format": "graph-model",
        "modelTopology": {"node": nodes, "library": {}, "versions": {"producer": 1}},
        "signature": {
            "inputs": {"x": {"name": "x:0", **_SIDE}},
            "outputs": {"y": {"name": "y:0", **_SIDE}},
        },
    }
    return _write(folder, model, {"w": [2, 3]})


def write_layers_model(folder: Path) -> Path:
    """A model of layers: `loadLayersModel` takes it."""
    dense = {
        "name": "d",
        "units": 3,
        "activation": "linear",
        "use_bias": True,
        "batch_input_shape": [None, 2],
        "dtype": "float32",
    }
    topology = {
        "class_name": "Sequential",
        "config": {"name": "s", "layers": [{"class_name": "Dense", "config": dense}]},
        "keras_version": "2.15.0",
        "backend": "tensorflow",
    }
    model = {"format": "layers-model", "modelTopology": topology}
    return _write(folder, model, {"d/kernel": [2, 3], "d/bias": [3]})


def write_sum_graph_model(folder: Path) -> Path:
    """A graph of two inputs: float32 and int32."""
    nodes = [
        _placeholder("a", "DT_FLOAT"),
        _placeholder("b", "DT_INT32"),
        {"name": "c", "op": "Cast", "input": ["b"], "attr": {"SrcT": {"type": "DT_INT32"}, "DstT": _FLOAT}},
        {"name": "y", "op": "AddV2", "input": ["a", "c"], "attr": {"T": _FLOAT}},
    ]
    return _write_graph(folder, nodes, {"first": ("a", "DT_FLOAT"), "b": ("b", "DT_INT32")})


def write_where_graph_model(folder: Path) -> Path:
    """A graph that TF.js runs asynchronously only: where a bool is true."""
    nodes = [
        _placeholder("x", "DT_BOOL"),
        {"name": "y", "op": "Where", "input": ["x"], "attr": {"T": {"type": "DT_BOOL"}}},
    ]
    return _write_graph(folder, nodes, {"x": ("x", "DT_BOOL")})


def write_text_graph_model(folder: Path) -> Path:
    """A graph that gives the texts it gets."""
    nodes = [
        _placeholder("x", "DT_STRING"),
        {"name": "y", "op": "Identity", "input": ["x"], "attr": {"T": {"type": "DT_STRING"}}},
    ]
    return _write_graph(folder, nodes, {"x": ("x", "DT_STRING")})


def write_pair_layers_model(folder: Path) -> Path:
    """A model of layers of two inputs; the first one is the later in the alphabet."""
    inputs = [
        {
            "class_name": "InputLayer",
            "name": name,
            "config": {"name": name, "batch_input_shape": [None, size], "dtype": "float32"},
            "inbound_nodes": [],
        }
        for name, size in (("wide", 3), ("narrow", 2))
    ]
    joined = {
        "class_name": "Concatenate",
        "name": "joined",
        "config": {"name": "joined", "axis": -1},
        "inbound_nodes": [[["wide", 0, 0, {}], ["narrow", 0, 0, {}]]],
    }
    config = {
        "name": "pair",
        "layers": [*inputs, joined],
        "input_layers": [["wide", 0, 0], ["narrow", 0, 0]],
        "output_layers": [["joined", 0, 0]],
    }
    topology = {
        "class_name": "Functional",
        "config": config,
        "keras_version": "2.15.0",
        "backend": "tensorflow",
    }
    return _write(folder, {"format": "layers-model", "modelTopology": topology}, {})


_FLOAT = {"type": "DT_FLOAT"}
_SHAPE = {"dim": [{"size": "-1"}, {"size": "2"}]}


def _placeholder(name: str, dtype: str) -> dict[str, Any]:
    return {"name": name, "op": "Placeholder", "attr": {"dtype": {"type": dtype}, "shape": {"shape": _SHAPE}}}


def _write_graph(folder: Path, nodes: list[dict[str, Any]], inputs: dict[str, tuple[str, str]]) -> Path:
    sides = {
        name: {"name": f"{node}:0", "dtype": dtype, "tensorShape": _SHAPE}
        for name, (node, dtype) in inputs.items()
    }
    model = {
        "format": "graph-model",
        "modelTopology": {"node": nodes, "library": {}, "versions": {"producer": 1}},
        "signature": {"inputs": sides, "outputs": {"y": {"name": "y:0", "dtype": "DT_FLOAT"}}},
    }
    return _write(folder, model, {})


# Name → writes the model to a folder.
TFJS_MODELS = {
    "graph": write_graph_model,
    "layers": write_layers_model,
    "sum": write_sum_graph_model,
    "where": write_where_graph_model,
    "repeat": write_text_graph_model,
    "pair": write_pair_layers_model,
}


def _write(folder: Path, model: dict[str, Any], weights: dict[str, list[int]]) -> Path:
    folder.mkdir(exist_ok=True)
    entries = [{"name": name, "shape": shape, "dtype": "float32"} for name, shape in weights.items()]
    model["weightsManifest"] = [{"paths": ["group1-shard1of1.bin"], "weights": entries}]
    numbers = sum(shape[0] * (shape[1] if len(shape) > 1 else 1) for shape in weights.values())
    (folder / "model.json").write_text(json.dumps(model))
    (folder / "group1-shard1of1.bin").write_bytes(struct.pack(f"<{numbers}f", *range(numbers)))
    return folder
