"""The state of a `hub.Module` in a `tf.Graph`: the ops of its variables, tables and assets."""

from __future__ import annotations

import dataclasses
import itertools
from typing import Any

import tensorflow as tf
from tensorflow.core.framework import node_def_pb2

from tensorflow_hub.graphs import assets
from tensorflow_hub.graphs.checkpoint import StoredVariable, by_stored_name, check_values, stored_variables
from tensorflow_hub.graphs.collections import node_names, variable_defs
from tensorflow_hub.graphs.indexed_meta_graph import IndexedMetaGraph
from tensorflow_hub.graphs.tensor_names import node_name, tensor_name
from tensorflow_hub.internals.ops import is_reference, reader_of_collection
from tensorflow_hub.internals.variables import note_no_strategy

_KEYS = tf.compat.v1.GraphKeys
_VARIABLE_KEYS = (_KEYS.GLOBAL_VARIABLES, _KEYS.TRAINABLE_VARIABLES, _KEYS.MODEL_VARIABLES)
_INITIALIZER = "checkpoint_initializer"


@dataclasses.dataclass(frozen=True)
class GraphState:
    """The state of one `hub.Module` in a graph.

    Attributes:
      scope: the name scope of its ops, for example `module_1`.
      graph: the graph.
      variable_map: name in the module → variable; for a partitioned variable the list of its parts.
      stored: the place of each variable in a checkpoint, and the variable.
    """

    scope: str
    graph: tf.Graph
    variable_map: dict[str, Any]
    stored: list[tuple[StoredVariable, Any]]

    def operation(self, node: str) -> tf.Operation:
        """The op of a state node of the module's graph."""
        return self.graph.get_operation_by_name(f"{self.scope}/{node}")

    def tensor(self, name: str, graph: tf.Graph) -> Any:
        """The output of a state node, for use in `graph`.

        Args:
          name: the name of the tensor in the module's graph.
          graph: the graph of the state, or a function inside of it. In a function a reference variable is
            replaced by its value, because functions have no references.
        """
        node, number = tensor_name(name).rsplit(":", 1)
        tensor = self.operation(node).outputs[int(number)]
        if graph is self.graph:
            return tensor
        if is_reference(tensor):
            tensor = self.graph.get_tensor_by_name(f"{self.scope}/{node}/read:0")
        return graph.capture(tensor)


@dataclasses.dataclass(frozen=True)
class StatePlan:
    """The state to add to a graph for a graph variant. The plan is computed once for all `hub.Module`s.

    Attributes:
      graph_def: the nodes of the state; the initializers of variables read the checkpoint.
      variables: collection of variables → their `VariableDef`s.
      stored: the global variables with their places in the checkpoint.
      table_initializers: names of the ops that fill tables.
      assets: names of the tensors with the paths of the asset files.
      losses: names of the regularization losses.
      producer_ops: definitions of the ops in the TensorFlow that wrote the module.
    """

    graph_def: Any
    variables: dict[str, list[Any]]
    stored: list[StoredVariable]
    table_initializers: list[str]
    assets: list[str]
    losses: list[str]
    producer_ops: Any


def plan_state(
    index: IndexedMetaGraph, asset_paths: dict[str, str], checkpoint: str | None, trainable: bool, path: str
) -> StatePlan:
    """Computes the state to add to a graph.

    Args:
      index: the graph variant.
      asset_paths: file name of an asset → path of the file.
      checkpoint: the prefix of the checkpoint with the values; None to use the initializers of the author.
      trainable: whether to add the trainable variables and the losses to their collections.
      path: the path of the module, for messages.

    Raises:
      NotAModuleError: the checkpoint lacks a variable.
    """
    variables = _variable_definitions(index, trainable)
    stored = stored_variables(index.meta_graph)
    if checkpoint is not None and stored:
        check_values(path, checkpoint, stored)
    restored = {v.node: v for v in stored} if checkpoint is not None else {}
    losses = node_names(index.meta_graph, _KEYS.REGULARIZATION_LOSSES) if trainable else []
    table_initializers = node_names(index.meta_graph, _KEYS.TABLE_INITIALIZERS)
    roots = {*index.state, *map(node_name, [*losses, *table_initializers])}
    # Name of the op that initializes a variable → the variable, for those with a value in the checkpoint.
    assigns: dict[str, StoredVariable] = {}
    for definition in itertools.chain.from_iterable(variables.values()):
        ops_of_variable = map(node_name, (definition.initializer_name, _snapshot(definition)))
        roots.update(op for op in ops_of_variable if op in index.nodes)
        node = node_name(definition.variable_name)
        if node in restored:
            assigns[node_name(definition.initializer_name)] = restored[node]
            definition.initial_value_name = f"{_INITIALIZER}/{node}:0"
    # What computes the initial values of these variables is not needed.
    initial_values = {index.nodes[assign].input[1] for assign in assigns}
    needed = index.needed(roots, initial_values, with_colocated=True)
    graph_def = index.graph_def(needed)
    assets.write_paths(graph_def, index.asset_files, asset_paths)
    _read_from_checkpoint(graph_def, assigns, checkpoint)
    return StatePlan(
        graph_def,
        variables,
        stored,
        table_initializers,
        node_names(index.meta_graph, _KEYS.ASSET_FILEPATHS),
        losses,
        index.meta_graph.meta_info_def.stripped_op_list,
    )


