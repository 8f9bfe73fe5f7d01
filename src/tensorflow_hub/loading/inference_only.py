"""A SavedModel with no more in it than inference calls: it loads in a fraction of the time.

Most of the time to load a large network goes into rebuilding functions that inference never calls: traces
for training, functions of the network's parts, gradients. Here these are left out of the protobuf before
TensorFlow sees it. What stays: `__call__` without training, all signatures, all state. What goes:
every other function, custom gradients (gradients through the module are those of its ops) and losses.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import tensorflow as tf

from tensorflow_hub.loading.saved_model import SavedModelDirectory

# What inference calls on the object itself; Keras' own export has `serve`.
_CALLS = frozenset({"__call__", "serve"})

# Functions that make, fill, save and restore state: children of tables and variables by these names.
_STATE_FUNCTIONS = frozenset({"_create_resource", "_initialize", "_destroy_resource"})


def load_for_inference(directory: SavedModelDirectory, tags: list[str] | None, options: Any) -> Any:
    """What `tf.saved_model.load` gives, reduced to inference; all of it where it cannot be reduced."""
    try:
        trimmed = trim(directory)
    except (KeyError, IndexError, ValueError):  # an unusual SavedModel: TensorFlow knows best
        return tf.saved_model.load(directory.path, tags=tags, options=options)
    with tempfile.TemporaryDirectory(prefix="tfhub_inference_") as folder:
        variables = os.path.join(directory.path, "variables")
        if os.path.isdir(variables):
            Path(folder, "variables").symlink_to(Path(variables).resolve())
        with open(os.path.join(folder, "saved_model.pb"), "wb") as file:
            file.write(trimmed.SerializeToString())
        return tf.saved_model.load(folder, tags=tags, options=options)


def trim(directory: SavedModelDirectory) -> Any:
    """The SavedModel's protobuf with what inference calls. Assets are named by their absolute paths."""
    proto = type(directory.proto)()
    proto.CopyFrom(directory.proto)
    for meta_graph in proto.meta_graphs:
        objects = meta_graph.object_graph_def
        _empty_functions(objects, _kept_functions(objects))
        _drop_concrete_functions(objects)
        _drop_library_functions(meta_graph)
        for asset in meta_graph.asset_file_def:
            asset.filename = str(Path(directory.path, "assets", asset.filename).resolve())
    return proto


def _kept_functions(objects: Any) -> set[int]:
    """The nodes of the functions that stay: `__call__`, signatures, and those that look after state."""
    kept = set()
    for number, node in enumerate(objects.nodes):
        for child in node.children:
            is_call = number == 0 and child.local_name in _CALLS
            if is_call or child.local_name in _STATE_FUNCTIONS:
                kept.add(child.node_id)
            if number == 0 and child.local_name == "signatures":
                kept |= {signature.node_id for signature in objects.nodes[child.node_id].children}
        for saveable in node.saveable_objects.values():
            kept |= {saveable.save_function, saveable.restore_function}
    return kept


def _empty_functions(objects: Any, kept: set[int]) -> None:
    """Takes the traces from functions that go, and those for training from `__call__`."""
    for number, node in enumerate(objects.nodes):
        if node.HasField("bare_concrete_function") and number not in kept:
            node.user_object.identifier = "_generic_user_object"
        if not node.HasField("function"):
            continue
        names = list(node.function.concrete_functions)
        if number not in kept:
            names = []
        elif len(names) > 1:
            names = [name for name in names if not _is_for_training(objects, node.function, name)] or names
        del node.function.concrete_functions[:]
        node.function.concrete_functions.extend(names)


def _is_for_training(objects: Any, function: Any, name: str) -> bool:
    """Whether a trace was made with `training=True`, by position or by name."""
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
    return {
        pair.key: list(pair.value.list_value.values)
        for pair in value.named_tuple_value.values
        if pair.value.HasField("list_value")
    }


def _drop_concrete_functions(objects: Any) -> None:
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


def _drop_library_functions(meta_graph: Any) -> None:
    """Drops functions that nothing calls, and custom gradients."""
    library = meta_graph.graph_def.library
    functions = {function.signature.name: function for function in library.function}
    queue = list(meta_graph.object_graph_def.concrete_functions)
    for node in meta_graph.graph_def.node:
        queue.extend(_called(node))
    needed: set[str] = set()
    while queue:
        name = queue.pop()
        if name in functions and name not in needed:
            needed.add(name)
            for node in functions[name].node_def:
                queue.extend(_called(node))
    kept = [function for function in library.function if function.signature.name in needed]
    for function in kept:
        for node in function.node_def:
            node.attr.pop("_gradient_op_type", None)
    copies = [type(function).FromString(function.SerializeToString()) for function in kept]
    del library.function[:]
    library.function.extend(copies)
    del library.gradient[:]
    del library.registered_gradients[:]


def _called(node: Any) -> list[str]:
    names = [node.op]
    for attr in node.attr.values():
        if attr.HasField("func"):
            names.append(attr.func.name)
        names.extend(function.name for function in attr.list.func)
    return names
