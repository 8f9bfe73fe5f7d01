"""Reading a SavedModel directory as a protobuf."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Collection
from typing import Any

import tensorflow as tf
from google.protobuf import text_format
from google.protobuf.message import DecodeError
from tensorflow.core.protobuf import saved_model_pb2

from tensorflow_hub.errors import NotAModuleError, TagsError
from tensorflow_hub.format.module.graph_files import check_module_def
from tensorflow_hub.format.module.layout import ASSETS, MODULE_DEF, SAVED_MODEL
from tensorflow_hub.graphs import assets
from tensorflow_hub.graphs import module_directory as layout


@dataclasses.dataclass(frozen=True)
class SavedModelDirectory:
    """A directory with a SavedModel.

    Attributes:
      path: the path of the directory.
      proto: the `SavedModel` message.
      is_hub_format: whether it is in TF1 Hub format (has a `tfhub_module.pb`).
    """

    path: str
    proto: Any
    is_hub_format: bool

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> SavedModelDirectory:
        """Reads `saved_model.pb` (or `.pbtxt`) in a directory, local or one that `tf.io.gfile` reads.

        Raises:
          NotAModuleError: there is no such file, or it cannot be parsed.
          UnsupportedFeatureError: the module needs a feature that this library does not have.
        """
        path = os.fspath(path)
        marker = layout.join(path, MODULE_DEF)
        is_hub_format = tf.io.gfile.exists(marker)
        if is_hub_format:
            check_module_def(layout.read_file(marker), marker)
        return cls(path, _read_proto(path), is_hub_format)

    @property
    def is_graph_of_tf1(self) -> bool:
        """Whether this is a SavedModel of TensorFlow 1, which has graphs and no objects."""
        return not self.proto.meta_graphs[0].object_graph_def.nodes

    @property
    def tag_sets(self) -> list[frozenset[str]]:
        """The tags of each graph."""
        return [frozenset(graph.meta_info_def.tags) for graph in self.proto.meta_graphs]

    @property
    def checkpoint(self) -> str:
        """The prefix of the checkpoint with the values of the variables."""
        return layout.join(self.path, layout.CHECKPOINT)

    def asset_sources(self) -> dict[str, str]:
        """File name of each asset of all graphs → its path.

        Raises:
          FormatError: a name points outside of the directory.
        """
        names = {name for graph in self.proto.meta_graphs for name in assets.file_names(graph).values()}
        return {name: layout.join(self.path, f"{ASSETS}/{name}") for name in sorted(names)}

    def meta_graph(self, tags: Collection[str]) -> Any:
        """The MetaGraphDef whose tags are exactly `tags`.

        Raises:
          TagsError: no graph has these tags; the message lists the tags of all graphs.
        """
        for graph in self.proto.meta_graphs:
            if set(graph.meta_info_def.tags) == set(tags):
                return graph
        available = ", ".join(map(str, sorted(map(sorted, self.tag_sets))))
        raise TagsError(
            f"Expected the tags of one of the graphs in {self.path!r} ({available}), got {sorted(tags)}.",
            hint="Pass one of these as tags=….",
        )

    def default_tags(self) -> frozenset[str]:
        """The tags of the graph to load if the user passes no tags.

        It is the graph without tags, or else the only graph, or else the graph with the tag `serve`.

        Raises:
          TagsError: none of these exists.
        """
        tag_sets = self.tag_sets
        if frozenset() in tag_sets or self.is_hub_format:
            return frozenset()
        if len(tag_sets) == 1:
            return tag_sets[0]
        if frozenset({"serve"}) in tag_sets:
            return frozenset({"serve"})
        available = ", ".join(map(str, sorted(map(sorted, tag_sets))))
        raise TagsError(
            f"Expected tags for {self.path!r}, which has several graphs ({available}), got None.",
            hint="Pass the tags of one of them as tags=….",
        )


def _read_proto(path: str) -> Any:
    binary, text = (layout.join(path, name) for name in (SAVED_MODEL, f"{SAVED_MODEL}txt"))
    try:
        if tf.io.gfile.exists(binary):
            proto = saved_model_pb2.SavedModel.FromString(layout.read_file(binary))
        elif tf.io.gfile.exists(text):
            proto = text_format.Parse(layout.read_file(text).decode(), saved_model_pb2.SavedModel())
        else:
            raise NotAModuleError(
                f"Expected a SavedModel in {path!r}, but there is no {SAVED_MODEL}.",
                hint=f"Pass the directory with {SAVED_MODEL} in it, or the handle of a published module.",
            )
    except (DecodeError, UnicodeDecodeError, text_format.ParseError) as error:
        raise NotAModuleError(
            f"Expected a SavedModel in {path!r}, but {SAVED_MODEL} is damaged and cannot be parsed: {error}",
            hint="Fetch or export the module again.",
        ) from error
    if not proto.meta_graphs:
        raise NotAModuleError(
            f"Expected a SavedModel in {path!r}, but {SAVED_MODEL} has no graph in it.",
            hint="Export the module again.",
        )
    return proto
