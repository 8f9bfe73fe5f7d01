"""Describing TFLite files: signatures and custom ops."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from pathlib import Path

from tensorflow_hub.format.module import layout
from tensorflow_hub.format.module.flatbuffer import Table, damaged
from tensorflow_hub.format.module.module_description import ModuleDescription
from tensorflow_hub.format.module.signatures import (
    SignatureDescription,
    TensorDescription,
    VariantDescription,
)
from tensorflow_hub.format.module.tensor_types import Shape

# The enum TensorType of TFLite's public schema.
_TYPES = (
    "float32", "float16", "int32", "uint8", "int64", "string", "bool", "int16", "complex64", "int8",
    "float64", "complex128", "uint64", "resource", "variant", "uint32", "uint16", "int4", "bfloat16",
)  # fmt: skip
_CUSTOM_OP = 32
_RUNTIME = "min_runtime_version"
_VERSION = re.compile(r"[0-9][0-9A-Za-z.+-]{0,30}")


@dataclasses.dataclass(frozen=True)
class TfliteDescription:
    """The description of a TFLite file.

    Attributes:
      signatures: its signatures, or one with the name "default" for its first subgraph.
      custom_ops: the names of its custom ops.
      stated_versions: the versions of its schema and of the earliest runtime, if the file has them.
    """

    signatures: tuple[SignatureDescription, ...]
    custom_ops: tuple[str, ...]
    stated_versions: Mapping[str, str]


def read_tflite(root: Path) -> ModuleDescription | None:
    """Describes the only TFLite file in a directory; None if there is none, or several.

    Raises:
      FormatError: it is damaged.
    """
    name = layout.tflite_file(root)
    if name is None:
        return None
    model = describe_tflite(layout.read_file(root, name))
    variants = (VariantDescription((), model.signatures),)
    return ModuleDescription(
        "tflite",
        "",
        0,
        0,
        variants=variants,
        custom_ops=model.custom_ops,
        stated_versions=model.stated_versions,
        fine_tunable=False,
    )


def describe_tflite(data: bytes) -> TfliteDescription:
    """Describes a TFLite file.

    The numbers of fields are those of TFLite's `schema.fbs`.

    Raises:
      FormatError: it is damaged, or of another format.
    """
    if data[4:8] != b"TFL3":
        raise damaged(f"the identifier {data[4:8]!r}")
    model = Table.root(data)
    graphs = model.tables(2)
    if not graphs:
        raise damaged("no graph")
    tensors = [graph.tables(0) for graph in graphs]
    signatures = [_signature(signature, tensors) for signature in model.tables(7)]
    if not signatures:
        signatures = [_whole(graphs[0], tensors[0])]
    custom = {
        code.text(1) for code in model.tables(1) if max(code.integer(0, 1), code.integer(3, 4)) == _CUSTOM_OP
    }
    stated = {"tflite_schema": str(model.integer(0, 4))} | _runtime(model)
    return TfliteDescription(tuple(signatures), tuple(sorted(custom - {""})), stated)


def _runtime(model: Table) -> dict[str, str]:
    """The earliest version of the runtime, which the converter writes as a text among the metadata."""
    numbers = [item.integer(1, 4) for item in model.tables(6) if item.text(0) == _RUNTIME]
    buffers = model.tables(4) if numbers else []
    if not numbers or not 0 <= numbers[0] < len(buffers):
        return {}
    text = buffers[numbers[0]].text(0).partition("\0")[0]
    return {"tflite_runtime": text} if _VERSION.fullmatch(text) else {}


def _signature(signature: Table, tensors: list[list[Table]]) -> SignatureDescription:
    graph = signature.integer(4, 4)
    if not 0 <= graph < len(tensors):
        raise damaged("a signature of a missing subgraph")
    sides = [
        {item.text(0): _tensor(tensors[graph], item.integer(1, 4)) for item in signature.tables(side)}
        for side in (0, 1)
    ]
    return SignatureDescription(signature.text(2), sides[0], sides[1])


def _whole(graph: Table, tensors: list[Table]) -> SignatureDescription:
    sides = []
    for side in (1, 2):
        numbers = graph.integers(side) or []
        sides.append({_name(tensors, number): _tensor(tensors, number) for number in numbers})
    return SignatureDescription("default", sides[0], sides[1])


def _name(tensors: list[Table], number: int) -> str:
    return (tensors[number].text(3) if 0 <= number < len(tensors) else "") or f"tensor_{number}"


def _tensor(tensors: list[Table], number: int) -> TensorDescription:
    if not 0 <= number < len(tensors):
        raise damaged("the number of a missing tensor")
    tensor = tensors[number]
    sizes = tensor.integers(7) or tensor.integers(0) or []
    shape: Shape = tuple(size if size >= 0 else None for size in sizes)
    kind = tensor.integer(1, 1)
    return TensorDescription(_TYPES[kind] if 0 <= kind < len(_TYPES) else "unknown", shape)
