"""Ops: their definitions, and what of an op in a graph can be changed."""

from __future__ import annotations

from typing import Any

import tensorflow as tf
from tensorflow.python.framework import op_def_registry
from tensorflow.python.framework import ops as _ops

from tensorflow_hub.internals.lost import say_lost


def op_definition(name: str) -> Any:
    """The `OpDef` of an op; None for one that this process does not know.

    Public: `tf.raw_ops` has the ops as functions, not their attributes, outputs and whether they keep state.
    Since: TensorFlow 2.15 or earlier.
    Without it: graphs of TensorFlow 1 cannot be read, and unknown ops are not named before loading.
    """
    return op_def_registry.get(name)


def set_device(op: tf.Operation, device: str) -> None:
    """Places an op of a graph on a device.

    Public: `tf.device` places ops while they are made; those of `import_graph_def` come with their own.
    Since: TensorFlow 2.15 or earlier.
    Without it: an op that is to be beside a variable stays where TensorFlow puts it: slower on GPUs.
    """
    if hasattr(op, "_set_device"):
        op._set_device(device)
    else:
        say_lost("Operation._set_device", "Ops of modules may run on another device than their variables.")


def set_attribute(op: tf.Operation, name: str, value: Any) -> None:
    """Sets an attribute (an `AttrValue`) of an op of a graph.

    Public: attributes are given when an op is made; `import_graph_def` refuses a colocation with an op that
    it does not import.
    Since: TensorFlow 2.15 or earlier.
    Without it: colocations with variables and inputs are left out: slower on GPUs.
    """
    if hasattr(op, "_set_attr"):
        op._set_attr(name, value)
    else:
        say_lost("Operation._set_attr", "Ops of modules are not colocated with their variables and inputs.")


def is_reference(tensor: tf.Tensor) -> bool:
    """Whether a tensor is a reference to a variable of TensorFlow 1, and not a value.

    Public: `tf.DType` prints as `<dtype: 'float32_ref'>`, and has no property for it.
    Since: TensorFlow 2.15 or earlier.
    Without it: it is read from the name of the dtype.
    """
    return bool(getattr(tensor.dtype, "_is_ref_dtype", tensor.dtype.name.endswith("_ref")))


def is_in_control_flow(graph: tf.Graph) -> bool:
    """Whether ops that are made now lie in a loop or branch of TensorFlow 1.

    Public: nothing tells it.
    Since: TensorFlow 2.15 or earlier.
    Without it: modules applied inside a `tf.while_loop` of TensorFlow 1 may get ops that run at other times.
    """
    if not hasattr(graph, "_get_control_flow_context"):
        say_lost("Graph._get_control_flow_context", "Do not apply hub.Module inside of old loops.")
        return False
    return graph._get_control_flow_context() is not None


def reader_of_collection(key: str) -> Any:
    """The function that makes objects of a collection (variables, loops) of their protobufs.

    Public: `tf.compat.v1.train.import_meta_graph` reads all collections of a whole graph, with its nodes.
    Since: TensorFlow 2.15 or earlier.
    Without it: `hub.Module` cannot read variables and loops of a module.
    """
    return _ops.get_from_proto_function(key)
