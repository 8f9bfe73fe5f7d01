"""Types of tensors as the protobufs that SavedModels hold."""

from __future__ import annotations

from typing import Any

import tensorflow as tf
from tensorflow.core.protobuf import struct_pb2
from tensorflow.python.saved_model import nested_structure_coder


def write_type_spec(spec: tf.TypeSpec) -> Any:
    """A `tf.TypeSpec` as a `TypeSpecProto`.

    Public: `tf.TypeSpec.experimental_as_proto` exists for dense, sparse and ragged ones only.
    Since: TensorFlow 2.15 or earlier.
    Without it: modules with other composite tensors in their signatures cannot be exported.
    """
    return nested_structure_coder.encode_structure(spec).type_spec_value


def read_type_spec(proto: Any) -> tf.TypeSpec:
    """The `tf.TypeSpec` of a `TypeSpecProto`.

    Public: `experimental_from_proto` is a method of each type, of which the protobuf names one.
    Since: TensorFlow 2.15 or earlier.
    Without it: modules with ragged tensors in their signatures cannot be read.

    Raises:
      ValueError: this TensorFlow does not know the type.
    """
    try:
        spec: tf.TypeSpec = nested_structure_coder.decode_proto(
            struct_pb2.StructuredValue(type_spec_value=proto)
        )
    except (TypeError, KeyError, nested_structure_coder.NotEncodableError) as error:
        raise ValueError(str(error)) from error
    return spec
