"""The types of a signature as text: `string -> float32[512]` maps strings to vectors of 512 numbers.

    types     = tensors "->" tensors          tensors = tensor {"," tensor} | nothing ("any")
    tensor    = [name ":"] dtype ["[" dims "]"]       dims = dim {"," dim}, dim = number | "?"

Search finds modules by such texts. The arrow may also be `→` or `=>`. A dtype may be `*`. A tensor without
brackets has any shape.

The signatures of a module come from its description: `format.description.ModuleDescription.to_dict()`.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from typing import Any

from tensorflow_hub.errors import FormatError
from tensorflow_hub.format.module.signatures import is_tensor
from tensorflow_hub.format.module.tensor_types import DTYPE_NAMES

# A tensor, and the comma after it.
_TENSOR = re.compile(
    r"(?:(?P<name>[\w./-]+)\s*:\s*)?(?P<dtype>\*|[a-z]\w*)(?:\s*\[(?P<dims>[^\]]*)\])?\s*(?:,\s*|$)"
)
_NAME = re.compile(r"[\w./-]+")
_DIM = re.compile(r"\?|\*|None|-1|[0-9]{1,18}")
# The most tensors on one side. Typed search does not find signatures with more.
MOST_TENSORS = 12

_DTYPE_NAMES = {"float": "float32", "double": "float64", "half": "float16", "int": "int32", "long": "int64"}
_DTYPE_NAMES |= {"str": "string", "text": "string", "boolean": "bool"}
_DTYPES = DTYPE_NAMES | {"*"}


@dataclasses.dataclass(frozen=True)
class TensorType:
    """The type of an input or output.

    Attributes:
      dtype: for example `"float32"`; in a search also `"*"` for any.
      shape: the dimensions, None for an unknown one; None if the whole shape is unknown.
      name: the name; in a search None for any.
    """

    dtype: str
    shape: tuple[int | None, ...] | None = None
    name: str | None = None

    def __str__(self) -> str:
        dims = "" if self.shape is None else f"[{','.join('?' if d is None else str(d) for d in self.shape)}]"
        return f"{self.name}:{self.dtype}{dims}" if self.name else f"{self.dtype}{dims}"


@dataclasses.dataclass(frozen=True)
class SignatureType:
    """The inputs and outputs of a signature; in a search, an empty side means any."""

    inputs: tuple[TensorType, ...]
    outputs: tuple[TensorType, ...]

    def __str__(self) -> str:
        return f"{', '.join(map(str, self.inputs))} -> {', '.join(map(str, self.outputs))}".strip()

    def of_any_shape(self) -> SignatureType:
        """Returns the same types without shapes, for a search."""
        inputs, outputs = (
            tuple(dataclasses.replace(tensor, shape=None) for tensor in side)
            for side in (self.inputs, self.outputs)
        )
        return SignatureType(inputs, outputs)


def parse_wanted_types(text: str) -> SignatureType:
    """Parses the types that a user searches for.

    Raises:
      FormatError: it is malformed, or has a dtype that does not exist.
    """
    wanted = parse_types(text)
    for tensor in (*wanted.inputs, *wanted.outputs):
        if tensor.dtype not in _DTYPES:
            raise _malformed(text, f"{tensor.dtype!r:.60} is no dtype")
    return wanted


def parse_types(text: str) -> SignatureType:
    """Parses the types of a signature. A dtype may be any word: stored signatures are of several formats.

    Raises:
      FormatError: there is no arrow, or a side is not a list of tensors.

    >>> str(parse_types("string → float[?, 512]"))
    'string -> float32[?,512]'
    """
    sides = re.split(r"->|→|=>", text)
    if len(sides) != 2:
        raise _malformed(text, f"it has {'no arrow' if len(sides) < 2 else 'more than one arrow'}")
    return SignatureType(_parse_side(sides[0], text), _parse_side(sides[1], text))


def signatures_of(description: Mapping[str, Any]) -> dict[str, SignatureType]:
    """Returns name → types of the signatures of all variants, and of `__call__` and other functions.

    The inputs are in the order in which they are passed.
    """
    found: dict[str, SignatureType] = {}
    for variant in description.get("variants", ()):
        for signature in variant["signatures"]:
            sides = (signature["inputs"], signature["outputs"])
            given, returned = (tuple(_tensor_of(t, name) for name, t in side.items()) for side in sides)
            found.setdefault(signature["name"], SignatureType(given, returned))
    for function in description.get("functions", ()):
        for trace in function["traces"][:1]:
            inputs = (*tensors_of(trace["arguments"]), *tensors_of(trace["keywords"]))
            found.setdefault(function["name"], SignatureType(inputs, tuple(tensors_of(trace["result"]))))
    return {
        name: types
        for name, types in found.items()
        if max(len(types.inputs), len(types.outputs)) <= MOST_TENSORS
    }


def tensors_of(structure: Any, name: str | None = None) -> list[TensorType]:
    """Returns the tensors in the nested arguments or results of a function, in their order."""
    if isinstance(structure, Mapping):
        if is_tensor(structure):
            return [_tensor_of(structure, name)]
        return [tensor for key, item in structure.items() for tensor in tensors_of(item, str(key))]
    if isinstance(structure, (list, tuple)):
        return [tensor for item in structure for tensor in tensors_of(item)]
    return []


def _tensor_of(description: Mapping[str, Any], name: str | None) -> TensorType:
    shape = description.get("shape")
    dims = None if shape is None else tuple(None if d is None or d < 0 else int(d) for d in shape)
    clean = "_".join(_NAME.findall(name)) if name else ""
    return TensorType(str(description["dtype"]), dims, clean or None)


def _parse_side(side: str, text: str) -> tuple[TensorType, ...]:
    tensors: list[TensorType] = []
    rest = side.strip()
    while rest:
        found = _TENSOR.match(rest)
        if found is None:
            raise _malformed(text, f"{rest!r:.60} does not begin with a tensor")
        if len(tensors) == MOST_TENSORS:
            raise _malformed(text, f"one side has more than {MOST_TENSORS} tensors")
        tensors.append(_tensor(found, text))
        rest = rest[found.end() :]
    return tuple(tensors)


def _tensor(found: re.Match[str], text: str) -> TensorType:
    dtype = _DTYPE_NAMES.get(found["dtype"], found["dtype"])
    if found["dims"] is None:
        return TensorType(dtype, None, found["name"])
    dims = [dim.strip() for dim in found["dims"].split(",") if dim.strip()]
    for dim in dims:
        if not _DIM.fullmatch(dim):
            raise _malformed(text, f"{dim!r:.60} is no size")
    return TensorType(dtype, tuple(int(d) if d.isdigit() else None for d in dims), found["name"])


def _malformed(text: str, reason: str) -> FormatError:
    return FormatError(
        f"Expected an interface such as 'string -> float32[512]', got {text!r:.200}: {reason}.",
        hint="Write inputs -> outputs. Each side lists name:dtype[sizes], with commas between. name: and "
        "[sizes] may be left out; ? is any size, * any dtype, and an empty side is anything. For example "
        "'ids:int32[?,128], mask:int32[?,128] -> float32'.",
    )
