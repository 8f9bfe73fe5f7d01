"""`hub.load_module_spec`: handle → directory → `hub.ModuleSpec`."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import tensorflow as tf
from google.protobuf.message import DecodeError
from tensorflow.core.protobuf import saved_model_pb2

from tensorflow_hub.errors import (
    FormatError,
    HandleError,
    NotAModuleError,
    NotFoundError,
    UnsupportedFeatureError,
)
from tensorflow_hub.format.messages import parse
from tensorflow_hub.graphs import assets, collections
from tensorflow_hub.graphs import module_directory as layout
from tensorflow_hub.graphs.module_spec import GraphVariant, ModuleSpec

_FORMAT_HUB = 3


def load_module_spec(path: str | os.PathLike[str]) -> ModuleSpec:
    """Reads a module in TF1 Hub format.

    Args:
      path: a handle: a directory, also one that only `tf.io.gfile` reads; an archive; the URL of a
        module on a hub; or `publisher/model/version` on the configured hub.

    Returns:
      A `hub.ModuleSpec`: see its tags and signatures, or give it to `hub.Module`.

    Raises:
      ResolveError: when the handle leads nowhere (an `OSError`).
      NotAModuleError: when there is no module, or one in TF2 format.
      UnsupportedFeatureError: when the module needs a feature this library does not know.
      FormatError: when its files are damaged.

    Example::

        spec = hub.load_module_spec("https://hub.example.com/acme/text-embedding/1")
        spec.get_tags(), spec.get_signature_names(), spec.get_input_info_dict()
    """
    directory = _directory(os.fspath(path))
    marker = layout.join(directory, layout.MARKER_FILE)
    if not tf.io.gfile.exists(marker):
        raise _no_hub_module(directory)
    definition = parse("ModuleDef", layout.read_file(marker), marker)
    if definition.format != _FORMAT_HUB:
        raise UnsupportedFeatureError(
            f"Expected module format {_FORMAT_HUB} in {marker!r}, got {definition.format}.",
            hint="The module was written by a newer library: upgrade tensorflow-hub.",
        )
    if definition.required_features:
        raise UnsupportedFeatureError(
            f"Expected no required features in {marker!r}, got {sorted(definition.required_features)}.",
            hint="The module was written by a newer library: upgrade tensorflow-hub.",
        )
    return read_saved_model(directory)


def create_module_spec_from_saved_model(
    saved_model_path: str | os.PathLike[str], drop_collections: Iterable[str] | None = None
) -> ModuleSpec:
    """Takes a TF1 SavedModel, made for serving for example, as a module.

    Its graphs become the graph variants, with their tags (`{"serve"}` mostly); its collections
    for the global step and for initialization at serving time are left out.

    Args:
      saved_model_path: a directory with a `saved_model.pb`; or another handle.
      drop_collections: names of further graph collections to leave out.

    Returns:
      A `hub.ModuleSpec` with the variables of the SavedModel.

    Raises:
      ResolveError: when the handle leads nowhere (an `OSError`).
      NotAModuleError: when there is no SavedModel, or one of TF2.
      CollectionError: when a graph has a collection that a module cannot carry.

    Example::

        spec = hub.create_module_spec_from_saved_model("/tmp/serving/1", drop_collections=["summaries"])
        with tf.Graph().as_default():
            module = hub.Module(spec, tags={"serve"})
            y = module({"x": x}, signature="serving_default", as_dict=True)
    """
    return read_saved_model(_directory(os.fspath(saved_model_path)), drop_collections)


def read_saved_model(directory: str, drop_collections: Iterable[str] | None = None) -> ModuleSpec:
    """Reads the SavedModel in a directory as a module."""
    path = layout.join(directory, layout.SAVED_MODEL)
    if not tf.io.gfile.exists(path):
        raise NotAModuleError(
            f"Expected a {layout.SAVED_MODEL} in {directory!r}, found none.",
            hint="Check the path, or download the module again.",
        )
    saved_model = saved_model_pb2.SavedModel()
    try:
        saved_model.ParseFromString(layout.read_file(path))
    except DecodeError as error:
        raise FormatError(
            f"Expected a SavedModel in {path!r}, got a file that does not parse.",
            hint="The module is damaged: download or export it again.",
        ) from error
    sources: dict[str, str] = {}
    variants = [
        _variant(m, path, directory, list(drop_collections or ()), sources) for m in saved_model.meta_graphs
    ]
    if not variants:
        raise FormatError(f"Expected at least one graph in {path!r}, found none.", hint="Export it again.")
    checkpoint = layout.join(directory, layout.CHECKPOINT)
    has_values = tf.io.gfile.exists(checkpoint + ".index")
    spec = ModuleSpec(variants, sources, checkpoint if has_values else None, directory)
    if not has_values and spec.stored_variables():
        raise NotAModuleError(
            f"Expected the values of {len(spec.stored_variables())} variables in {checkpoint + '.index'!r}, "
            "found no such file.",
            hint="Fetch or export the module again.",
        )
    return spec


def _variant(
    meta_graph: Any, path: str, directory: str, dropped: list[str], sources: dict[str, str]
) -> GraphVariant:
    if meta_graph.HasField("object_graph_def"):
        raise _is_tf2(directory)
    collections.drop(meta_graph, [*collections.OF_SERVING, *dropped])
    collections.check(meta_graph.collection_def)
    names = assets.file_names(meta_graph)
    sources.update({name: layout.join(directory, f"{layout.ASSETS}/{name}") for name in names.values()})
    return GraphVariant(frozenset(meta_graph.meta_info_def.tags), meta_graph)


def _directory(path: str) -> str:
    """The directory that a handle leads to."""
    from tensorflow_hub.resolving.resolve import resolve

    try:
        directory = resolve(path)
    except HandleError:
        # A scheme that TensorFlow alone knows: its `ram://`, or that of a plugin.
        if path.partition("://")[0] not in tf.io.gfile.get_registered_schemes():
            raise
        directory = path
    if not tf.io.gfile.isdir(directory):
        raise NotFoundError(f"Expected a module at {path!r}, found none.", hint="Check the path.")
    return str(Path(directory).absolute()) if layout.is_local(directory) else directory


def _no_hub_module(directory: str) -> NotAModuleError:
    if tf.io.gfile.exists(layout.join(directory, layout.SAVED_MODEL)):
        data = layout.read_file(layout.join(directory, layout.SAVED_MODEL))
        try:
            graphs = saved_model_pb2.SavedModel.FromString(data).meta_graphs
        except DecodeError:
            graphs = []
        if any(graph.HasField("object_graph_def") for graph in graphs):
            return _is_tf2(directory)
        return NotAModuleError(
            f"Expected a module in TF1 Hub format in {directory!r}, found a SavedModel without "
            f"{layout.MARKER_FILE}.",
            hint="Take it as a module with hub.create_module_spec_from_saved_model(path), or hub.load(path).",
        )
    return NotAModuleError(
        f"Expected a module in {directory!r}, found neither {layout.MARKER_FILE} nor {layout.SAVED_MODEL}.",
        hint="Check the path: give the directory that has these files in it.",
    )


def _is_tf2(directory: str) -> NotAModuleError:
    return NotAModuleError(
        f"Expected a module in TF1 Hub format in {directory!r}, found a TF2 SavedModel.",
        hint="Use hub.load(handle) or hub.KerasLayer(handle), which read TF2 SavedModels.",
    )
