"""Writing an object of TensorFlow 2 in TF1 Hub format, for programs in graph mode.

The trace of `__call__` with `training=False` becomes the graph variant without tags. The trace with
`training=True` becomes the variant with the tag "train". Function calls are inlined, and captured variables
become variables of the graph.
"""

from __future__ import annotations

import dataclasses
import os
import tempfile
from collections.abc import Callable, Container, Iterable, Sequence
from typing import Any

import tensorflow as tf

from tensorflow_hub.errors import ExportError
from tensorflow_hub.exporting.authoring import create_module_spec
from tensorflow_hub.exporting.signatures import add_signature
from tensorflow_hub.graphs.calling_convention import CallingConvention, calling_convention_of
from tensorflow_hub.graphs.importing import import_subgraph, imported_element
from tensorflow_hub.graphs.indexed_meta_graph import IndexedMetaGraph
from tensorflow_hub.graphs.inlining import inline_calls
from tensorflow_hub.graphs.variable_names import unique_names

_WRITES = frozenset({"AssignVariableOp", "AssignAddVariableOp", "AssignSubVariableOp"})


def write_hub_format(
    module: Any, path: str, *, signatures: Sequence[str] = (), attach: Callable[[], None] | None = None
) -> None:
    """Writes an object in TF1 Hub format.

    Args:
      module: an object with `variables`, `trainable_variables` and a traced `__call__`.
      path: a directory that does not exist.
      signatures: further names of the default signature.
      attach: a function that attaches messages. It is called in the module's graph.

    Raises:
      ExportError: the object has no traces, or has tables, which only `hub.create_module_spec` can export.
    """
    spec = getattr(module, "call_spec", None)
    convention = calling_convention_of(module) if spec is None else CallingConvention(True, (spec,))
    if not convention.input_specs:
        raise ExportError(
            "Expected an object whose __call__ has traces, got one without traces.",
            hint="Call it once, or pass input_signature=… to its tf.function.",
        )
    modes = (False, True) if convention.takes_training else (False,)
    traces = {training: _trace(module, convention, training) for training in modes}
    variables = _variables_of(module, traces.values())
    unique = unique_names([variable.name.split(":")[0] for variable in variables])
    names = dict(zip(map(id, variables), unique, strict=True))
    trainable = set(map(id, module.trainable_variables))

    def module_fn(training: bool) -> None:
        new = {id(v): _new_variable(v, names[id(v)], trainable=id(v) in trainable) for v in variables}
        unlisted = {new[key].handle.op.name for key in new.keys() - set(map(id, module.variables))}
        inputs, outputs = _build(traces[training], new, unlisted)
        for name in ("default", *signatures):
            add_signature(name, inputs=inputs, outputs=outputs)
        if attach is not None:
            attach()

    tags_and_args = [({"train"} if training else set[str](), {"training": training}) for training in modes]
    spec = create_module_spec(module_fn, tags_and_args=tags_and_args)
    if not variables:
        spec.export(path)
        return
    with tempfile.TemporaryDirectory() as directory:
        checkpoint = os.path.join(directory, "weights")
        _save_values(checkpoint, {names[id(variable)]: variable for variable in variables})
        spec.export(path, checkpoint_path=checkpoint)


def _new_variable(variable: tf.Variable, name: str, *, trainable: bool) -> Any:
    """Creates the variable of the graph for a variable of the object. Its value comes from a checkpoint."""
    return tf.compat.v1.get_variable(
        name,
        shape=variable.shape,
        dtype=variable.dtype,
        initializer=tf.compat.v1.zeros_initializer(),
        trainable=trainable,
        use_resource=True,
    )


def _save_values(checkpoint: str, variables: dict[str, Any]) -> None:
    """Writes a checkpoint of TensorFlow 1 with the values of variables by name."""
    tf.raw_ops.SaveV2(
        prefix=checkpoint,
        tensor_names=list(variables),
        shape_and_slices=[""] * len(variables),
        tensors=[variable.read_value() for variable in variables.values()],
    )


@dataclasses.dataclass(frozen=True)
class _Trace:
    """The traces of a module's call and its losses.

    Attributes:
      inputs: input name → spec.
      call: a concrete function; its arguments are the inputs in this order.
      losses: concrete functions without arguments.
    """

    inputs: dict[str, tf.TensorSpec]
    call: Any
    losses: list[Any]


def _trace(module: Any, convention: CallingConvention, training: bool) -> _Trace:
    spec: Any = convention.input_specs[0]
    specs = _inputs_by_name(spec)
    keywords = {"training": training} if convention.takes_training else {}

    def run(*tensors: Any) -> Any:
        positional, by_name = convention.arguments(tf.nest.pack_sequence_as(spec, tensors))
        return module(*positional, **by_name, **keywords)

    call = tf.function(run, autograph=False).get_concrete_function(*specs.values())
    losses = [
        tf.function(loss, autograph=False).get_concrete_function()
        for loss in module.regularization_losses or ()
    ]
    return _Trace(specs, call, losses)


