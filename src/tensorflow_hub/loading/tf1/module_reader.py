"""`hub.load_module_spec`: reads the module at a handle as a `hub.ModuleSpec`."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import tensorflow as tf

from tensorflow_hub.errors import (
    HandleError,
    NotAModuleError,
    NotFoundError,
)
from tensorflow_hub.format.module.layout import MODULE_DEF, SAVED_MODEL
from tensorflow_hub.graphs import collections
from tensorflow_hub.graphs import module_directory as layout
from tensorflow_hub.graphs.module_spec import GraphVariant, ModuleSpec
from tensorflow_hub.graphs.saved_model import SavedModelDirectory
from tensorflow_hub.loading.other_formats import refuse_other_formats
from tensorflow_hub.resolving.resolve import resolve


def load_module_spec(path: str | os.PathLike[str]) -> ModuleSpec:
    """Reads a module in TF1 Hub format.

    Args:
      path: a handle: a directory, also one that only `tf.io.gfile` can read; an archive; the URL of a
        module on a hub; or `publisher/model/version` on the configured hub.

    Returns:
      A `hub.ModuleSpec`. It has the module's tags and signatures, and is an argument of `hub.Module`.

    Raises:
      ResolveError: nothing was found at the handle (an `OSError`).
      NotAModuleError: there is no module, or one in TF2 format.
      UnsupportedFeatureError: the module needs a feature that this library does not have.
      FormatError: files of the module are damaged.

    Example::

        spec = hub.load_module_spec("https://hub.example.com/acme/text-embedding/1")
        spec.get_tags(), spec.get_signature_names(), spec.get_input_info_dict()
    """
    directory = _directory(os.fspath(path))
    marker = layout.join(directory, MODULE_DEF)
    if not tf.io.gfile.exists(marker):
        raise _error_without_marker(directory)
    return read_saved_model(directory)


def create_module_spec_from_saved_model(
    saved_model_path: str | os.PathLike[str], drop_collections: Iterable[str] | None = None
) -> ModuleSpec:
    """Reads a TF1 SavedModel, for example one made for serving, as a module.

    Its graphs become the graph variants, with their tags (mostly `{"serve"}`). The collections of the global
    step and of initialization for serving are dropped.

    Args:
      saved_model_path: a directory with a `saved_model.pb`, or another handle.
      drop_collections: names of further graph collections to drop.

    Returns:
      A `hub.ModuleSpec` with the values of the variables in the SavedModel.

    Raises:
      ResolveError: nothing was found at the handle (an `OSError`).
      NotAModuleError: there is no SavedModel, or a TF2 SavedModel.
      CollectionError: a graph has a collection that a module cannot have.

    Example::

        spec = hub.create_module_spec_from_saved_model("/tmp/serving/1", drop_collections=["summaries"])
        with tf.Graph().as_default():
            module = hub.Module(spec, tags={"serve"})
            y = module({"x": x}, signature="serving_default", as_dict=True)
    """
    return read_saved_model(_directory(os.fspath(saved_model_path)), drop_collections)


def read_saved_model(directory: str, drop_collections: Iterable[str] | None = None) -> ModuleSpec:
    """Reads the SavedModel in a directory as a module."""
    saved_model = SavedModelDirectory.read(directory)
    if not saved_model.is_graph_of_tf1:
        raise _error_for_tf2(directory)
    for meta_graph in saved_model.proto.meta_graphs:
        collections.drop(meta_graph, [*collections.OF_SERVING, *(drop_collections or ())])
        collections.check(meta_graph.collection_def)
    variants = [
        GraphVariant(frozenset(meta_graph.meta_info_def.tags), meta_graph)
        for meta_graph in saved_model.proto.meta_graphs
    ]
    index = f"{saved_model.checkpoint}.index"
    has_values = tf.io.gfile.exists(index)
    sources = saved_model.asset_sources()
    spec = ModuleSpec(variants, sources, saved_model.checkpoint if has_values else None, directory)
    if not has_values and spec.stored_variables():
        raise NotAModuleError(
            f"Expected the values of {len(spec.stored_variables())} variables in {index!r}, found no file.",
            hint="Fetch or export the module again.",
        )
    return spec


def _directory(path: str) -> str:
    """The directory of a handle."""
    refuse_other_formats(path)
    try:
        directory = resolve(path)
    except HandleError:
        # A scheme of a file system that only TensorFlow can read: `ram://`, or one of a plugin.
        if path.partition("://")[0] not in tf.io.gfile.get_registered_schemes():
            raise
        directory = path
    if not tf.io.gfile.isdir(directory):
        raise NotFoundError(f"Expected a module at {path!r}, found none.", hint="Check the path.")
    return str(Path(directory).absolute()) if layout.is_local(directory) else directory


def _error_without_marker(directory: str) -> NotAModuleError:
    if tf.io.gfile.exists(layout.join(directory, SAVED_MODEL)):
        try:
            is_tf2 = not SavedModelDirectory.read(directory).is_graph_of_tf1
        except NotAModuleError as error:
            return error
        if is_tf2:
            return _error_for_tf2(directory)
        return NotAModuleError(
            f"Expected a module in TF1 Hub format in {directory!r}, found a SavedModel without {MODULE_DEF}.",
            hint="Read it with hub.create_module_spec_from_saved_model(path) or hub.load(path).",
        )
    return NotAModuleError(
        f"Expected a module in {directory!r}, found neither {MODULE_DEF} nor {SAVED_MODEL}.",
        hint="Check the path: it has to be the directory with these files.",
    )


def _error_for_tf2(directory: str) -> NotAModuleError:
    return NotAModuleError(
        f"Expected a module in TF1 Hub format in {directory!r}, found a TF2 SavedModel.",
        hint="Use hub.load(handle) or hub.KerasLayer(handle), which read TF2 SavedModels.",
    )
