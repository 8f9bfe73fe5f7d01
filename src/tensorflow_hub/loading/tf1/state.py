"""The state of a module in a graph: variables, tables and assets, added once per `hub.Module`."""

from __future__ import annotations

import dataclasses
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
class ModuleState:
    """What a module has in a graph.

    Attributes:
      scope: the scope of its ops, for example `module_1`.
      graph: the graph.
      variable_map: name in the module → variable, or list of the parts of a partitioned one.
      stored: the variables with their places in a checkpoint, for exporting.
    """

    scope: str
    graph: tf.Graph
    variable_map: dict[str, Any]
    stored: list[tuple[StoredVariable, Any]]

    def operation(self, node: str) -> tf.Operation:
        """The op of a state node of the module's graph."""
        return self.graph.get_operation_by_name(f"{self.scope}/{node}")

    def tensor(self, name: str, graph: tf.Graph) -> Any:
        """An output of a state node, for use in `graph`: that of the state, or a function being built in it.
        A reference variable is only read in a function: TensorFlow has no references there.
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
    """What is to be added to graphs for a graph variant; made once and used for each instance.

    Attributes:
      graph_def: the nodes of the state, initializers of variables replaced by reading the checkpoint.
      variables: for each collection of variables, their definitions.
      stored: the global variables and their places in the checkpoint.
      table_initializers: names of ops.
      assets: names of tensors.
      losses: names of the regularization losses.
      producer_ops: the ops as the writer of the module knew them.
    """

    graph_def: Any
    variables: dict[str, list[Any]]
    stored: list[StoredVariable]
    table_initializers: list[str]
    assets: list[str]
    losses: list[str]
    producer_ops: Any


def plan_state(
    index: IndexedMetaGraph, sources: dict[str, str], checkpoint: str | None, trainable: bool, origin: str
) -> StatePlan:
    """Works out what to add to a graph.

    Args:
      index: the graph variant.
      sources: file name of an asset → where the file is.
      checkpoint: where the values are; None to use the initializers the author wrote.
      trainable: whether the trainable variables and their losses are wanted.
      origin: where the module is, for messages.

    Raises:
      NotAModuleError: when the checkpoint lacks a variable.
    """
    variables = _variable_definitions(index, trainable)
    stored = stored_variables(index.meta_graph)
    if checkpoint is not None and stored:
        check_values(origin, checkpoint, stored)
    restored = {v.node: v for v in stored} if checkpoint is not None else {}
    losses = node_names(index.meta_graph, _KEYS.REGULARIZATION_LOSSES) if trainable else []
    initializers = node_names(index.meta_graph, _KEYS.TABLE_INITIALIZERS)
    roots = {*index.state, *map(node_name, losses), *map(node_name, initializers)}
    assigns: dict[str, StoredVariable] = {}
    for definition in (d for definitions in variables.values() for d in definitions):
        node = node_name(definition.variable_name)
        roots |= {
            node_name(n)
            for n in (definition.initializer_name, _snapshot(definition))
            if n in index.nodes or node_name(n) in index.nodes
        }
        if node in restored:
            assigns[node_name(definition.initializer_name)] = restored[node]
            definition.initial_value_name = f"{_INITIALIZER}/{node}:0"
    cut = {index.nodes[assign].input[1] for assign in assigns}
    needed = index.needed(roots, cut, with_colocated=True)
    graph_def = index.graph_def(needed)
    assets.attach(graph_def, index.asset_files, sources)
    _read_from_checkpoint(graph_def, assigns, checkpoint)
    return StatePlan(
        graph_def,
        variables,
        stored,
        initializers,
        node_names(index.meta_graph, _KEYS.ASSET_FILEPATHS),
        losses,
        index.meta_graph.meta_info_def.stripped_op_list,
    )


def _variable_definitions(index: IndexedMetaGraph, trainable: bool) -> dict[str, list[Any]]:
    keys = [key for key in _VARIABLE_KEYS if trainable or key != _KEYS.TRAINABLE_VARIABLES]
    trained = (
        {d.variable_name for d in variable_defs(index.meta_graph, _KEYS.TRAINABLE_VARIABLES)}
        if trainable
        else set()
    )
    result = {}
    for key in keys:
        result[key] = variable_defs(index.meta_graph, key)
        for definition in result[key]:
            definition.trainable = definition.variable_name in trained
    return result


def _snapshot(definition: Any) -> str:
    """The op that reads a variable; definitions of TensorFlow 1.7 do not name it."""
    return str(definition.snapshot_name) or f"{node_name(definition.variable_name)}/Read/ReadVariableOp"


def _read_from_checkpoint(graph_def: Any, assigns: dict[str, StoredVariable], checkpoint: str | None) -> None:
    """Makes initializer ops assign what the checkpoint has."""
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
    node = node_def_pb2.NodeDef(name=f"{_INITIALIZER}/{name}", op="Const")
    node.attr["dtype"].type = tf.string.as_datatype_enum
    tensor = node.attr["value"].tensor
    tensor.dtype = tf.string.as_datatype_enum
    tensor.tensor_shape.SetInParent()
    for size in shape:
        tensor.tensor_shape.dim.add(size=size)
    tensor.string_val.append(value)
    return node


def add_state(plan: StatePlan, scope: str) -> ModuleState:
    """Adds the state to the current graph and its collections.

    Args:
      plan: from `plan_state`.
      scope: a scope of that graph in which nothing is yet, for example `module_1`.
    """
    graph = tf.compat.v1.get_default_graph()
    graph_def = type(plan.graph_def)()
    graph_def.CopyFrom(plan.graph_def)
    for node in graph_def.node:
        if node.attr["shared_name"].s if "shared_name" in node.attr else b"":
            # Instances must not share what they keep in the session.
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
    return ModuleState(scope, graph, by_stored_name(stored), stored)


def _add_variables(plan: StatePlan, scope: str, graph: tf.Graph) -> dict[str, Any]:
    """Adds variables to the collections, one object for each; returns them by the name of their node."""
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
