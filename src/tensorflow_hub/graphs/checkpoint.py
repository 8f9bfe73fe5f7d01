"""The variables of a module on disk: a TensorFlow V2 checkpoint at `variables/variables`.

Reading and writing use a separate graph and session. Nothing is added to the graph of the caller, which may
be finalized.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import tensorflow as tf

from tensorflow_hub.errors import ExportError, NotAModuleError
from tensorflow_hub.graphs.collections import variable_defs
from tensorflow_hub.graphs.tensor_names import node_name


@dataclasses.dataclass(frozen=True)
class StoredVariable:
    """The place of a variable, or of one part of a partitioned variable, in a checkpoint.

    Attributes:
      node: the name of its node in the module's graph, `emb/table/part_0`.
      name: its name in the checkpoint; all parts of a partitioned variable share it, `emb/table`.
      slice: for a part, its slice in the notation of `SaveV2`: `40 6 0,13:0,6` is the shape [40, 6] of the
        whole variable, then offset and size in each dimension. Empty for a whole variable.
      dtype: the dtype.
      shape: the shape; for a part the shape of the part.
    """

    node: str
    name: str
    slice: str
    dtype: tf.DType
    shape: tf.TensorShape


def stored_variables(meta_graph: Any) -> list[StoredVariable]:
    """The variables of a graph, in the order of its collection of global variables."""
    definitions = variable_defs(meta_graph, tf.compat.v1.GraphKeys.GLOBAL_VARIABLES)
    nodes = {node.name: node for node in meta_graph.graph_def.node} if definitions else {}
    return [
        stored_variable(definition, nodes[node_name(definition.variable_name)]) for definition in definitions
    ]


def stored_variable(definition: Any, node: Any) -> StoredVariable:
    """The place of a variable in a checkpoint.

    Args:
      definition: the `VariableDef` of the variable.
      node: the node of the variable.
    """
    part = definition.save_slice_info_def
    return StoredVariable(
        node.name,
        part.full_name or node.name,
        _slice(part) if part.full_name else "",
        tf.as_dtype(node.attr["dtype"].type),
        tf.TensorShape(node.attr["shape"].shape),
    )


def by_stored_name(variables: Iterable[tuple[StoredVariable, Any]]) -> dict[str, Any]:
    """Name in the checkpoint → variable, or the list of the parts of a partitioned one.

    Args:
      variables: the place of each variable, and the variable.
    """
    by_name: dict[str, Any] = {}
    for stored, variable in variables:
        if stored.slice:
            by_name.setdefault(stored.name, []).append(variable)
        else:
            by_name[stored.name] = variable
    return by_name


def _slice(part: Any) -> str:
    whole = " ".join(str(n) for n in part.full_shape)
    within = ":".join(f"{o},{n}" for o, n in zip(part.var_offset, part.var_shape, strict=True))
    return f"{whole} {within}"


def write_values(prefix: str, values: Sequence[tuple[StoredVariable, Any]]) -> None:
    """Writes a checkpoint.

    Args:
      prefix: path of the checkpoint, without the suffixes of its files.
      values: the place of each variable, and its value as a NumPy array.
    """
    with tf.Graph().as_default(), tf.device("/cpu:0"), tf.compat.v1.Session() as session:
        feeds = [
            (tf.compat.v1.placeholder(variable.dtype, variable.shape), value) for variable, value in values
        ]
        variables = [variable for variable, _ in values]
        save = tf.raw_ops.SaveV2(
            prefix=prefix,
            tensor_names=[v.name for v in variables],
            shape_and_slices=[v.slice for v in variables],
            tensors=[tensor for tensor, _ in feeds],
        )
        session.run(save, dict(feeds))


def copy_values(
    source: str, prefix: str, variables: Sequence[StoredVariable], name_in_source: Callable[[str], str]
) -> None:
    """Copies variables from one checkpoint into a new one.

    Args:
      source: the prefix of a checkpoint, or a directory of checkpoints, of which the latest is used.
      prefix: the prefix of the new checkpoint.
      variables: the variables to copy.
      name_in_source: function from the name of a variable in the module to its name in `source`.

    Raises:
      ExportError: `source` is not a checkpoint, lacks a variable, or has it with another dtype or shape.
    """
    source = _latest(source)
    names = [name_in_source(v.name) for v in variables]
    _check_source(source, variables, dict(zip((v.name for v in variables), names, strict=True)))
    if not variables:
        return
    with tf.Graph().as_default(), tf.device("/cpu:0"), tf.compat.v1.Session() as session:
        slices = [v.slice for v in variables]
        tensors = tf.raw_ops.RestoreV2(
            prefix=source, tensor_names=names, shape_and_slices=slices, dtypes=[v.dtype for v in variables]
        )
        save = tf.raw_ops.SaveV2(
            prefix=prefix,
            tensor_names=[v.name for v in variables],
            shape_and_slices=slices,
            tensors=tensors,
        )
        session.run(save)


def _latest(path: str) -> str:
    if not tf.io.gfile.exists(f"{path}.index") and tf.io.gfile.isdir(path):
        return str(tf.train.latest_checkpoint(path) or path)
    return path


@dataclasses.dataclass(frozen=True)
class Mismatch:
    """A variable that a checkpoint lacks, or has with another dtype or shape.

    Attributes:
      variable: the variable.
      name: its name in the checkpoint.
      expected: its dtype and shape (of a partitioned variable the whole shape), such as `float32 (40, 6)`.
      found: dtype and shape in the checkpoint; None if the name is not in it.
    """

    variable: StoredVariable
    name: str
    expected: str
    found: str | None


def first_mismatch(
    prefix: str, variables: Iterable[StoredVariable], names: Mapping[str, str]
) -> Mismatch | None:
    """The first variable that a checkpoint lacks, or has with another dtype or shape.

    Args:
      prefix: the prefix of the checkpoint.
      variables: the variables that have to be in the checkpoint.
      names: name in the module → name in the checkpoint, if they differ.

    Raises:
      tf.errors.OpError, ValueError, RuntimeError: the checkpoint cannot be read.
    """
    reader = tf.compat.v1.train.NewCheckpointReader(prefix)
    shapes = reader.get_variable_to_shape_map()
    dtypes = reader.get_variable_to_dtype_map()
    for variable in variables:
        name = names.get(variable.name, variable.name)
        dtype, shape = variable.dtype.base_dtype, variable.shape
        if variable.slice:
            shape = tf.TensorShape([int(n) for n in variable.slice.split(" ")[:-1]])
        if name not in shapes:
            return Mismatch(variable, name, f"{dtype.name} {shape}", None)
        if not shape.is_compatible_with(shapes[name]) or dtypes[name] != dtype:
            found = f"{dtypes[name].name} {tf.TensorShape(shapes[name])}"
            return Mismatch(variable, name, f"{dtype.name} {shape}", found)
    return None


def _check_source(prefix: str, variables: Sequence[StoredVariable], names: Mapping[str, str]) -> None:
    """Checks that the checkpoint to export from has all variables, with their dtypes and shapes."""
    try:
        mismatch = first_mismatch(prefix, variables, names)
    except (tf.errors.OpError, ValueError, RuntimeError) as error:
        raise ExportError(
            f"Expected a TensorFlow checkpoint at {prefix!r}, found none, or one that cannot be read.",
            hint="Pass the prefix that Saver.save() returned, for example '…/model.ckpt-1000'.",
        ) from error
    if mismatch is not None and mismatch.found is None:
        available = sorted(name for name, _ in tf.train.list_variables(prefix))
        raise ExportError(
            f"Expected a variable {mismatch.name!r} in the checkpoint {prefix!r}, "
            f"which has {available[:20]}.",
            hint="Pass name_transform_fn=…, a function from names in the module to names in the checkpoint.",
        )
    if mismatch is not None:
        raise ExportError(
            f"Expected the variable {mismatch.name!r} as {mismatch.expected} in the checkpoint {prefix!r}, "
            f"found {mismatch.found}.",
            hint="Pass the checkpoint of this model, and a name_transform_fn that returns its names.",
        )


def check_values(directory: str, prefix: str, variables: Sequence[StoredVariable]) -> None:
    """Checks that the checkpoint of a module has a value for each variable.

    Args:
      directory: the path of the module, for messages.
      prefix: the prefix of the module's checkpoint.
      variables: the variables of the module's graph.

    Raises:
      NotAModuleError: a variable is missing, or has another dtype or shape; the message names it.
    """
    try:
        mismatch = first_mismatch(prefix, variables, {})
    except (tf.errors.OpError, ValueError, RuntimeError) as error:
        raise NotAModuleError(
            f"Expected readable variables in {directory!r}, but they are damaged: {error}",
            hint="Fetch or export the module again.",
        ) from error
    if mismatch is not None:
        raise NotAModuleError(
            f"Expected the variable {mismatch.name!r} as {mismatch.expected} in {directory!r}, "
            f"but its checkpoint has {mismatch.found or 'no variable of this name'}.",
            hint="Fetch the module again, or export it with all of its variables.",
        )
