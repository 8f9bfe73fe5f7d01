"""Ops: their definitions, and changes of ops in a graph."""

from __future__ import annotations

from typing import Any

import tensorflow as tf
from tensorflow.python.framework import op_def_registry
from tensorflow.python.framework import ops as _ops

from tensorflow_hub.internals.missing import warn_missing


def op_definition(name: str) -> Any:
    """The `OpDef` of an op; None if no such op is registered.

    Public: `tf.raw_ops` has a function for each op, which does not tell attributes, outputs and statefulness.
    Since: TensorFlow 2.15 or earlier.
    Without it: graphs of TensorFlow 1 cannot be loaded, and missing ops are not found before loading.
    """
    return op_def_registry.get(name)


def set_device(op: tf.Operation, device: str) -> None:
    """Places an op of a graph on a device.

    Public: `tf.device` places new ops; `import_graph_def` keeps the devices in the GraphDef.
    Since: TensorFlow 2.15 or earlier.
    Without it: ops may run on another device than their variables, which is slower on GPUs.
    """
    if hasattr(op, "_set_device"):
        op._set_device(device)
    else:
        warn_missing(
            "Operation._set_device", "Ops of modules may run on another device than their variables."
        )


def set_attribute(op: tf.Operation, name: str, value: Any) -> None:
    """Sets an attribute (an `AttrValue`) of an op of a graph.

    Public: attributes are set when an op is made. `import_graph_def` refuses colocation with an op that is
    not imported.
    Since: TensorFlow 2.15 or earlier.
    Without it: ops are not colocated with variables and inputs, which is slower on GPUs.
    """
    if hasattr(op, "_set_attr"):
        op._set_attr(name, value)
    else:
        warn_missing(
            "Operation._set_attr", "Ops of modules are not colocated with their variables and inputs."
        )


def is_reference(tensor: tf.Tensor) -> bool:
    """Whether a tensor is a reference to a variable of TensorFlow 1, not a value.

    Public: only the text `<dtype: 'float32_ref'>` of a `tf.DType` tells it.
    Since: TensorFlow 2.15 or earlier.
    Without it: the name of the dtype is used.
    """
    return bool(getattr(tensor.dtype, "_is_ref_dtype", tensor.dtype.name.endswith("_ref")))


def is_in_control_flow(graph: tf.Graph) -> bool:
    """Whether new ops are inside of a loop or branch of TensorFlow 1.

    Public: none.
    Since: TensorFlow 2.15 or earlier.
    Without it: ops of modules that are applied inside of such a loop may run too often.
    """
    if not hasattr(graph, "_get_control_flow_context"):
        warn_missing(
            "Graph._get_control_flow_context", "Do not apply hub.Module inside of loops of TensorFlow 1."
        )
        return False
    return graph._get_control_flow_context() is not None


def reader_of_collection(key: str) -> Any:
    """The function that makes the objects of a collection (variables, loops) from protobufs.

    Public: `tf.compat.v1.train.import_meta_graph` imports all collections and all nodes of a graph.
    Since: TensorFlow 2.15 or earlier.
    Without it: `hub.Module` does not work.
    """
    return _ops.get_from_proto_function(key)
