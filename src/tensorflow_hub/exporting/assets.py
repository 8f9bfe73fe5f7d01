"""Asset files of a module that is being created: replaces their paths in the graph by file names."""

from __future__ import annotations

import os
import posixpath
from typing import Any

import tensorflow as tf
from tensorflow.core.protobuf import meta_graph_pb2

from tensorflow_hub.errors import ExportError
from tensorflow_hub.graphs.assets import COLLECTION, MARKER, write_path


class AssetNames:
    """Unique names for asset files, also for files with equal names in different directories.

    >>> names = AssetNames()
    >>> [names.name_of(path) for path in ("/a/vocab.txt", "/b/vocab.txt", "/a/vocab.txt")]
    ['vocab.txt', 'vocab.txt0', 'vocab.txt']
    """

    def __init__(self) -> None:
        self._name_of: dict[str, str] = {}

    def name_of(self, path: str) -> str:
        """The file name under `assets/` for the file at a path."""
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
        """File name under `assets/` → path of the file."""
        return {name: path for path, name in self._name_of.items()}


def replace_paths(meta_graph: Any, names: AssetNames) -> None:
    """Replaces the paths of asset files in a graph by a marker, and stores their names in a graph collection.

    `graphs.assets.write_paths` is the inverse.

    Args:
      meta_graph: the graph, which is changed.
      names: the file names under `assets/`; those of this graph are added.

    Raises:
      ExportError: an asset is not a constant, or no file is at its path.
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
                f"Expected an asset file at {path!r} (asset {tensor_name!r}), but there is none.",
                hint="Write the file before calling hub.create_module_spec().",
            )
        _add(meta_graph, tensor_name, names.name_of(path))
        write_path(node, MARKER)


def _path_in(node: Any) -> str:
    values = node.attr["value"].tensor.string_val if node.op == "Const" else ()
    if not values:
        raise ExportError(
            f"Expected a constant with one path in the collection ASSET_FILEPATHS, got the op {node.name!r} "
            f"of type {node.op!r}.",
            hint="Add only tensors of tf.constant(path) to this collection.",
        )
    return str(tf.compat.as_str_any(values[0]))


def _add(meta_graph: Any, tensor_name: str, file_name: str) -> None:
    asset = meta_graph_pb2.AssetFileDef(filename=file_name)
    asset.tensor_info.name = tensor_name
    meta_graph.collection_def[COLLECTION].any_list.value.add().Pack(asset)