def _inputs_by_name(spec: Any) -> dict[str, tf.TensorSpec]:
    """The inputs in the order of `tf.nest`, by their names in the signature."""
    parts = tf.nest.flatten(spec)
    if isinstance(spec, tf.TypeSpec):
        return {"images" if _is_image(spec) else "default": spec}
    if isinstance(spec, dict) and all(isinstance(part, tf.TypeSpec) for part in spec.values()):
        return {name: spec[name] for name in sorted(spec)}
    return {f"input_{i}": part for i, part in enumerate(parts)}


def _variables_of(module: Any, traces: Iterable[_Trace]) -> list[Any]:
    """All variables that a module uses, including those that are not in its list `variables`."""
    by_id = {id(variable): variable for variable in module.variables}
    for trace in traces:
        for function in (trace.call, *trace.losses):
            by_id |= {id(variable): variable for variable in function.graph.variables}
    return list(by_id.values())


def _build(
    trace: _Trace, variables: dict[int, Any], unlisted: Container[str]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Adds one trace to the module's graph, with its update ops and losses.

    Args:
      trace: the trace.
      variables: id of a variable of the object → the variable in the graph.
      unlisted: names of the handles of variables that are not in the object's list `variables`, such as the
        state of random generators. Each call runs the ops that write them; they are not update ops.

    Returns:
      The inputs and the outputs by name.
    """
    inputs = {
        name: tf.compat.v1.placeholder(part.dtype, part.shape, name=name)
        for name, part in trace.inputs.items()
    }
    results, writes = _import(trace.call, list(inputs.values()), variables)
    run_by_each_call = [write for write in writes if write.inputs[0].op.name in unlisted]
    with tf.control_dependencies(run_by_each_call):
        results = [tf.identity(result) for result in results]
    outputs = tf.nest.pack_sequence_as(trace.call.structured_outputs, results, expand_composites=True)
    for write in writes:
        if write not in run_by_each_call:
            tf.compat.v1.add_to_collection(tf.compat.v1.GraphKeys.UPDATE_OPS, write)
    for loss in trace.losses:
        (value,), _ = _import(loss, [], variables)
        tf.compat.v1.add_to_collection(tf.compat.v1.GraphKeys.REGULARIZATION_LOSSES, value)
    return inputs, outputs_by_name(outputs, "default")


def outputs_by_name(result: Any, single_name: str) -> dict[str, Any]:
    """The outputs of a signature by name, for the result of a call.

    Args:
      result: a dict of tensors, a tensor, or a nest of tensors, which get the names `output_0` and so on.
      single_name: the name of a single tensor.
    """
    if isinstance(result, dict):
        return result
    parts = tf.nest.flatten(result)
    return {single_name: parts[0]} if len(parts) == 1 else {f"output_{i}": p for i, p in enumerate(parts)}


def _import(trace: Any, tensors: list[Any], variables: dict[int, Any]) -> tuple[list[Any], list[Any]]:
    """Imports a trace into the current graph. Returns its results and the ops that write variables."""
    source = trace.graph
    by_handle = {id(variable.handle): variables[id(variable)] for variable in source.variables}
    captured = {inside.name: _in_graph(outside, by_handle) for outside, inside in source.captures}
    meta_graph = tf.compat.v1.MetaGraphDef()
    meta_graph.graph_def.CopyFrom(inline_calls(source.as_graph_def()))
    graph = IndexedMetaGraph.of(meta_graph)
    arguments = [tensor.name for tensor in source.inputs if tensor.name not in captured]
    feeds = dict(zip(arguments, tensors, strict=True))
    feeds |= captured
    results = [tensor.name for tensor in source.outputs]
    writes = [name for name, node in graph.nodes.items() if node.op in _WRITES]
    scope = tf.compat.v1.get_default_graph().unique_name("trace", mark_as_used=False)
    target = import_subgraph(graph.subgraph([*results, *writes], set(feeds)), feeds, scope)

    def elements(names: list[str]) -> list[Any]:
        return [imported_element(target, name, feeds, scope) for name in names]

    return elements(results), elements(writes)


def _in_graph(outside: Any, by_handle: dict[int, Any]) -> Any:
    """The tensor in the graph for a tensor that a trace captured: a variable's handle, or a constant."""
    if id(outside) in by_handle:
        return by_handle[id(outside)].handle
    if (
        isinstance(outside, tf.Tensor)
        and not tf.is_symbolic_tensor(outside)
        and outside.dtype not in {tf.resource, tf.variant}
    ):
        return tf.constant(outside.numpy(), outside.dtype)
    raise ExportError(
        f"Expected an object that captures only variables and constants, got one that captures a "
        f"{outside.dtype.name} tensor, such as the handle of a table.",
        hint="Write a TF2 SavedModel with hub.save, or build the module with hub.create_module_spec.",
    )


def _is_image(spec: Any) -> bool:
    return spec.shape.rank == 4 and spec.shape[-1] in {1, 3} and spec.dtype == tf.float32
