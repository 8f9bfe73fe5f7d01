"""Counting the variables and parameters of a module."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from tensorflow_hub.errors import FormatError
from tensorflow_hub.format.module.checkpoint import CheckpointEntry, read_checkpoint
from tensorflow_hub.format.module.functions import child, node
from tensorflow_hub.format.module.layout import VARIABLES_INDEX
from tensorflow_hub.format.module.messages import message_class
from tensorflow_hub.format.module.tensor_types import elements, shape_of

_OPTIMIZERS = {"optimizer", "_optimizer"}
_NO_NUMBERS = {"string", "resource", "variant"}


@dataclasses.dataclass(frozen=True)
class VariablesDescription:
    """The numbers of variables and parameters of a module.

    Attributes:
      count: the number of variables.
      parameters: the number of their elements.
      trainable: the number of elements of trainable variables; None if it is not known.
    """

    count: int
    parameters: int
    trainable: int | None


def variables_of(directory: Path, saved_model: Any) -> VariablesDescription:
    """Counts the variables of a SavedModel directory.

    Raises:
      FormatError: a variable has no values in the checkpoint, or the checkpoint is damaged.
    """
    objects = saved_model.meta_graphs[0].object_graph_def
    if objects.nodes:
        return _of_object_graph(objects)
    index = directory / VARIABLES_INDEX
    return _of_checkpoint(saved_model, read_checkpoint(index).tensors() if index.is_file() else {})


def _of_checkpoint(saved_model: Any, tensors: dict[str, CheckpointEntry]) -> VariablesDescription:
    names = set()
    for meta_graph in saved_model.meta_graphs:
        names |= _names(meta_graph, "trainable_variables")
    numbers = {t.name: elements(t.shape) for t in tensors.values() if t.dtype not in _NO_NUMBERS}
    trainable = sum(numbers.get(name, 0) for name in names)
    return VariablesDescription(len(tensors), sum(numbers.values()), trainable)


def _names(meta_graph: Any, collection: str) -> set[str]:
    """The names in a checkpoint of the variables in a collection, without suffixes of parts."""
    names = set()
    for data in (
        meta_graph.collection_def[collection].bytes_list.value
        if collection in meta_graph.collection_def
        else ()
    ):
        variable = message_class("VariableDef")()
        try:
            variable.ParseFromString(data)
        except Exception:
            raise FormatError(
                f"Expected VariableDef messages in the collection {collection!r}, got {data[:40]!r}.",
                hint="The graph is damaged. Export or download the module again.",
            ) from None
        names.add(variable.save_slice_info_def.full_name or variable.variable_name.partition(":")[0])
    return names


def _of_object_graph(graph: Any) -> VariablesDescription:
    """Counts the variables in the object's list `variables`, or else in its object graph."""
    variables = _listed(graph, "variables")
    if variables is None:
        variables = [item.variable for item in _reachable(graph) if item.HasField("variable")]
    trainable = _listed(graph, "trainable_variables")
    if trainable is None:
        trainable = [variable for variable in variables if variable.trainable]
    return VariablesDescription(len(variables), _parameters(variables), _parameters(trainable))


def _reachable(graph: Any) -> list[Any]:
    """The descendants of the object, without those of its optimizer."""
    seen, waiting = {0}, [0]
    while waiting:
        for reference in graph.nodes[waiting.pop()].children:
            if reference.local_name not in _OPTIMIZERS and 0 <= reference.node_id < len(graph.nodes):
                if reference.node_id not in seen:
                    waiting.append(reference.node_id)
                seen.add(reference.node_id)
    return [graph.nodes[number] for number in sorted(seen)]


def _listed(graph: Any, name: str) -> list[Any] | None:
    holder = child(graph, graph.nodes[0], name)
    if holder is None:
        return None
    ids = {reference.node_id for reference in holder.children if reference.local_name.isdigit()}
    nodes = [node(graph, number) for number in sorted(ids)]
    return [item.variable for item in nodes if item is not None and item.HasField("variable")]


def _parameters(variables: list[Any]) -> int:
    return sum(elements(shape_of(variable.shape)) for variable in variables)
