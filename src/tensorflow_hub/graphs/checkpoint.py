"""The variables of a module on disk: a TensorFlow V2 checkpoint at `variables/variables`.

Reading and writing goes through a graph and session of its own, so that nothing is added to the
graph of the caller, which may be finalized.
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
    """Where a variable, or one part of a partitioned one, lies in a checkpoint.

    Attributes:
      node: the name of its node in the module's graph, `emb/table/part_0`.
      name: its name in the checkpoint; all parts of a partitioned variable share it, `emb/table`.
      slice: the specification of the part, `40 6 0,13:0,6`, or empty for the whole.
      dtype: its dtype.
      shape: its own shape (of the part).
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
    """Where a variable lies in a checkpoint.

    Args:
      definition: its `VariableDef`.
      node: its node.
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
      variables: each with the object that it is in a program.
    """
    found: dict[str, Any] = {}
    for stored, variable in variables:
        if stored.slice:
            found.setdefault(stored.name, []).append(variable)
        else:
            found[stored.name] = variable
    return found


def _slice(part: Any) -> str:
    whole = " ".join(str(n) for n in part.full_shape)
    within = ":".join(f"{o},{n}" for o, n in zip(part.var_offset, part.var_shape, strict=True))
    return f"{whole} {within}"


def write_values(prefix: str, values: Sequence[tuple[StoredVariable, Any]]) -> None:
    """Writes a checkpoint.

    Args:
      prefix: path of the checkpoint, without the suffixes of its files.
      values: variables with their values as numpy arrays.
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
      source: a checkpoint prefix, or a directory of checkpoints (the latest is taken).
      prefix: where to write.
      variables: what to copy.
      name_in_source: gives the name in `source` for the name of a variable in the module.

    Raises:
      ExportError: when `source` is no checkpoint, or lacks a variable or has it in another shape.
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
class Misfit:
    """What a checkpoint has in place of a variable.

    Attributes:
      variable: the variable.
      name: its name in the checkpoint.
      expected: its dtype and shape there, the whole of a partitioned one: `float32 (40, 6)`.
      found: the same of what is there; None for nothing.
    """

    variable: StoredVariable
    name: str
    expected: str
    found: str | None


def first_misfit(prefix: str, variables: Iterable[StoredVariable], names: Mapping[str, str]) -> Misfit | None:
    """The first variable that a checkpoint lacks, or has in another dtype or shape.

    Args:
      prefix: of the checkpoint.
      variables: that are to be there.
      names: name in the module → name in the checkpoint, where they differ.

    Raises:
      tf.errors.OpError, ValueError, RuntimeError: when it cannot be read.
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
            return Misfit(variable, name, f"{dtype.name} {shape}", None)
        if not shape.is_compatible_with(shapes[name]) or dtypes[name] != dtype:
            found = f"{dtypes[name].name} {tf.TensorShape(shapes[name])}"
            return Misfit(variable, name, f"{dtype.name} {shape}", found)
    return None


def _check_source(prefix: str, variables: Sequence[StoredVariable], names: Mapping[str, str]) -> None:
    """Refuses a checkpoint to export from that lacks a variable, or has it in another dtype or shape."""
    try:
        misfit = first_misfit(prefix, variables, names)
    except (tf.errors.OpError, ValueError, RuntimeError) as error:
        raise ExportError(
            f"Expected a TensorFlow checkpoint at {prefix!r}, found none that can be read.",
            hint="Pass the prefix that Saver.save() returned, for example '…/model.ckpt-1000'.",
        ) from error
    if misfit is not None and misfit.found is None:
        there = sorted(name for name, _ in tf.train.list_variables(prefix))
        raise ExportError(
            f"Expected a variable {misfit.name!r} in the checkpoint {prefix!r}, which has {there[:20]}.",
            hint="Pass name_transform_fn=… to say what the module's variables are called there.",
        )
    if misfit is not None:
        raise ExportError(
            f"Expected the variable {misfit.name!r} as {misfit.expected} in the checkpoint {prefix!r}, "
            f"found {misfit.found}.",
            hint="The checkpoint is of another model, or name_transform_fn maps to the wrong variable.",
        )


def check_values(directory: str, prefix: str, variables: Sequence[StoredVariable]) -> None:
    """Refuses the checkpoint of a module that does not have the values of its variables.

    Args:
      directory: of the module, for messages.
      prefix: of its checkpoint.
      variables: of its graph.

    Raises:
      NotAModuleError: naming the variable.
    """
    try:
        misfit = first_misfit(prefix, variables, {})
    except (tf.errors.OpError, ValueError, RuntimeError) as error:
        raise NotAModuleError(
            f"Expected readable variables in {directory!r}, but they are damaged: {error}",
            hint="Fetch or export the module again.",
        ) from error
    if misfit is not None:
        raise NotAModuleError(
            f"Expected the variable {misfit.name!r} as {misfit.expected} in {directory!r}, "
            f"but its checkpoint has {misfit.found or 'none of this name'}.",
            hint="Fetch the module again, or export it with all of its variables.",
        )