def _variable_definitions(index: IndexedMetaGraph, trainable: bool) -> dict[str, list[Any]]:
    """Collection → the `VariableDef`s in it, which say whether the variable is trained.

    Without `trainable`, no variable is trained, and the collection of trainable variables is left out.
    """
    by_collection = {key: variable_defs(index.meta_graph, key) for key in _VARIABLE_KEYS}
    trained = {definition.variable_name for definition in by_collection[_KEYS.TRAINABLE_VARIABLES]}
    if not trainable:
        trained = set()
        del by_collection[_KEYS.TRAINABLE_VARIABLES]
    for definition in itertools.chain.from_iterable(by_collection.values()):
        definition.trainable = definition.variable_name in trained
    return by_collection


def _snapshot(definition: Any) -> str:
    """The name of the op that reads a variable. A `VariableDef` of TensorFlow 1.7 lacks this name."""
    return str(definition.snapshot_name) or f"{node_name(definition.variable_name)}/Read/ReadVariableOp"


def _read_from_checkpoint(graph_def: Any, assigns: dict[str, StoredVariable], checkpoint: str | None) -> None:
    """Replaces the values that initializers assign by values from the checkpoint."""
    if not assigns:
        return
    restores = [_constant("prefix", tf.compat.as_bytes(checkpoint), ())]
    for node in graph_def.node:
        if node.name in assigns:
            variable = assigns[node.name]
            restores += _restore(variable)
            node.input[1] = f"{_INITIALIZER}/{variable.node}"
    graph_def.node.extend(restores)


def _restore(variable: StoredVariable) -> list[Any]:
    """The nodes that read the value of a variable from the checkpoint: a RestoreV2 op and its constants."""
    names, slices = f"{variable.node}/tensor_names", f"{variable.node}/shape_and_slices"
    restore = node_def_pb2.NodeDef(name=f"{_INITIALIZER}/{variable.node}", op="RestoreV2")
    restore.input.extend([f"{_INITIALIZER}/prefix", f"{_INITIALIZER}/{names}", f"{_INITIALIZER}/{slices}"])
    restore.attr["dtypes"].list.type.append(variable.dtype.base_dtype.as_datatype_enum)
    return [
        _constant(names, variable.name.encode(), (1,)),
        _constant(slices, variable.slice.encode(), (1,)),
        restore,
    ]


def _constant(name: str, value: bytes, shape: tuple[int, ...]) -> Any:
    """The node of a constant with one string; its shape is () or (1,)."""
    node = node_def_pb2.NodeDef(name=f"{_INITIALIZER}/{name}", op="Const")
    node.attr["dtype"].type = tf.string.as_datatype_enum
    tensor = node.attr["value"].tensor
    tensor.dtype = tf.string.as_datatype_enum
    tensor.tensor_shape.SetInParent()
    for size in shape:
        tensor.tensor_shape.dim.add(size=size)
    tensor.string_val.append(value)
    return node


def add_state(plan: StatePlan, scope: str) -> GraphState:
    """Adds the state to the current graph and its collections.

    Args:
      plan: from `plan_state`.
      scope: a name scope that is not used in this graph yet, for example `module_1`.
    """
    graph = tf.compat.v1.get_default_graph()
    graph_def = type(plan.graph_def)()
    graph_def.CopyFrom(plan.graph_def)
    for node in graph_def.node:
        if "shared_name" in node.attr and node.attr["shared_name"].s:
            # Two hub.Modules must not share state in the session.
            node.attr["shared_name"].s = f"{scope}/".encode() + node.attr["shared_name"].s
    tf.import_graph_def(graph_def, name=f"{scope}/", producer_op_list=plan.producer_ops)
    variables = _add_variables(plan, scope, graph)
    for key, names in (
        (_KEYS.TABLE_INITIALIZERS, plan.table_initializers),
        (_KEYS.ASSET_FILEPATHS, plan.assets),
        (_KEYS.REGULARIZATION_LOSSES, plan.losses),
    ):
        for name in names:
            graph.add_to_collection(key, graph.as_graph_element(f"{scope}/{name}"))
    stored = [(stored, variables[stored.node]) for stored in plan.stored]
    return GraphState(scope, graph, by_stored_name(stored), stored)


def _add_variables(plan: StatePlan, scope: str, graph: tf.Graph) -> dict[str, Any]:
    """Adds variables to their collections; returns them by the names of their nodes."""
    made: dict[str, Any] = {}
    for key, definitions in plan.variables.items():
        from_proto = reader_of_collection(key)
        for definition in definitions:
            node = node_name(definition.variable_name)
            if node not in made:
                made[node] = from_proto(definition, import_scope=scope)
                note_no_strategy(made[node])
            graph.add_to_collection(key, made[node])
    return made
