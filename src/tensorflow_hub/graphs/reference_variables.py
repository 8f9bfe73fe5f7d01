"""Rewriting reference variables of TensorFlow 1 (`VariableV2`) as resource variables.

Estimators and old modules have reference variables, but a `tf.function` can only use resource variables. An
op with a reference as input reads the value when it runs. So each such op gets a ReadVariableOp of its own
with the same control inputs. Old tables (`HashTable`) are rewritten as tables of version 2 (`HashTableV2`).
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf

REFERENCE_OPS = frozenset({"Variable", "VariableV2"})

# Op on a reference → op on a resource.
_WRITES = {
    "Assign": "AssignVariableOp",
    "AssignAdd": "AssignAddVariableOp",
    "AssignSub": "AssignSubVariableOp",
    "ScatterUpdate": "ResourceScatterUpdate",
    "ScatterAdd": "ResourceScatterAdd",
    "ScatterSub": "ResourceScatterSub",
}
_OLD_TABLES = {
    "HashTable": "HashTableV2",
    "MutableHashTable": "MutableHashTableV2",
    "LookupTableFind": "LookupTableFindV2",
    "LookupTableInsert": "LookupTableInsertV2",
    "LookupTableExport": "LookupTableExportV2",
    "LookupTableImport": "LookupTableImportV2",
    "LookupTableSize": "LookupTableSizeV2",
    "InitializeTable": "InitializeTableV2",
    "InitializeTableFromTextFile": "InitializeTableFromTextFileV2",
}


def to_resources(meta_graph: Any) -> Any:
    """A copy of a `MetaGraphDef` in which every reference variable is a resource variable.

    If there is nothing to rewrite, the same message is returned.
    """
    nodes = meta_graph.graph_def.node
    references = {node.name: node for node in nodes if node.op in REFERENCE_OPS}
    if not references and not any(node.op in _OLD_TABLES for node in nodes):
        return meta_graph
    copy = tf.compat.v1.MetaGraphDef()
    copy.CopyFrom(meta_graph)
    del copy.graph_def.node[:]
    aliases = _aliases(nodes, references)
    for node in nodes:
        _rewrite(node, copy.graph_def, references, aliases)
    return copy


def _aliases(nodes: Any, references: dict[str, Any]) -> dict[str, str]:
    """Name of a node that returns a reference → name of the variable.

    Such nodes are the variables, and ops that write to them.
    """
    aliases = {name: name for name in references}
    changed = True
    while changed:
        changed = False
        for node in nodes:
            returns_reference = node.op in _WRITES or node.op == "RefIdentity"
            if not returns_reference or node.name in aliases or not node.input:
                continue
            if _first_output(node.input[0]) in aliases:
                aliases[node.name] = aliases[_first_output(node.input[0])]
                changed = True
    return aliases


def _rewrite(node: Any, graph_def: Any, references: dict[str, Any], aliases: dict[str, str]) -> None:
    """Adds the rewritten node to `graph_def`, and before it the ReadVariableOps that it needs."""
    if node.op in _OLD_TABLES:
        table = graph_def.node.add()
        table.CopyFrom(node)
        table.op = _OLD_TABLES[node.op]
    elif node.name in references:
        handle = graph_def.node.add(name=node.name, op="VarHandleOp")
        handle.attr["dtype"].CopyFrom(node.attr["dtype"])
        handle.attr["shape"].CopyFrom(node.attr["shape"])
        handle.attr["shared_name"].s = node.name.encode()
    else:
        inputs = _rewritten_inputs(node, graph_def, references, aliases)
        rewritten = graph_def.node.add()
        rewritten.CopyFrom(node)
        del rewritten.input[:]
        rewritten.input.extend(inputs)
        variable = aliases.get(_first_output(node.input[0])) if node.input else None
        if node.op in _WRITES and variable is not None:
            _as_resource_write(rewritten, references[variable])
        elif node.op == "IsVariableInitialized" and variable is not None:
            rewritten.op = "VarIsInitializedOp"
            rewritten.attr.clear()
        elif node.op in {"RefIdentity", "RefSwitch", "RefMerge", "RefEnter", "RefExit", "RefNextIteration"}:
            rewritten.op = node.op.removeprefix("Ref")


def _rewritten_inputs(
    node: Any, graph_def: Any, references: dict[str, Any], aliases: dict[str, str]
) -> list[str]:
    """The inputs of a node: handles for ops that need the variable itself, and values for all others."""
    takes_variable = node.op in _WRITES or node.op == "IsVariableInitialized"
    data = [i for i in node.input if not i.startswith("^")]
    control = [i for i in node.input if i.startswith("^")]
    inputs = []
    for position, name in enumerate(data):
        variable = aliases.get(_first_output(name))
        # A reference that another op returns is valid after that op has run.
        writer = [f"^{_first_output(name)}"] if variable not in {None, _first_output(name)} else []
        if variable is None:
            inputs.append(name)
        elif position == 0 and takes_variable:
            inputs.append(variable)
            control = control + writer
        else:
            read = f"{node.name}/read_{position}"
            inputs.append(_add_read(graph_def, read, references[variable], control + writer))
    return [*inputs, *control]


def _as_resource_write(node: Any, variable: Any) -> None:
    scatter = node.op.startswith("Scatter")
    node.op = _WRITES[node.op]
    indices = node.attr["Tindices"].type if scatter else None
    node.attr.clear()
    node.attr["dtype"].CopyFrom(variable.attr["dtype"])
    if indices is not None:
        node.attr["Tindices"].type = indices


def _add_read(graph_def: Any, name: str, variable: Any, control: list[str]) -> str:
    read = graph_def.node.add(name=name, op="ReadVariableOp", input=[variable.name, *control])
    read.attr["dtype"].CopyFrom(variable.attr["dtype"])
    return name


def _first_output(name: str) -> str:
    """The name of an input without `:0`. Only first outputs can be references."""
    return name.removesuffix(":0")
