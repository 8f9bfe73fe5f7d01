"""The state of a module of TensorFlow 1 as objects of TensorFlow 2: `tf.Variable`s, tables and assets.

All graph variants of the module, and all functions made from them, share these objects.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import tensorflow as tf

from tensorflow_hub.errors import NotAModuleError
from tensorflow_hub.graphs import assets
from tensorflow_hub.graphs.checkpoint import StoredVariable, check_values, stored_variable, stored_variables
from tensorflow_hub.graphs.collections import variable_defs
from tensorflow_hub.graphs.importing import import_subgraph, imported_element
from tensorflow_hub.graphs.indexed_meta_graph import IndexedMetaGraph, returns_resource
from tensorflow_hub.graphs.tensor_names import node_name, tensor_name
from tensorflow_hub.loading.replicas import first_replica

_TABLE_INITIALIZERS = frozenset(
    {"InitializeTableV2", "InitializeTableFromTextFileV2", "LookupTableImportV2", "LookupTableInsertV2"}
)


class Resource(tf.saved_model.experimental.TrackableResource):  # type: ignore[misc]
    """A table or another resource that a node of the graph creates."""

    def __init__(
        self, graph: IndexedMetaGraph, node: str, initializers: list[str], state: StateObjects
    ) -> None:
        self._graph = graph
        self._node = node
        self._initializers = initializers
        self._state = state
        super().__init__()
        _ = self.resource_handle

    def _create_resource(self) -> Any:
        subgraph = self._graph.subgraph([self._node], [])
        node = next(n for n in subgraph.graph_def.node if n.name == self._node)
        unique = f"{self._node}_{tf.compat.v1.get_default_graph().unique_name('hub')}_{id(self)}"
        node.attr["shared_name"].s = unique.encode()

        def create() -> Any:
            return imported_element(import_subgraph(subgraph, {}), f"{self._node}:0", {})

        return _traced(create)()

    def _initialize(self) -> None:
        if self._initializers:
            self._state.run(self._graph, self._initializers)

    def _destroy_resource(self) -> None:
        tf.raw_ops.DestroyResourceOp(resource=self.resource_handle, ignore_lookup_error=True)


class StateObjects:
    """The variables, resources and assets of a module.

    Attributes:
      variables: name of the node → variable.
      resources: name of the node → table or other resource.
      assets: name of the tensor → asset.
    """

    def __init__(self, path: str, checkpoint: str | None, asset_paths: Mapping[str, str]) -> None:
        """Creates an empty state; `add` adds the objects for a graph.

        Args:
          path: the path of the module, for messages.
          checkpoint: the prefix of the checkpoint with the values; None to run the initializers of the graph.
          asset_paths: file name of an asset → path of the file.
        """
        self._path = path
        self._checkpoint = checkpoint
        self._asset_paths = asset_paths
        self.variables: dict[str, tf.Variable] = {}
        self.resources: dict[str, Resource] = {}
        self.assets: dict[str, Any] = {}

    def add(self, graph: IndexedMetaGraph, trainable: Iterable[str]) -> None:
        """Creates the objects for the state of a graph variant, except those of names that exist already.

        Args:
          graph: the graph variant.
          trainable: the names of the nodes of trainable variables.
        """
        self._add_assets(graph)
        self._add_variables(graph, set(trainable))
        self._add_resources(graph)

    def captures(
        self, graph: IndexedMetaGraph, names: set[str], fetches: Iterable[str] = ()
    ) -> dict[str, Any]:
        """Captures the state that some nodes use in the function that is being traced.

        Args:
          graph: the graph of the nodes.
          names: the names of the nodes.
          fetches: names of tensors to return; outputs of state nodes among them are captured too.

        Returns:
          Name of a tensor of the graph → captured tensor to feed for it.
        """
        function = tf.compat.v1.get_default_graph()
        feeds = {}
        used = {tensor_name(i) for name in names if name in graph.nodes for i in graph.nodes[name].input}
        used.update(map(tensor_name, fetches))
        for name, variable in self.variables.items():
            if f"{name}:0" in used:
                function.watch_variable(variable)
                feeds[f"{name}:0"] = function.capture(variable.handle)
        for name, resource in self.resources.items():
            if f"{name}:0" in used:
                feeds[f"{name}:0"] = function.capture(resource.resource_handle)
        for name, asset in self.assets.items():
            if name in used:
                feeds[name] = function.capture(asset.asset_path)
        return feeds

    @property
    def is_distributed(self) -> bool:
        """Whether the variables were created under a `tf.distribute` strategy, one for each replica."""
        return any(
            isinstance(variable, tf.distribute.DistributedValues) for variable in self.variables.values()
        )

    def feed_names(self) -> set[str]:
        """The names of all tensors that `captures` may return. Every subgraph has them as feeds."""
        return {f"{name}:0" for name in [*self.variables, *self.resources]} | set(self.assets)

    def run(self, graph: IndexedMetaGraph, fetches: list[str]) -> list[Any]:
        """Runs ops or evaluates tensors: now, or in a `tf.Graph` when `tables_initializer` runs."""

        def evaluate() -> list[Any]:
            return [*self.evaluate(graph, fetches), tf.constant(True)]

        with first_replica():
            elements = list(_traced(evaluate)())
        done = elements.pop()
        if not elements:
            _run_with_tables(done)
        return elements

    def evaluate(self, graph: IndexedMetaGraph, fetches: list[str]) -> list[Any]:
        """As `run`, inside of the function that is being traced. Returns tensors only, not ops."""
        subgraph = graph.subgraph(fetches, self.feed_names())
        feeds = self.captures(graph, {node.name for node in subgraph.graph_def.node}, fetches)
        imported = import_subgraph(subgraph, feeds)
        elements = [imported_element(imported, name, feeds) for name in fetches]
        return [element for element in elements if not isinstance(element, tf.Operation)]

    def _add_assets(self, graph: IndexedMetaGraph) -> None:
        for tensor, file_name in assets.file_names(graph.meta_graph).items():
            name = tensor_name(tensor)
            if name in self.assets:
                continue
            path = self._asset_paths[file_name]
            if not os.path.exists(path):
                raise NotAModuleError(
                    f"Expected the asset {file_name!r} in {self._path!r}, but it is missing.",
                    hint="Fetch or export the module again.",
                )
            self.assets[name] = tf.saved_model.Asset(path)

    def _add_variables(self, graph: IndexedMetaGraph, trainable: set[str]) -> None:
        """Creates the variables: with values of the checkpoint, else of the author's initializers."""
        definitions = _variable_definitions(graph)
        global_variables = stored_variables(graph.meta_graph)
        if self._checkpoint is not None and global_variables:
            check_values(self._path, self._checkpoint, global_variables)
        nodes = {name for name, node in graph.nodes.items() if node.op == "VarHandleOp"}
        new = sorted((nodes | set(definitions)) - set(self.variables))
        places = {
            name: stored_variable(definition, graph.nodes[name])
            for name, definition in definitions.items()
            if name in graph.nodes
        }
        values = self._read_checkpoint(new, places)
        for name in new:
            if name in values and name in graph.nodes:
                self.variables[name] = tf.Variable(
                    values.pop(name), name=name, trainable=name in trainable, shape=_shape(graph.nodes[name])
                )
        # After all variables of the checkpoint, because an initializer may read another variable.
        for name in new:
            if name in definitions and name not in self.variables:
                (value,) = self.run(graph, [definitions[name].initial_value_name])
                self.variables[name] = tf.Variable(value, name=name, trainable=name in trainable)

    def _read_checkpoint(self, names: list[str], places: dict[str, StoredVariable]) -> dict[str, Any]:
        """The values of the variables that the checkpoint has; of a partitioned variable those of each part.

        Args:
          names: the names of the nodes.
          places: name of a node → its place in the checkpoint, for variables in a collection of the graph.
        """
        prefix = self._checkpoint
        if not names or prefix is None or not os.path.exists(f"{prefix}.index"):
            return {}
        try:
            dtypes = tf.train.load_checkpoint(prefix).get_variable_to_dtype_map()
            keys = [
                (name, places[name].name, places[name].slice) if name in places else (name, name, "")
                for name in names
            ]
            available = [(name, key, part) for name, key, part in keys if key in dtypes]
            if not available:
                return {}
            values = tf.raw_ops.RestoreV2(
                prefix=prefix,
                tensor_names=[key for _, key, _ in available],
                shape_and_slices=[part for _, _, part in available],
                dtypes=[dtypes[key] for _, key, _ in available],
            )
        except (tf.errors.OpError, RuntimeError, ValueError) as error:
            raise NotAModuleError(
                f"Expected readable variables in {self._path!r}, but they are damaged: {error}",
                hint="Fetch or export the module again.",
            ) from error
        return {name: value for (name, _, _), value in zip(available, values, strict=True)}

    def _add_resources(self, graph: IndexedMetaGraph) -> None:
        """Creates and fills the tables, and other resources."""
        added = []
        for name, node in graph.state.items():
            if node.op != "VarHandleOp" and returns_resource(node.op) and name not in self.resources:
                self.resources[name] = Resource(graph, name, _initializers_of(graph, name), self)
                added.append(self.resources[name])
        for resource in added:
            resource._initialize()
        self._restore_tables(graph)

    def _restore_tables(self, graph: IndexedMetaGraph) -> None:
        """Runs the restore ops of mutable tables, whose contents are in the checkpoint."""
        saver = graph.meta_graph.saver_def
        prefix = self._checkpoint
        if not saver.restore_op_name or not self.resources or prefix is None:
            return
        restore_nodes = graph.needed([saver.restore_op_name], self.feed_names())
        imports = [name for name in sorted(restore_nodes) if graph.nodes[name].op == "LookupTableImportV2"]
        if not imports:
            return

        def restore() -> Any:
            file_name = {tensor_name(saver.filename_tensor_name): tf.constant(prefix)}
            subgraph = graph.subgraph(imports, self.feed_names() | set(file_name))
            feeds = self.captures(graph, {node.name for node in subgraph.graph_def.node}) | file_name
            import_subgraph(subgraph, feeds)
            return tf.constant(True)

        _run_with_tables(_traced(restore)())


