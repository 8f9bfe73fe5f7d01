"""A signature of a graph of TensorFlow 1: its inputs and outputs, and the flat tensors they are made of."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from typing import Any

import tensorflow as tf

_RESERVED = frozenset({"__saved_model_init_op", "__saved_model_train_op"})


@dataclasses.dataclass(frozen=True)
class GraphSignature:
    """A signature.

    Attributes:
      inputs: name → spec of the tensor, sparse tensor or ragged tensor.
      outputs: the same for outputs.
      component_tensors: name of a flat input → the tensor in the graph that it feeds. A dense input keeps its
        name; the parts of a sparse one are `<name>_indices`, `<name>_values` and `<name>_dense_shape`, those
        of a ragged one `<name>_component_<i>`.
      output_parts: output → the tensors in the graph that it is made of.
    """

    inputs: Mapping[str, tf.TypeSpec]
    outputs: Mapping[str, tf.TypeSpec]
    component_tensors: Mapping[str, str]
    output_parts: Mapping[str, tuple[str, ...]]
    flat_specs: Mapping[str, tf.TensorSpec]

    @property
    def input_tensors(self) -> list[str]:
        """The tensors of the graph that the inputs feed."""
        return list(self.component_tensors.values())

    @property
    def output_tensors(self) -> list[str]:
        """The tensors of the graph that the outputs are made of."""
        return [part for parts in self.output_parts.values() for part in parts]

    def component_specs(self) -> dict[str, tf.TensorSpec]:
        """The spec of each flat input."""
        return dict(self.flat_specs)

    def components(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Inputs by name as flat tensors by name."""
        flat: dict[str, Any] = {}
        for name, spec in self.inputs.items():
            value = values[name]
            if isinstance(spec, tf.SparseTensorSpec):
                value = tf.sparse.from_dense(value) if not isinstance(value, tf.SparseTensor) else value
                flat |= {
                    f"{name}_indices": value.indices,
                    f"{name}_values": value.values,
                    f"{name}_dense_shape": value.dense_shape,
                }
            elif isinstance(spec, tf.TensorSpec):
                flat[name] = value
            else:
                parts = tf.nest.flatten(value, expand_composites=True)
                flat |= {f"{name}_component_{i}": part for i, part in enumerate(parts)}
        return {argument: flat[name] for argument, name in self.arguments().items()}

    def arguments(self) -> dict[str, str]:
        """A name that a Python argument may have → the flat input it stands for; each name is used once."""
        named: dict[str, str] = {}
        for name in sorted(self.flat_specs, key=lambda name: (not name.isidentifier(), name)):
            argument = plain = re.sub(r"\W", "_", name)
            number = 0
            while argument in named:  # the inputs `a-b` and `a_b`
                number += 1
                argument = f"{plain}_{number}"
            named[argument] = name
        return named

    def assemble(self, tensors: Mapping[str, Any]) -> dict[str, Any]:
        """Outputs by name from the tensors of the graph that they are made of."""
        outputs = {}
        for name, parts in self.output_parts.items():
            values = [tensors[part] for part in parts]
            spec = self.outputs[name]
            if isinstance(spec, tf.SparseTensorSpec):
                outputs[name] = tf.SparseTensor(*values)
            elif isinstance(spec, tf.TensorSpec):
                outputs[name] = values[0]
            else:
                outputs[name] = tf.nest.pack_sequence_as(spec, values, expand_composites=True)
        return outputs


def signatures_of(meta_graph: Any) -> dict[str, GraphSignature]:
    """The signatures of a `MetaGraphDef` by name."""
    return {
        name: _signature(definition)
        for name, definition in sorted(meta_graph.signature_def.items())
        if name not in _RESERVED
    }


def _signature(definition: Any) -> GraphSignature:
    inputs = {name: _spec(info) for name, info in sorted(definition.inputs.items())}
    component_tensors: dict[str, str] = {}
    flat_specs: dict[str, tf.TensorSpec] = {}
    for name, info in sorted(definition.inputs.items()):
        for component, tensor, spec in _components(name, info):
            component_tensors[component] = tensor
            flat_specs[component] = spec
    outputs = {name: _spec(info) for name, info in sorted(definition.outputs.items())}
    parts = {
        name: tuple(tensor for _, tensor, _ in _components(name, info))
        for name, info in sorted(definition.outputs.items())
    }
    return GraphSignature(inputs, outputs, component_tensors, parts, flat_specs)


def _spec(info: Any) -> tf.TypeSpec:
    encoding = info.WhichOneof("encoding")
    if encoding == "composite_tensor":  # its dtype and shape are in its type
        return _composite_spec(info)
    shape = tf.TensorShape(info.tensor_shape)
    if encoding == "coo_sparse":
        return tf.SparseTensorSpec(shape, tf.as_dtype(info.dtype))
    return tf.TensorSpec(shape, tf.as_dtype(info.dtype))


def _composite_spec(info: Any) -> tf.TypeSpec:
    from tensorflow.core.protobuf import struct_pb2
    from tensorflow.python.saved_model import nested_structure_coder

    value = struct_pb2.StructuredValue(type_spec_value=info.composite_tensor.type_spec)
    return nested_structure_coder.decode_proto(value)


def _components(name: str, info: Any) -> list[tuple[str, str, tf.TensorSpec]]:
    """The flat parts of an input or output: (its name, the tensor in the graph, its spec)."""
    encoding = info.WhichOneof("encoding")
    if encoding == "coo_sparse":
        dtype = tf.as_dtype(info.dtype)
        sparse = info.coo_sparse
        rank = tf.TensorShape(info.tensor_shape).rank
        return [
            (f"{name}_indices", sparse.indices_tensor_name, tf.TensorSpec([None, rank], tf.int64)),
            (f"{name}_values", sparse.values_tensor_name, tf.TensorSpec([None], dtype)),
            (f"{name}_dense_shape", sparse.dense_shape_tensor_name, tf.TensorSpec([rank], tf.int64)),
        ]
    if encoding == "composite_tensor":
        return [
            (
                f"{name}_component_{i}",
                part.name,
                tf.TensorSpec(tf.TensorShape(part.tensor_shape), tf.as_dtype(part.dtype)),
            )
            for i, part in enumerate(info.composite_tensor.components)
        ]
    return [(name, info.name, tf.TensorSpec(tf.TensorShape(info.tensor_shape), tf.as_dtype(info.dtype)))]
