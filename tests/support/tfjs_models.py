"""Models of TensorFlow.js that run: a graph and a model of layers, each multiplies pairs by a matrix."""

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


def _write(folder: Path, model: dict[str, Any], weights: dict[str, list[int]]) -> Path:
    folder.mkdir(exist_ok=True)
    entries = [{"name": name, "shape": shape, "dtype": "float32"} for name, shape in weights.items()]
    model["weightsManifest"] = [{"paths": ["group1-shard1of1.bin"], "weights": entries}]
    numbers = sum(shape[0] * (shape[1] if len(shape) > 1 else 1) for shape in weights.values())
    (folder / "model.json").write_text(json.dumps(model))
    (folder / "group1-shard1of1.bin").write_bytes(struct.pack(f"<{numbers}f", *range(numbers)))
    return folder
