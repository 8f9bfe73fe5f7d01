"""Describing TensorFlow.js models: signature, ops and weights in `model.json`."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tensorflow_hub.errors import FormatError
from tensorflow_hub.format.module import layout
from tensorflow_hub.format.module.module_description import ModuleDescription
from tensorflow_hub.format.module.signatures import (
    SignatureDescription,
    TensorDescription,
    VariantDescription,
)
from tensorflow_hub.format.module.tensor_types import Shape, dtype_name, elements
from tensorflow_hub.format.module.tfjs_topology import topology_signature
from tensorflow_hub.format.module.variables import VariablesDescription

_TYPES = {"float": "float32", "half": "float16", "double": "float64"}

_MOST_AXES = 32
_LONGEST_VERSION = 100


@dataclasses.dataclass(frozen=True)
class TfjsDescription:
    """The description of a TensorFlow.js model.

    Attributes:
      form: "graph-model" or "layers-model".
      signatures: its signature, or none.
      ops: the names of its ops; empty for a layers model.
      weight_files: the paths of the files of weights.
      variables: the number of weights.
      parameters: the number of elements of all weights.
      stated_versions: the versions of Keras, of the converter and of the program that wrote its source.
    """

    form: str
    signatures: tuple[SignatureDescription, ...]
    ops: tuple[str, ...]
    weight_files: tuple[str, ...]
    variables: int
    parameters: int
    stated_versions: Mapping[str, str]


def read_tfjs(root: Path) -> ModuleDescription | None:
    """Describes a TensorFlow.js model; None if there is none in the directory.

    Raises:
      FormatError: it is damaged, or files of weights are missing.
    """
    if not (root / layout.TFJS_MODEL).is_file():
        return None
    model = describe_tfjs(layout.read_file(root, layout.TFJS_MODEL, 128 << 20))
    missing = sorted(path for path in model.weight_files if not _is_inside(root, path))
    if missing:
        raise FormatError(
            f"Expected the files of weights that model.json lists, but {missing[0]!r} is missing.",
            hint="Copy all files that the converter wrote.",
        )
    variants = (VariantDescription((), model.signatures),) if model.signatures else ()
    variables = VariablesDescription(model.variables, model.parameters, None)
    return ModuleDescription(
        "tfjs",
        "",
        0,
        0,
        variants=variants,
        variables=variables,
        ops=model.ops,
        stated_versions=model.stated_versions,
        fine_tunable=False,
    )


def describe_tfjs(data: bytes) -> TfjsDescription:
    """Describes a `model.json`.

    Raises:
      FormatError: it is damaged, or of another format.
    """
    try:
        model = json.loads(data)
        return _describe(model)
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError) as error:
        raise FormatError(
            f"Expected model.json of a TensorFlow.js model, got {type(error).__name__}: {error!s:.60}.",
            hint="Convert the model again with tensorflowjs_converter.",
        ) from None


def _describe(model: Any) -> TfjsDescription:
    topology = model["modelTopology"]
    manifest = model.get("weightsManifest") or []
    weights = [weight for group in manifest for weight in group["weights"]]
    return TfjsDescription(
        str(model.get("format") or ("graph-model" if "node" in topology else "layers-model")),
        _signatures(
            model.get("signature")
            or (model.get("userDefinedMetadata") or {}).get("signature")
            or topology_signature(topology)
        ),
        tuple(sorted({str(node["op"]) for node in topology.get("node", ())})),
        tuple(str(path) for group in manifest for path in group["paths"]),
        len(weights),
        sum(elements(_shape(weight["shape"])) for weight in weights),
        _stated_versions(model, topology),
    )


def _stated_versions(model: Mapping[str, Any], topology: Mapping[str, Any]) -> dict[str, str]:
    said = {
        "keras": topology.get("keras_version"),
        "tfjs_converter": model.get("convertedBy"),
        "tfjs_writer": model.get("generatedBy"),
    }
    return {
        name: text
        for name, text in said.items()
        if isinstance(text, str) and 0 < len(text) <= _LONGEST_VERSION and text.isprintable()
    }


def _shape(sizes: Any) -> Shape:
    shape = tuple(int(size) for size in sizes)
    if len(shape) > _MOST_AXES or not all(0 <= size < 2**31 for size in shape):
        raise ValueError(f"a weight of the shape {str(shape)[:40]}")  # its size would be a huge integer
    return shape


def _signatures(signature: Any) -> tuple[SignatureDescription, ...]:
    if not signature:
        return ()
    sides = [
        {str(name): _tensor(info) for name, info in sorted(signature.get(side, {}).items())}
        for side in ("inputs", "outputs")
    ]
    return (SignatureDescription("default", sides[0], sides[1]),)


def _tensor(info: Mapping[str, Any]) -> TensorDescription:
    written = info.get("dtype", "unknown")  # older converters wrote the number of the type
    dtype = dtype_name(written) if isinstance(written, int) else str(written).removeprefix("DT_").lower()
    shape: Shape = None
    if "tensorShape" in info and not info["tensorShape"].get("unknownRank"):
        sizes = [int(dim.get("size", 0)) for dim in info["tensorShape"].get("dim", ())]
        shape = tuple(size if size >= 0 else None for size in sizes)
    return TensorDescription(_TYPES.get(dtype, dtype), shape)


def _is_inside(root: Path, path: str) -> bool:
    return ".." not in Path(path).parts and not Path(path).is_absolute() and (root / path).is_file()
