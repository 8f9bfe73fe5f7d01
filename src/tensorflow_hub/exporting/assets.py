"""Asset files of a graph: vocabularies and the like that its ops read by path.

In a module's graph each asset is a string constant in the collection ASSET_FILEPATHS. On disk the
constant holds a marker and the collection `saved_model_assets` says which file of `assets/` it is.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Mapping
from typing import Any

import tensorflow as tf
from tensorflow.core.framework import tensor_pb2
from tensorflow.core.protobuf import meta_graph_pb2

from tensorflow_hub.errors import ExportError, FormatError

COLLECTION = "saved_model_assets"
MARKER = b"SAVEDMODEL-ASSET"


class AssetNames:
    """Names for source files: one name per file, distinct ones for equal names in different directories.

    >>> names = AssetNames()
    >>> [names.name_of(path) for path in ("/a/vocab.txt", "/b/vocab.txt", "/a/vocab.txt")]
    ['vocab.txt', 'vocab.txt0', 'vocab.txt']
    """

    def __init__(self) -> None:
        self._name_of: dict[str, str] = {}

    def name_of(self, path: str) -> str:
        """The file name under `assets/` for the source file `path`."""
        if path not in self._name_of:
            taken = set(self._name_of.values())
            base = name = posixpath.basename(path.replace(os.sep, "/")) or "asset"
            number = 0
            while name in taken:
                name = f"{base}{number}"
                number += 1
            self._name_of[path] = name
        return self._name_of[path]

    def sources(self) -> dict[str, str]:
        """File name under `assets/` → source file."""
        return {name: path for path, name in self._name_of.items()}


def detach(meta_graph: Any, names: AssetNames) -> None:
    """Replaces the paths of source files in a graph by a marker and notes their names in a collection.

    Raises:
      ExportError: when an asset is no constant path of a file that exists.
    """
    collection = meta_graph.collection_def.get(tf.compat.v1.GraphKeys.ASSET_FILEPATHS)
    if collection is None:
        return
    nodes = {node.name: node for node in meta_graph.graph_def.node}
    for tensor_name in collection.node_list.value:
        node = nodes[tensor_name.split(":")[0]]
        path = _path_in(node)
        if not tf.io.gfile.exists(path) or tf.io.gfile.isdir(path):
            raise ExportError(
                f"Expected an asset file at {path!r} (asset {tensor_name!r}), found none.",
                hint="Write the file before create_module_spec(): that is when it is looked for.",
            )
        _add(meta_graph, tensor_name, names.name_of(path))
        _set_path(node, MARKER)


def _path_in(node: Any) -> str:
    values = node.attr["value"].tensor.string_val if node.op == "Const" else ()
    if not values:
        raise ExportError(
            f"Expected a constant with one path in the collection ASSET_FILEPATHS, got the op {node.name!r} "
            f"of type {node.op!r}.",
            hint="Add only tf.constant(path) tensors to it.",
        )
    return str(tf.compat.as_str_any(values[0]))


def _add(meta_graph: Any, tensor_name: str, file_name: str) -> None:
    asset = meta_graph_pb2.AssetFileDef(filename=file_name)
    asset.tensor_info.name = tensor_name
    meta_graph.collection_def[COLLECTION].any_list.value.add().Pack(asset)


def file_names(meta_graph: Any) -> dict[str, str]:
    """Name of the asset tensor → file name under `assets/`, as a stored graph has them.

    Raises:
      FormatError: when a file name would lead out of the module's directory.
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
                f"Expected the name of a file under assets/, got {asset.filename!r}.",
                hint="The module is damaged or hostile: do not use it.",
            )
    return {asset.tensor_info.name: asset.filename for asset in stored}


def attach(graph_def: Any, tensor_files: Mapping[str, str], sources: Mapping[str, str]) -> None:
    """Writes the real paths of the files into the asset constants of a GraphDef.

    Args:
      graph_def: a GraphDef that may be changed.
      tensor_files: name of the asset tensor → file name, see `file_names`.
      sources: file name → where the file is.
    """
    nodes = {name.split(":")[0]: file for name, file in tensor_files.items()}
    for node in graph_def.node:
        if node.name in nodes and node.op == "Const":
            _set_path(node, tf.compat.as_bytes(sources[nodes[node.name]]))


def _set_path(node: Any, path: bytes) -> None:
    shape = node.attr["value"].tensor.tensor_shape
    value = tensor_pb2.TensorProto(dtype=tf.string.as_datatype_enum, tensor_shape=shape, string_val=[path])
    node.attr["value"].tensor.CopyFrom(value)
