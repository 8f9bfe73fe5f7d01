"""Gradients of the TensorArrays (version 1) of a graph of TensorFlow 1.

TensorFlow's own gradients of these ops create TensorArrays of version 1 or 2, depending on a flag of the
process (`tf.compat.v1.control_flow_v2_enabled`). Loops of version 1 need TensorArrays of version 1. The
gradients in this file always create those, so the flag does not matter.

The gradients of the elements of an array are the elements of a second array, which `TensorArrayGradV3`
returns. Several writes to one of its elements are added up. The gradient of a read is a write to the second
array, and the gradient of a write is a read. Gather and scatter are such a pair too, and concat and split.

Source: Y. Yu and others, *Dynamic Control Flow in Large-Scale Machine Learning*, EuroSys 2018, section 5.2.
"""

from __future__ import annotations

import contextlib
from typing import Any

import tensorflow as tf

# The name of the arrays of gradients. `loop_gradients` calls `tf.gradients` once per graph, so one is enough.
_SOURCE = "gradients"
_PREFIX = "TensorFlowHub"


def use_version_1(graph_def: Any) -> None:
    """Sets the gradients of this file as those of the TensorArray ops in a GraphDef."""
    for node in graph_def.node:
        if node.op in _GRADIENTS:
            node.attr["_gradient_op_type"].s = f"{_PREFIX}{node.op}".encode()


def _array_of_gradients(handle: Any, flow: Any) -> tuple[Any, Any]:
    """The handle and flow of the array that holds the gradients of an array's elements."""
    gradients, _ = tf.raw_ops.TensorArrayGradV3(handle=handle, flow_in=flow, source=_SOURCE)
    with tf.control_dependencies([gradients]):
        return gradients, tf.identity(flow)


def _gradients_of_written(op: Any, flow: Any) -> tuple[Any, Any]:
    """The array of gradients after `op` has run. Because `op` writes to the array, its size is known then."""
    with tf.control_dependencies([tf.identity(op.outputs[0])]):
        flow = tf.identity(flow)
    return _array_of_gradients(op.inputs[0], flow)


def _of_read(op: Any, upstream: Any) -> list[Any]:
    handle, index, flow = op.inputs
    array, flow_in = _array_of_gradients(handle, flow)
    value = tf.convert_to_tensor(upstream)
    written = tf.raw_ops.TensorArrayWriteV3(handle=array, index=index, value=value, flow_in=flow_in)
    return [None, None, written]


def _of_write(op: Any, flow: Any) -> list[Any]:
    array, flow_in = _gradients_of_written(op, flow)
    index, dtype = op.inputs[1], op.get_attr("T")
    value = tf.raw_ops.TensorArrayReadV3(handle=array, index=index, flow_in=flow_in, dtype=dtype)
    return [None, None, value, flow_in]


def _of_gather(op: Any, upstream: Any) -> list[Any]:
    handle, indices, flow = op.inputs
    array, flow_in = _array_of_gradients(handle, flow)
    value = tf.convert_to_tensor(upstream)
    written = tf.raw_ops.TensorArrayScatterV3(handle=array, indices=indices, value=value, flow_in=flow_in)
    return [None, None, written]


def _of_scatter(op: Any, flow: Any) -> list[Any]:
    array, flow_in = _gradients_of_written(op, flow)
    indices, dtype = op.inputs[1], op.get_attr("T")
    value = tf.raw_ops.TensorArrayGatherV3(handle=array, indices=indices, flow_in=flow_in, dtype=dtype)
    return [None, None, value, flow_in]


def _of_concat(op: Any, upstream: Any, _: Any) -> list[Any]:
    handle, flow = op.inputs
    array, flow_in = _array_of_gradients(handle, flow)
    value = tf.convert_to_tensor(upstream)
    lengths = op.outputs[1]
    written = tf.raw_ops.TensorArraySplitV3(handle=array, value=value, lengths=lengths, flow_in=flow_in)
    return [None, written]


def _of_split(op: Any, flow: Any) -> list[Any]:
    array, flow_in = _gradients_of_written(op, flow)
    value, _ = tf.raw_ops.TensorArrayConcatV3(handle=array, flow_in=flow_in, dtype=op.get_attr("T"))
    return [None, value, None, flow_in]


_GRADIENTS = {
    "TensorArrayReadV3": _of_read,
    "TensorArrayWriteV3": _of_write,
    "TensorArrayGatherV3": _of_gather,
    "TensorArrayScatterV3": _of_scatter,
    "TensorArrayConcatV3": _of_concat,
    "TensorArraySplitV3": _of_split,
}

for _op, _gradient in _GRADIENTS.items():
    with contextlib.suppress(KeyError):  # registered already, when this file is imported a second time
        tf.RegisterGradient(f"{_PREFIX}{_op}")(_gradient)
