"""Descriptions of the signatures of a SavedModel: names, dtypes and shapes of inputs and outputs."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Literal

from tensorflow_hub.format.module.tensor_types import Shape, dtype_name, shape_of, shape_text

TensorKind = Literal["dense", "sparse", "ragged"]
_SPARSE_SPEC, _RAGGED_SPEC = 1, 3  # of the enum TypeSpecClass in TensorFlow's `struct.proto`
# An input of strings whose name ends with one of these words takes the bytes of image files.
_NAMES_OF_BYTES = ("image", "images", "bytes", "encoded", "jpeg", "png")
_INTERNAL = "__saved_model_"  # the prefix of signatures that TensorFlow adds, such as __saved_model_init_op


@dataclasses.dataclass(frozen=True)
class TensorDescription:
    """The type of a tensor.

    Attributes:
      dtype: such as "float32".
      shape: a size for each dimension, None for an unknown size; None for an unknown rank.
      kind: "dense", "sparse" or "ragged".
    """

    dtype: str
    shape: Shape
    kind: TensorKind = "dense"

    def __str__(self) -> str:
        """The type as text, such as `float32[?, 224, 224, 3]`."""
        return f"{'' if self.kind == 'dense' else self.kind + ' '}{self.dtype}{shape_text(self.shape)}"


@dataclasses.dataclass(frozen=True)
class SignatureDescription:
    """A signature.

    Attributes:
      name: its name.
      inputs: the inputs by name.
      outputs: the outputs by name.
      method: for what TensorFlow Serving uses it, such as "tensorflow/serving/predict"; "" if the file does
        not say it, or an earlier release described the module.
    """

    name: str
    inputs: Mapping[str, TensorDescription]
    outputs: Mapping[str, TensorDescription]
    method: str = ""


@dataclasses.dataclass(frozen=True)
class VariantDescription:
    """A graph of a module: its tags (sorted) and its signatures (by name)."""

    tags: tuple[str, ...]
    signatures: tuple[SignatureDescription, ...]


def variant_of(meta_graph: Any) -> VariantDescription:
    """Describes the signatures of a MetaGraphDef."""
    return VariantDescription(
        tuple(sorted(set(meta_graph.meta_info_def.tags))),
        tuple(
            SignatureDescription(
                name, _tensors(signature.inputs), _tensors(signature.outputs), signature.method_name
            )
            for name, signature in sorted(meta_graph.signature_def.items())
            if not name.startswith(_INTERNAL)
        ),
    )


def _tensors(infos: Any) -> dict[str, TensorDescription]:
    return {name: tensor_of(info) for name, info in sorted(infos.items())}


def tensor_of(info: Any) -> TensorDescription:
    """Describes a TensorInfo."""
    if info.HasField("composite_tensor"):
        return composite_of(info.composite_tensor.type_spec)
    kind: TensorKind = "sparse" if info.HasField("coo_sparse") else "dense"
    return TensorDescription(dtype_name(info.dtype), shape_of(info.tensor_shape), kind)


def composite_of(spec: Any) -> TensorDescription:
    """Describes a TypeSpecProto. The state of sparse and ragged tensors begins with shape and dtype."""
    state = spec.type_state.tuple_value.values
    shape = next((shape_of(v.tensor_shape_value) for v in state if v.HasField("tensor_shape_value")), None)
    dtype = next((v.tensor_dtype_value for v in state if v.HasField("tensor_dtype_value")), 0)
    kinds: dict[int, TensorKind] = {_SPARSE_SPEC: "sparse", _RAGGED_SPEC: "ragged"}
    return TensorDescription(dtype_name(dtype), shape, kinds.get(spec.type_spec_class, "dense"))


def is_name_of_image_bytes(name: str) -> bool:
    """Whether an input of strings with this name takes the bytes of image files."""
    return name.lower().endswith(_NAMES_OF_BYTES)


def is_tensor(structure: Any) -> bool:
    """Whether a part of a description, in its JSON form, describes a tensor.

    >>> is_tensor({"dtype": "int32", "shape": [None], "kind": "dense"}), is_tensor({"dtype": "int32"})
    (True, False)
    """
    is_named_so = isinstance(structure, Mapping) and set(structure) == {"dtype", "shape", "kind"}
    return is_named_so and isinstance(structure["dtype"], str)  # an input may have these names, too
