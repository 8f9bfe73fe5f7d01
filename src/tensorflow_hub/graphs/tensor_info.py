"""The type of one input or output of a signature: dense, sparse or ragged; dtype and shape."""

from __future__ import annotations

import dataclasses
from typing import Any

import tensorflow as tf

from tensorflow_hub.errors import FormatError
from tensorflow_hub.internals.type_specs import read_type_spec, write_type_spec

COMPONENTS_OF_SPARSE = ("indices", "values", "dense_shape")


@dataclasses.dataclass(frozen=True)
class SignatureTensor:
    """One input or output of a signature.

    Attributes:
      names: the names, in the module's graph, of the dense tensors that it consists of: one for a dense
        tensor; indices, values and dense shape for a sparse tensor; flat values and row splits
        (outermost first) for a ragged tensor.
      type_spec: its type: a `tf.TensorSpec`, `tf.SparseTensorSpec` or `tf.RaggedTensorSpec`.
    """

    names: tuple[str, ...]
    type_spec: Any

    @property
    def dtype(self) -> tf.DType:
        """The dtype of its values."""
        return self.type_spec.dtype

    def get_shape(self) -> tf.TensorShape:
        """The static shape; for sparse and ragged tensors the shape of the dense equivalent."""
        return self.type_spec.shape

    @property
    def is_sparse(self) -> bool:
        """Whether it is a `tf.SparseTensor`."""
        return isinstance(self.type_spec, tf.SparseTensorSpec)

    @property
    def is_composite(self) -> bool:
        """Whether it is a composite tensor other than a sparse one, for example a `tf.RaggedTensor`."""
        return not isinstance(self.type_spec, (tf.TensorSpec, tf.SparseTensorSpec))

    @property
    def kind(self) -> str:
        """`dense`, `sparse`, `ragged`, or the name of another composite type."""
        if isinstance(self.type_spec, tf.TensorSpec):
            return "dense"
        if self.is_sparse:
            return "sparse"
        return "ragged" if isinstance(self.type_spec, tf.RaggedTensorSpec) else type(self.type_spec).__name__

    def component_names(self, name: str) -> list[str]:
        """Names for the dense tensors that an input `name` of this type consists of."""
        if self.kind == "dense":
            return [name]
        if self.is_sparse:
            return [f"{name}_{component}" for component in COMPONENTS_OF_SPARSE]
        return [f"{name}_component_{i}" for i in range(len(self.names))]

    def component_specs(self) -> list[tf.TensorSpec]:
        """The specs of the dense tensors that it consists of."""
        return list(tf.nest.flatten(self.type_spec, expand_composites=True))

    def pack(self, components: list[Any]) -> Any:
        """Builds the tensor from its dense tensors, in the order of `names`."""
        if self.kind == "dense":
            return components[0]
        if self.is_sparse:
            return tf.SparseTensor(*components)
        return tf.nest.pack_sequence_as(self.type_spec, components, expand_composites=True)

    def unpack(self, tensor: Any) -> list[Any]:
        """Splits a tensor of this type into its dense tensors, in the order of `names`."""
        if self.kind == "dense":
            return [tensor]
        if self.is_sparse:
            return [tensor.indices, tensor.values, tensor.dense_shape]
        return list(tf.nest.flatten(tensor, expand_composites=True))

    def __str__(self) -> str:
        shape = self.get_shape()
        text = "?" if shape.rank is None else str([None if d is None else int(d) for d in shape.as_list()])
        return f"{self.kind} {self.dtype.name} {text}"


def read_tensor_info(proto: Any) -> SignatureTensor:
    """Reads a `TensorInfo` protobuf.

    Raises:
      FormatError: this release of TensorFlow does not know its encoding or type.
    """
    encoding = proto.WhichOneof("encoding")
    if encoding == "composite_tensor":  # its dtype and shape are in its type
        return _read_composite(proto.composite_tensor)
    shape = tf.TensorShape(proto.tensor_shape)
    dtype = tf.as_dtype(proto.dtype)
    if encoding in ("name", None):
        return SignatureTensor((proto.name,), tf.TensorSpec(shape, dtype))
    if encoding == "coo_sparse":
        sparse = proto.coo_sparse
        names = (sparse.indices_tensor_name, sparse.values_tensor_name, sparse.dense_shape_tensor_name)
        return SignatureTensor(names, tf.SparseTensorSpec(shape, dtype))
    raise FormatError(
        f"Expected a dense, sparse or composite tensor in a signature, got the encoding {encoding!r}.",
        hint="The module was written by a newer TensorFlow: use that version or a newer one.",
    )


def write_tensor_info(tensor: Any, proto: Any) -> None:
    """Writes a tensor to a `TensorInfo` protobuf.

    `tf.compat.v1.saved_model.build_tensor_info` does the same, and logs a warning that it is deprecated.

    Args:
      tensor: a dense, sparse or ragged tensor of a graph.
      proto: an empty message.
    """
    if isinstance(tensor, (tf.Tensor, tf.SparseTensor)):
        proto.dtype = tensor.dtype.as_datatype_enum
        proto.tensor_shape.CopyFrom(tensor.get_shape().as_proto())
    if isinstance(tensor, tf.Tensor):
        proto.name = tensor.name
    elif isinstance(tensor, tf.SparseTensor):
        proto.coo_sparse.indices_tensor_name = tensor.indices.name
        proto.coo_sparse.values_tensor_name = tensor.values.name
        proto.coo_sparse.dense_shape_tensor_name = tensor.dense_shape.name
    else:
        proto.composite_tensor.type_spec.CopyFrom(write_type_spec(tf.type_spec_from_value(tensor)))
        for component in tf.nest.flatten(tensor, expand_composites=True):
            write_tensor_info(component, proto.composite_tensor.components.add())


def _read_composite(composite: Any) -> SignatureTensor:
    try:
        type_spec = read_type_spec(composite.type_spec)
    except ValueError as error:
        raise FormatError(
            f"Expected a type of composite tensors that TensorFlow {tf.__version__} knows, got "
            f"{composite.type_spec.type_spec_class_name!r}.",
            hint="Use the release of TensorFlow that wrote the module, or a newer one.",
        ) from error
    return SignatureTensor(tuple(info.name for info in composite.components), type_spec)
