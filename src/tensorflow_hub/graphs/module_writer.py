"""Writing graphs, assets and variables as a module directory in TF1 Hub format."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

from tensorflow_hub.errors import ExportError
from tensorflow_hub.format.module.layout import ASSETS, MODULE_DEF, SAVED_MODEL
from tensorflow_hub.graphs import module_directory as layout

# If a module_fn uses another module, its graph has constants with the path of that module's checkpoint. Their
# names end in this.
CHECKPOINT_PATH = "checkpoint_initializer/prefix"


def write_module(
    path: str,
    meta_graphs: Sequence[Any],
    assets: Mapping[str, str],
    write_variables: Callable[[str], None] | None,
) -> None:
    """Writes a complete module directory, or nothing if an error occurs.

    `saved_model.pb` and `tfhub_module.pb` are written last. A directory without them is not a module.

    Args:
      path: the directory to write, which must not exist.
      meta_graphs: the graph variants as MetaGraphDefs, whose asset constants hold the marker.
      assets: file name under `assets/` → path of the file.
      write_variables: called with the prefix of the checkpoint, which it has to write; None if there are no
        variables.

    Raises:
      ExportError: `path` exists, or cannot be written.
    """
    with layout.new_directory(path) as directory:
        if write_variables is not None:
            tf.io.gfile.makedirs(layout.join(directory, layout.VARIABLES))
            write_variables(layout.join(directory, layout.CHECKPOINT))
        for name, source in sorted(assets.items()):
            _copy_asset(source, layout.join(directory, f"{ASSETS}/{name}"))
        saved_model = saved_model_pb2.SavedModel(meta_graphs=map(_without_paths, meta_graphs))
        layout.write_file(
            layout.join(directory, SAVED_MODEL), saved_model.SerializeToString(deterministic=True)
        )
        layout.write_file(layout.join(directory, MODULE_DEF), layout.MARKER_CONTENT)


def _without_paths(meta_graph: Any) -> Any:
    """The graph without the paths of modules that it uses. Their values are in its own checkpoint."""
    paths = [n for n in meta_graph.graph_def.node if n.name.endswith(CHECKPOINT_PATH) and n.op == "Const"]
    if not any(node.attr["value"].tensor.string_val[:] != [b""] for node in paths):
        return meta_graph
    copy = type(meta_graph).FromString(meta_graph.SerializeToString())
    for node in copy.graph_def.node:
        if node.name.endswith(CHECKPOINT_PATH) and node.op == "Const":
            node.attr["value"].tensor.string_val[:] = [b""]
    return copy


def _copy_asset(source: str, target: str) -> None:
    if not tf.io.gfile.exists(source):
        raise ExportError(
            f"Expected the asset file {source!r}, but it is missing.",
            hint="Do not remove the file between creating and exporting the module.",
        )
    tf.io.gfile.makedirs(target.rsplit("/", 1)[0])
    tf.io.gfile.copy(source, target)
