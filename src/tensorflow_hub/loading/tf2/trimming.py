"""Trimming: removing functions that are never called from a TF2 SavedModel before it is loaded.

TensorFlow spends much of the time to load a network on building functions that are never called. Nobody calls
the functions that save and restore variables for TensorFlow 1, which often have more nodes than the network.
With `inference_only`, traces for training, functions of parts of the network, custom gradients and duplicates
of variables are not needed either. They are removed from a copy of the protobuf, and TensorFlow loads the
copy. State that functions use, and state in public attributes, is not removed.
"""

from __future__ import annotations

import logging
import os
import tempfile
from pathlib import Path
from typing import Any

import tensorflow as tf

from tensorflow_hub.graphs.function_library import reachable
from tensorflow_hub.graphs.saved_model import SavedModelDirectory
from tensorflow_hub.loading.garbage_collection import collection_paused
from tensorflow_hub.loading.tf2.restoring import UnsupportedCheckpointError, VariableValues

_log = logging.getLogger("tensorflow_hub")

# The methods of the object that inference calls. Keras' `model.export` saves the method `serve`.
_CALLS = frozenset({"__call__", "serve"})

# The methods of tables and other resources that create, fill and delete them.
_STATE_FUNCTIONS = frozenset({"_create_resource", "_initialize", "_destroy_resource"})


def load_trimmed(
    directory: SavedModelDirectory, tags: list[str] | None, options: Any, *, inference_only: bool
) -> Any:
    """Loads a SavedModel from a trimmed copy if possible. Returns the object of `tf.saved_model.load`.

    If that is not possible, TensorFlow loads the SavedModel as it is, and the reason is logged.

    Args:
      directory: a SavedModel of TensorFlow 2.
      tags: the tags of the graph, or None.
      options: `tf.saved_model.LoadOptions`.
      inference_only: whether to remove functions that inference does not call.
    """
    try:
        trimmed = trim(directory, inference_only)
        folder = tempfile.TemporaryDirectory(prefix="tfhub_load_")
    except (KeyError, IndexError, ValueError, OSError) as error:  # an unusual file, or no space for a copy
        _log.info("Loading %s without trimming it, which takes longer: %r", directory.path, error)
        return tf.saved_model.load(directory.path, tags=tags, options=options)
    with folder as name, collection_paused():
        variables = Path(directory.path, "variables")
        if variables.is_dir():
            Path(name, "variables").symlink_to(variables.resolve())
        Path(name, "saved_model.pb").write_bytes(trimmed.SerializeToString())
        if not (variables / "variables.index").exists():
            return tf.saved_model.load(name, tags=tags, options=options)
        try:
            loaded = _load_with_values(directory.path, name, trimmed, tags, options)
            _log.debug("Loaded a trimmed copy of %s, and restored its variables with one op", directory.path)
            return loaded
        except UnsupportedCheckpointError as reason:
            _log.info(
                "Restoring the variables of %s one by one, which takes longer: %s", directory.path, reason
            )
        return tf.saved_model.load(name, tags=tags, options=options)


def _load_with_values(
    path: str, trimmed_path: str, trimmed: Any, tags: list[str] | None, options: Any
) -> Any:
    """Loads a trimmed copy, and restores its variables with one op.

    Raises:
      UnsupportedCheckpointError: that is not possible for this SavedModel.
    """
    if options is not None or len(trimmed.meta_graphs) > 1:
        raise UnsupportedCheckpointError("load options were given, or the SavedModel has several graphs")
    objects = trimmed.meta_graphs[0].object_graph_def
    values = VariableValues.of(path, objects)
    without = tf.saved_model.LoadOptions(experimental_skip_checkpoint=True)
    loaded = tf.saved_model.load(trimmed_path, tags=tags, options=without)
    values.read_into(loaded, sum(node.HasField("variable") for node in objects.nodes))
    return loaded


def trim(directory: SavedModelDirectory, inference_only: bool) -> Any:
    """A copy of the SavedModel's protobuf without functions that are not needed.

    Assets have absolute paths in it, so that it can be written to another directory.
    """
    proto = type(directory.proto)()
    for source in directory.proto.meta_graphs:
        meta_graph = proto.meta_graphs.add(
            meta_info_def=source.meta_info_def,
            saver_def=source.saver_def,
            object_graph_def=source.object_graph_def,
            asset_file_def=source.asset_file_def,
        )
        meta_graph.graph_def.versions.CopyFrom(source.graph_def.versions)
        # Objects refer only to constants of the graph.
        meta_graph.graph_def.node.extend(node for node in source.graph_def.node if node.op == "Const")
        for name, signature in source.signature_def.items():
            meta_graph.signature_def[name].CopyFrom(signature)
        objects = meta_graph.object_graph_def
        if inference_only:
            _remove_traces(objects, _needed_functions(objects))
            _drop_concrete_functions(objects)
            _drop_duplicate_variables(objects)
        _copy_library(source, meta_graph, inference_only)
        for asset in meta_graph.asset_file_def:
            asset.filename = os.path.abspath(os.path.join(directory.path, "assets", asset.filename))  # noqa: PTH100
    proto.saved_model_schema_version = directory.proto.saved_model_schema_version
    return proto


