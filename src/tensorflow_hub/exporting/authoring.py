"""`hub.create_module_spec`: creates a module from a function that builds its graph."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import tensorflow as tf

from tensorflow_hub.errors import ModuleError, SignatureError, TagsError
from tensorflow_hub.exporting import assets, signatures
from tensorflow_hub.exporting.attachments import attached_messages
from tensorflow_hub.graphs import attachments, collections
from tensorflow_hub.graphs.checkpoint import stored_variables
from tensorflow_hub.graphs.indexed_meta_graph import IndexedMetaGraph
from tensorflow_hub.graphs.module_spec import IN_MEMORY, GraphVariant, ModuleSpec

TagsAndArgs = Sequence[tuple[Iterable[str], Mapping[str, Any]]]


def create_module_spec(
    module_fn: Callable[..., Any],
    tags_and_args: TagsAndArgs | None = None,
    drop_collections: Iterable[str] | None = None,
) -> ModuleSpec:
    """Creates a module from a function that builds its graph with the TF1 API.

    The function is called once for each graph variant, each time in a new `tf.Graph`, where variables are
    resource variables by default. It has to declare at least one signature with `hub.add_signature`. If ops
    read files when they run, such as vocabularies, the function adds their paths to the collection
    ASSET_FILEPATHS (lookup tables do this themselves). The files are copied into the module when it is
    exported.

    Args:
      module_fn: the function. It is called without arguments, or with the keyword arguments of
        `tags_and_args`.
      tags_and_args: a list of `(set of tags, dict of keyword arguments)`, one for each graph variant. All
        variants share their state: variables with the same name are the same variable. By default there is
        one variant without tags.
      drop_collections: names of graph collections to drop.

    Returns:
      A `hub.ModuleSpec`, which can be passed to `hub.Module` or exported.

    Raises:
      SignatureError: module_fn declares no signature.
      TagsError: tags are not a set of strings, or two variants have the same tags.
      CollectionError: the graph has a collection that a module cannot have.
      ModuleError: a variable has different shapes or dtypes in two variants, or state (a variable, a table)
        is colocated with an op that is not state.

    Example::

        def module_fn(training=False):
            x = tf.compat.v1.placeholder(tf.float32, [None, 8])
            w = tf.compat.v1.get_variable("w", [8, 2])
            y = tf.linalg.matmul(tf.nn.dropout(x, rate=0.5) if training else x, w)
            hub.add_signature(inputs=x, outputs=y)

        spec = hub.create_module_spec(
            module_fn, [(set(), {"training": False}), ({"train"}, {"training": True})])
        with tf.Graph().as_default(), tf.compat.v1.Session() as session:
            module = hub.Module(spec)
            session.run(tf.compat.v1.global_variables_initializer())
            module.export("/tmp/my_module", session)
    """
    dropped = list(drop_collections or ())
    names = assets.AssetNames()
    variants = []
    for tags, arguments in _checked_tags_and_args(tags_and_args):
        meta_graph = _build(module_fn, arguments, tags, dropped)
        _check_colocation(meta_graph)
        assets.replace_paths(meta_graph, names)
        variants.append(GraphVariant(tags, meta_graph))
    spec = ModuleSpec(variants, names.sources(), None, IN_MEMORY)
    _check_same_state(spec, variants)
    return spec


def _checked_tags_and_args(
    tags_and_args: TagsAndArgs | None,
) -> list[tuple[frozenset[str], dict[str, Any]]]:
    """Checks the argument `tags_and_args` and replaces None by one variant without tags."""
    if tags_and_args is None:
        return [(frozenset(), {})]
    checked: list[tuple[frozenset[str], dict[str, Any]]] = []
    for item in tags_and_args:
        try:
            tags, arguments = item
            if isinstance(tags, str) or not all(isinstance(tag, str) for tag in tags):
                raise TypeError
            pair = (frozenset(tags), dict(arguments))
        except (TypeError, ValueError) as error:
            raise TagsError(
                f"Expected (set of tags, dict of keyword arguments) in tags_and_args, got {item!r}.",
                hint='Pass for example [(set(), {}), ({"train"}, {"training": True})].',
            ) from error
        if any(pair[0] == seen for seen, _ in checked):
            raise TagsError(
                f"Expected different tags for each graph variant, got {sorted(pair[0])} twice.",
                hint="Pass another set of tags for each variant.",
            )
        checked.append(pair)
    if not checked:
        raise TagsError(
            "Expected at least one graph variant in tags_and_args, got none.",
            hint="Pass None for one variant without tags.",
        )
    return checked


def _build(
    module_fn: Callable[..., Any], arguments: dict[str, Any], tags: frozenset[str], dropped: list[str]
) -> Any:
    """Runs module_fn in a new graph and returns the graph as a MetaGraphDef."""
    with tf.Graph().as_default() as graph:
        tf.compat.v1.get_variable_scope().set_use_resource(True)
        module_fn(**arguments)
        declared = signatures.declared_signatures(graph)
        if not declared:
            raise SignatureError(
                "Expected at least one signature in the module_fn, but it declared none.",
                hint="Call hub.add_signature(inputs=…, outputs=…) inside of it.",
            )
        meta_graph = _meta_graph(graph, tags, dropped)
        signatures.write(declared, meta_graph)
        attachments.write(attached_messages(graph), meta_graph)
    return meta_graph


def _meta_graph(graph: tf.Graph, tags: frozenset[str], dropped: list[str]) -> Any:
    """The MetaGraphDef of a graph: with shapes, without a Saver, and without attributes of default value."""
    keys = [
        key for key in graph.get_all_collection_keys() if key not in dropped and graph.get_collection_ref(key)
    ]
    collections.check(keys)
    updates = graph.get_collection_ref(tf.compat.v1.GraphKeys.UPDATE_OPS)
    # `assign_add()` of a resource variable returns an object whose attribute `op` is the update op.
    updates[:] = [item if isinstance(item, (tf.Tensor, tf.Operation)) else item.op for item in updates]
    meta_graph = tf.compat.v1.train.export_meta_graph(
        graph=graph,
        graph_def=graph.as_graph_def(add_shapes=True),
        strip_default_attrs=True,
        collection_list=keys,
    )
    meta_graph.meta_info_def.tags.extend(sorted(tags))
    meta_graph.meta_info_def.stripped_default_attrs = True
    return meta_graph


def _check_colocation(meta_graph: Any) -> None:
    """Checks that state is colocated only with other state.

    State is added to a graph once. Other ops are added by each application of the module, so colocation with
    them would be ambiguous.

    Raises:
      ModuleError: state is colocated with an op that is not state; the message names both.
    """
    index = IndexedMetaGraph.of(meta_graph)
    for name, node in index.state.items():
        for other in index.colocated_with(name):
            if other not in index.state:
                raise ModuleError(
                    f"Expected state of a module to be colocated with other state only, got {name!r} "
                    f"({node.op}) colocated with {other!r}.",
                    hint="Create variables and tables outside of tf.compat.v1.colocate_with(…).",
                )


def _check_same_state(spec: ModuleSpec, variants: list[GraphVariant]) -> None:
    """Checks that each variable has the same dtype and shape in all graph variants.

    Raises:
      ModuleError: a variable has different dtypes or shapes; the message names it.
    """
    first_variant = {(v.name, v.slice): v for v in spec.stored_variables()}
    for variant in variants:
        for variable in stored_variables(variant.meta_graph):
            first = first_variant[(variable.name, variable.slice)]
            if variable.dtype != first.dtype or variable.shape.as_proto() != first.shape.as_proto():
                raise ModuleError(
                    f"Expected the variable {variable.name!r} with the same dtype and shape in all graph "
                    f"variants, got {first.dtype.name} {first.shape} and, with tags {sorted(variant.tags)}, "
                    f"{variable.dtype.name} {variable.shape}.",
                    hint="Variants share their variables by name. Give different variables different names.",
                )
