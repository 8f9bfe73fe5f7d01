"""Conversion of `tf.TypeSpec` to and from protobufs."""

from __future__ import annotations

from typing import Any

import tensorflow as tf
from tensorflow.core.protobuf import struct_pb2
from tensorflow.python.saved_model import nested_structure_coder


def write_type_spec(spec: tf.TypeSpec) -> Any:
    """The `TypeSpecProto` of a `tf.TypeSpec`.

    Public: `tf.TypeSpec.experimental_as_proto` works only for dense, sparse and ragged tensors.
    Since: TensorFlow 2.15 or earlier.
    Without it: modules with other composite tensors in their signatures cannot be exported.
    """
    return nested_structure_coder.encode_structure(spec).type_spec_value


def read_type_spec(proto: Any) -> tf.TypeSpec:
    """The `tf.TypeSpec` of a `TypeSpecProto`.

    Public: `experimental_from_proto` is a method of each class, and the class is not known before.
    Since: TensorFlow 2.15 or earlier.
    Without it: modules with ragged tensors in their signatures cannot be read.

    Raises:
      ValueError: TensorFlow does not know the type.
    """
    try:
        spec: tf.TypeSpec = nested_structure_coder.decode_proto(
            struct_pb2.StructuredValue(type_spec_value=proto)
        )
    except (TypeError, KeyError, nested_structure_coder.NotEncodableError) as error:
        raise ValueError(str(error)) from error
    return spec