def _traced(function: Callable[[], Any]) -> Any:
    """The concrete function of a function that is called once.

    A call of the `tf.function` would count for TensorFlow's warning about repeated tracing.
    """
    return tf.function(function, autograph=False).get_concrete_function()


def _run_with_tables(done: Any) -> None:
    """In a `tf.Graph`, adds the op of `done` to those that `tables_initializer` runs."""
    if not tf.compat.v1.executing_eagerly_outside_functions():
        tf.compat.v1.add_to_collection(tf.compat.v1.GraphKeys.TABLE_INITIALIZERS, done.op)


def _variable_definitions(graph: IndexedMetaGraph) -> dict[str, Any]:
    """Name of the node of a variable → its `VariableDef`, from the collections of the graph."""
    keys = ("variables", "trainable_variables", "model_variables", "local_variables", "global_step")
    definitions: dict[str, Any] = {}
    for key in keys:
        for definition in variable_defs(graph.meta_graph, key):
            definitions.setdefault(node_name(definition.variable_name), definition)
    return definitions


def _shape(node: Any) -> tf.TensorShape | None:
    """The shape of a variable if it is not the shape of its value: if some sizes are not fixed."""
    if "shape" not in node.attr:
        return None
    shape = tf.TensorShape(node.attr["shape"].shape)
    return None if shape.is_fully_defined() else shape


def _initializers_of(graph: IndexedMetaGraph, table: str) -> list[str]:
    """The ops that fill a table when the graph is initialized, without those that restore it."""
    found = []
    for node in graph.meta_graph.graph_def.node:
        if node.op in _TABLE_INITIALIZERS and node.input and node_name(node.input[0]) == table:
            sources = graph.needed([node.name], [])
            if not any(graph.nodes[name].op in {"RestoreV2", "Placeholder"} for name in sources):
                found.append(node.name)
    return found
