"""Reads TF.js models: weight shards (with their quantisation) and graphs in JSON.

The forms are those that the `tensorflowjs` converter documents: a manifest of groups, each with shard
paths and weights laid end to end; a quantised weight is `value * scale + min`.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import tensorflow as tf

_TYPES = {"float32": np.float32, "int32": np.int32, "bool": np.bool_}


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
