"""Reads TF.js models: weight shards (with their quantisation) and graphs in JSON.

The forms are those that the `tensorflowjs` converter documents: a manifest of groups, each with shard
paths and weights laid end to end; a quantised weight is `value * scale + min`.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from assets import members, read_member

_TYPES = {"float32": np.float32, "int32": np.int32, "bool": np.bool_}


class GraphModel(tf.Module):
    """A graph whose large constants have become variables, so that it can be fine-tuned.

    Args:
      topology: the `modelTopology` of a TF.js graph model.
      weights: its weights by name.
      smallest: constants with fewer values stay constants: they are shapes, axes and the like.
    """

    def __init__(self, topology: Mapping[str, Any], weights: Mapping[str, np.ndarray], smallest: int) -> None:
        super().__init__()
        graph = read_graph(topology)
        self.weights = {
            name: tf.Variable(value, name=name)
            for name, value in weights.items()
            if value.dtype == np.float32 and value.size >= smallest
        }
        for node in graph.node:
            if node.name in weights and node.name not in self.weights:
                # TF.js knows no 64-bit integers and stores them in 32 bits.
                value = tf.make_tensor_proto(weights[node.name], node.attr["dtype"].type)
                node.attr["value"].tensor.CopyFrom(value)
        kept = [node for node in graph.node if node.name not in self.weights]
        del graph.node[:]
        graph.node.extend(kept)
        self._graph = graph

    def apply(self, feeds: Mapping[str, tf.Tensor], outputs: Sequence[str]) -> list[tf.Tensor]:
        """The values of nodes, given those of others; what only the fed nodes need is left out."""
        graph = tf.compat.v1.graph_util.extract_sub_graph(_cut(self._graph, feeds), list(outputs))
        values = {**feeds, **{name: tf.identity(variable) for name, variable in self.weights.items()}}
        read = {source.split(":")[0].lstrip("^") for node in graph.node for source in node.input}
        inputs = {f"{name}:0": value for name, value in values.items() if name in read}
        result: list[tf.Tensor] = tf.graph_util.import_graph_def(
            graph, inputs, [f"{o}:0" for o in outputs], name=""
        )
        return result


def read_graph_model(package: Path, folder: str, smallest: int) -> GraphModel:
    """The graph model in `folder` of a package: its `model.json`, and the shards beside it."""
    model = json.loads(read_member(package, f"{folder}/model.json"))
    shards = {
        name.rsplit("/", 1)[1]: read_member(package, name) for name in members(package) if "shard" in name
    }
    return GraphModel(model["modelTopology"], read_weights(model["weightsManifest"], shards), smallest)


def _cut(graph: tf.compat.v1.GraphDef, feeds: Mapping[str, tf.Tensor]) -> tf.compat.v1.GraphDef:
    """The graph with placeholders in the place of fed nodes and of weights."""
    result = tf.compat.v1.GraphDef()
    there = {node.name for node in graph.node}
    absent = {i.split(":")[0].lstrip("^") for node in graph.node for i in node.input} - there
    for node in graph.node:
        if node.name not in feeds:
            result.node.add().CopyFrom(node)
    for name in [*feeds, *absent]:
        node = result.node.add(name=name, op="Placeholder")
        node.attr["dtype"].type = (
            feeds[name].dtype.as_datatype_enum if name in feeds else tf.float32.as_datatype_enum
        )
    return result


def read_weights(manifest: Iterable[Mapping[str, Any]], shards: Mapping[str, bytes]) -> dict[str, np.ndarray]:
    """The weights of a TF.js model by name.

    Args:
      manifest: the `weightsManifest` of its `model.json`.
      shards: the content of each shard, by the path the manifest gives.
    """
    weights: dict[str, np.ndarray] = {}
    for group in manifest:
        data = b"".join(shards[path] for path in group["paths"])
        offset = 0
        for entry in group["weights"]:
            quantization = entry.get("quantization")
            stored = np.dtype(quantization["dtype"] if quantization else _TYPES[entry["dtype"]])
            count = int(np.prod(entry["shape"]))
            values = np.frombuffer(data, stored, count, offset)
            offset += count * stored.itemsize
            if quantization:
                values = values.astype(np.float32) * quantization["scale"] + quantization["min"]
            weights[entry["name"]] = values.reshape(entry["shape"]).astype(_TYPES[entry["dtype"]])
    return weights


def read_graph(topology: Mapping[str, Any]) -> tf.compat.v1.GraphDef:
    """The GraphDef of a TF.js graph model (`modelTopology` of its `model.json`)."""
    graph = tf.compat.v1.GraphDef()
    for node in topology["node"]:
        added = graph.node.add(name=node["name"], op=node["op"], input=node.get("input", ()))
        for key, attr in node.get("attr", {}).items():
            _read_attr(attr, added.attr[key])
    return graph


def _read_attr(attr: Mapping[str, Any], target: Any) -> None:
    """Fills an AttrValue from its JSON form, in which enums are numbers and 64-bit integers texts."""
    (kind, value), *_ = [*attr.items(), ("", None)]
    if kind == "type":
        target.type = value if isinstance(value, int) else tf.compat.v1.DType.DESCRIPTOR.values_by_name[value]
    elif kind == "shape":
        target.shape.CopyFrom(_read_shape(value))
    elif kind == "s":
        target.s = base64.b64decode(value) if isinstance(value, str) else bytes(value)
    elif kind in {"i", "f", "b"}:
        setattr(target, kind, {"i": int, "f": float, "b": bool}[kind](value))
    elif kind == "list":
        for item_kind, items in value.items():
            target_list = getattr(target.list, item_kind)
            if item_kind == "shape":
                target_list.extend(_read_shape(item) for item in items)
            elif item_kind == "s":
                target_list.extend(base64.b64decode(item) for item in items)
            else:
                target_list.extend({"f": float, "b": bool}.get(item_kind, int)(item) for item in items)
        target.list.SetInParent()


def _read_shape(value: Mapping[str, Any]) -> Any:
    if value.get("unknownRank"):
        return tf.TensorShape(None).as_proto()
    return tf.TensorShape(
        [None if int(d.get("size", 0)) < 0 else int(d.get("size", 0)) for d in value.get("dim", ())]
    ).as_proto()


def read_javascript_object(source: str, start: str) -> dict[str, Any]:
    """The object literal in minified JavaScript that begins with `start`, as TF.js bundles carry models.

    Only literals are understood: unquoted keys, `!0`, `!1` and numbers without a leading zero.
    """
    begin = source.index(start)
    depth = 0
    for end in range(begin, len(source)):
        depth += {"{": 1, "}": -1}.get(source[end], 0)
        if depth == 0:
            break
    text = re.sub(r"([{,])([A-Za-z_]\w*):", r'\1"\2":', source[begin : end + 1])
    text = text.replace("!0", "true").replace("!1", "false")
    text = re.sub(r"([:\[,-])\.(\d)", r"\g<1>0.\2", text)
    result: dict[str, Any] = json.loads(text)
    return result
