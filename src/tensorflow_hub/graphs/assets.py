"""Asset files of a graph: files that its ops read by path, such as vocabularies.

In a graph each asset is a string constant in the collection ASSET_FILEPATHS, which holds the path of the
file. In a stored graph the constant holds a marker instead of the path, and the collection
`saved_model_assets` has the name of the file in `assets/` (`AssetFileDef` in TensorFlow's
`meta_graph.proto`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import tensorflow as tf
from tensorflow.core.framework import tensor_pb2
from tensorflow.core.protobuf import meta_graph_pb2

from tensorflow_hub.errors import FormatError

COLLECTION = "saved_model_assets"
MARKER = b"SAVEDMODEL-ASSET"


def file_names(meta_graph: Any) -> dict[str, str]:
    """Reads the assets of a stored graph: name of the asset tensor → file name under `assets/`.

    Raises:
      FormatError: a file name points outside of the module's directory.
    """
    stored = list(meta_graph.asset_file_def)
    if not stored and COLLECTION in meta_graph.collection_def:
        for packed in meta_graph.collection_def[COLLECTION].any_list.value:
            asset = meta_graph_pb2.AssetFileDef()
            packed.Unpack(asset)
            stored.append(asset)
    for asset in stored:
        parts = asset.filename.replace("\\", "/").split("/")
        if not asset.filename or ".." in parts or parts[0] == "" or ":" in parts[0] or "\0" in asset.filename:
            raise FormatError(
                f"Expected the name of a file under assets/ for an asset, got {asset.filename!r}.",
                hint="The module is damaged or malicious. Do not use it.",
            )
    return {asset.tensor_info.name: asset.filename for asset in stored}


def write_paths(graph_def: Any, tensor_files: Mapping[str, str], paths: Mapping[str, str]) -> None:
    """Writes the paths of the asset files into the constants of a GraphDef.

    Args:
      graph_def: the GraphDef, which is changed.
      tensor_files: name of the asset tensor → file name, see `file_names`.
      paths: file name → path of the file.
    """
    nodes = {name.split(":")[0]: file for name, file in tensor_files.items()}
    for node in graph_def.node:
        if node.name in nodes and node.op == "Const":
            write_path(node, tf.compat.as_bytes(paths[nodes[node.name]]))


def write_path(node: Any, path: bytes) -> None:
    """Writes a path into the constant of an asset."""
    shape = node.attr["value"].tensor.tensor_shape
    value = tensor_pb2.TensorProto(dtype=tf.string.as_datatype_enum, tensor_shape=shape, string_val=[path])
    node.attr["value"].tensor.CopyFrom(value)