def _needed_functions(objects: Any) -> set[int]:
    """The numbers of the nodes of needed functions: `__call__`, signatures, and functions of state."""
    needed = set()
    for number, node in enumerate(objects.nodes):
        for child in node.children:
            is_call = number == 0 and child.local_name in _CALLS
            if is_call or child.local_name in _STATE_FUNCTIONS:
                needed.add(child.node_id)
            if number == 0 and child.local_name == "signatures":
                needed |= {signature.node_id for signature in objects.nodes[child.node_id].children}
        for saveable in node.saveable_objects.values():
            needed |= {saveable.save_function, saveable.restore_function}
    return needed


def _remove_traces(objects: Any, needed: set[int]) -> None:
    """Removes all traces of functions that are not needed, and the traces for training of the others."""
    for number, node in enumerate(objects.nodes):
        if node.HasField("bare_concrete_function") and number not in needed:
            node.user_object.identifier = "_generic_user_object"
        if not node.HasField("function"):
            continue
        names = list(node.function.concrete_functions)
        if number not in needed:
            names = []
        elif len(names) > 1:
            names = [name for name in names if not _is_for_training(objects, node.function, name)] or names
        del node.function.concrete_functions[:]
        node.function.concrete_functions.extend(names)


def _is_for_training(objects: Any, function: Any, name: str) -> bool:
    """Whether a trace has `training=True`, by position or by name."""
    signature = objects.concrete_functions[name].canonicalized_input_signature
    arguments, keywords = signature.tuple_value.values
    by_name = keywords.dict_value.fields
    if "training" in by_name:
        return bool(by_name["training"].bool_value)
    parameters = [value.string_value for value in _fields(function.function_spec.fullargspec).get("args", ())]
    if parameters[:1] == ["self"]:
        parameters = parameters[1:]
    if "training" not in parameters:
        return False
    values = arguments.tuple_value.values
    position = parameters.index("training")
    return position < len(values) and bool(values[position].bool_value)


def _fields(value: Any) -> dict[str, list[Any]]:
    """The fields of a stored named tuple that are lists, by name."""
    return {
        pair.key: list(pair.value.list_value.values)
        for pair in value.named_tuple_value.values
        if pair.value.HasField("list_value")
    }


def _drop_concrete_functions(objects: Any) -> None:
    """Removes the traces that no function has any more, and the tensors that only these traces capture."""
    used = {name for node in objects.nodes for name in node.function.concrete_functions}
    used |= {
        node.bare_concrete_function.concrete_function_name
        for node in objects.nodes
        if node.HasField("bare_concrete_function")
    }
    bound = {number for name in used for number in objects.concrete_functions[name].bound_inputs}
    for number, node in enumerate(objects.nodes):
        if node.HasField("captured_tensor"):
            if number in bound:
                used.add(node.captured_tensor.concrete_function)
            else:
                node.user_object.identifier = "_generic_user_object"
    for name in set(objects.concrete_functions) - used:
        del objects.concrete_functions[name]


def _drop_duplicate_variables(objects: Any) -> None:
    """Removes variables that no function uses and that are only in a private attribute.

    `model.export` of Keras saves each weight twice: in `variables`, which its functions use, and in
    `_all_variables`. A private attribute that has other objects of its own is not removed.
    """
    if any(node.slot_variables for node in objects.nodes):
        return
    root = objects.nodes[0]
    private = {child.node_id for child in root.children if child.local_name.startswith("_")}
    public = _reachable(objects, [child.node_id for child in root.children if child.node_id not in private])
    bound = {number for function in objects.concrete_functions.values() for number in function.bound_inputs}
    for number in private:
        only_here = _reachable(objects, [number]) - public
        variables = {found for found in only_here if objects.nodes[found].HasField("variable")}
        others_are_lists = all(
            objects.nodes[found].HasField("user_object") for found in only_here - variables
        )
        if not variables or not others_are_lists or only_here & bound:
            continue
        for found in variables:
            objects.nodes[found].user_object.identifier = "_generic_user_object"
        kept = [child for child in root.children if child.node_id != number]
        del root.children[:]
        root.children.extend(kept)


def _reachable(objects: Any, numbers: list[int]) -> set[int]:
    """The numbers of some nodes and of all their descendants."""
    found, queue = set(numbers), list(numbers)
    while queue:
        for child in objects.nodes[queue.pop()].children:
            if child.node_id not in found:
                found.add(child.node_id)
                queue.append(child.node_id)
    return found


def _copy_library(source: Any, meta_graph: Any, inference_only: bool) -> None:
    """Copies the functions that the objects call; custom gradients only without `inference_only`."""
    library = source.graph_def.library
    functions = {function.signature.name: function for function in library.function}
    queue = list(meta_graph.object_graph_def.concrete_functions)
    if not inference_only:
        queue += [gradient.gradient_func for gradient in library.registered_gradients]
        queue += [gradient.gradient_func for gradient in library.gradient]
    needed = reachable(queue, functions)
    target = meta_graph.graph_def.library
    target.function.extend(function for name, function in functions.items() if name in needed)
    if not inference_only:
        target.gradient.extend(library.gradient)
        target.registered_gradients.extend(library.registered_gradients)
        return
    for function in target.function:
        for node in function.node_def:
            node.attr.pop("_gradient_op_type", None)
