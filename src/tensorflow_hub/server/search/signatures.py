"""Search by typed interface: `string -> float32[512]` finds modules that map strings to such vectors.

    interface = tensors "->" tensors          tensors = tensor {"," tensor} | nothing ("any")
    tensor    = [name ":"] dtype ["[" dims "]"]       dims = dim {"," dim}, dim = number | "?"

The arrow may also be `→` or `=>`. A dtype may be `*`. A tensor without brackets has any shape. A shape may
be written with or without the batch dimension.

The signatures of a module come from its description: `format.description.ModuleDescription.to_dict()`.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
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
class Tensor:
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
class Interface:
    """The inputs and outputs of a signature; in a search, an empty side means any."""

    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]

    def __str__(self) -> str:
        return f"{', '.join(map(str, self.inputs))} -> {', '.join(map(str, self.outputs))}".strip()

    def of_any_shape(self) -> Interface:
        """Returns the same interface without shapes, for a search."""
        inputs, outputs = (
            tuple(dataclasses.replace(tensor, shape=None) for tensor in side)
            for side in (self.inputs, self.outputs)
        )
        return Interface(inputs, outputs)


def wanted_interface(text: str) -> Interface:
    """Parses an interface that a user searches for.

    Raises:
      FormatError: it is malformed, or has a dtype that does not exist.
    """
    interface = parse_interface(text)
    for tensor in (*interface.inputs, *interface.outputs):
        if tensor.dtype not in _DTYPES:
            raise _malformed(text, f"{tensor.dtype!r:.60} is no dtype")
    return interface


def parse_interface(text: str) -> Interface:
    """Parses an interface. Its dtypes may be any words: those of stored signatures are of several formats.

    Raises:
      FormatError: there is no arrow, or a side is not a list of tensors.

    >>> str(parse_interface("string → float[?, 512]"))
    'string -> float32[?,512]'
    """
    sides = re.split(r"->|→|=>", text)
    if len(sides) != 2:
        raise _malformed(text, f"it has {'no arrow' if len(sides) < 2 else 'more than one arrow'}")
    return Interface(_parse_side(sides[0], text), _parse_side(sides[1], text))


def signatures_of(description: Mapping[str, Any]) -> dict[str, Interface]:
    """Returns name → interface of the signatures of all variants, and of `__call__` and other functions.

    The inputs are in the order in which they are passed.
    """
    found: dict[str, Interface] = {}
    for variant in description.get("variants", ()):
        for signature in variant["signatures"]:
            sides = (signature["inputs"], signature["outputs"])
            given, returned = (tuple(_tensor_of(t, name) for name, t in side.items()) for side in sides)
            found.setdefault(signature["name"], Interface(given, returned))
    for function in description.get("functions", ()):
        for trace in function["traces"][:1]:
            inputs = (*tensors_of(trace["arguments"]), *tensors_of(trace["keywords"]))
            found.setdefault(function["name"], Interface(inputs, tuple(tensors_of(trace["result"]))))
    return {
        name: interface
        for name, interface in found.items()
        if max(len(interface.inputs), len(interface.outputs)) <= MOST_TENSORS
    }


def tensors_of(structure: Any, name: str | None = None) -> list[Tensor]:
    """Returns the tensors in the nested arguments or results of a function, in their order."""
    if isinstance(structure, Mapping):
        if is_tensor(structure):
            return [_tensor_of(structure, name)]
        return [tensor for key, item in structure.items() for tensor in tensors_of(item, str(key))]
    if isinstance(structure, (list, tuple)):
        return [tensor for item in structure for tensor in tensors_of(item)]
    return []


def matches(wanted: Interface, offered: Interface) -> bool:
    """Whether a signature has exactly the wanted inputs, and at least the wanted outputs.

    >>> use = parse_interface("inputs:string[?] -> outputs:float32[?,512]")
    >>> matches(parse_interface("string -> float32[512]"), use)
    True
    >>> matches(parse_interface("string -> float32[128]"), use)
    False
    """
    return (
        len(wanted.inputs) in (0, len(offered.inputs))
        and _assign(wanted.inputs, offered.inputs, given=True)
        and _assign(wanted.outputs, offered.outputs, given=False)
    )


def _assign(wanted: Sequence[Tensor], offered: Sequence[Tensor], *, given: bool) -> bool:
    """Whether each wanted tensor can get a different offered tensor.

    Finds a bipartite matching with augmenting paths, in polynomial time for any search.
    """
    owner: dict[int, int] = {}

    def place(want: int, tried: set[int]) -> bool:
        for have, tensor in enumerate(offered):
            if have not in tried and _fits(wanted[want], tensor, given=given):
                tried.add(have)
                if have not in owner or place(owner[have], tried):
                    owner[have] = want
                    return True
        return False

    return all(place(want, set()) for want in range(len(wanted)))


def _fits(wanted: Tensor, offered: Tensor, *, given: bool) -> bool:
    if wanted.dtype not in ("*", offered.dtype) or wanted.name not in (None, offered.name):
        return False
    if wanted.shape is None or offered.shape is None:
        return wanted.shape is None or given  # an input of unknown shape accepts any shape
    without_batch = offered.shape[1:] if offered.shape[:1] == (None,) else offered.shape
    return any(
        len(wanted.shape) == len(shape)
        and all(
            want is None or want == have or (have is None and given)
            for want, have in zip(wanted.shape, shape, strict=True)
        )
        for shape in (offered.shape, without_batch)
    )


def _tensor_of(description: Mapping[str, Any], name: str | None) -> Tensor:
    shape = description.get("shape")
    dims = None if shape is None else tuple(None if d is None or d < 0 else int(d) for d in shape)
    clean = "_".join(_NAME.findall(name)) if name else ""
    return Tensor(str(description["dtype"]), dims, clean or None)


def _parse_side(side: str, text: str) -> tuple[Tensor, ...]:
    tensors: list[Tensor] = []
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


def _tensor(found: re.Match[str], text: str) -> Tensor:
    dtype = _DTYPE_NAMES.get(found["dtype"], found["dtype"])
    if found["dims"] is None:
        return Tensor(dtype, None, found["name"])
    dims = [dim.strip() for dim in found["dims"].split(",") if dim.strip()]
    for dim in dims:
        if not _DIM.fullmatch(dim):
            raise _malformed(text, f"{dim!r:.60} is no size")
    return Tensor(dtype, tuple(int(d) if d.isdigit() else None for d in dims), found["name"])


def _malformed(text: str, reason: str) -> FormatError:
    return FormatError(
        f"Expected an interface such as 'string -> float32[512]', got {text!r:.200}: {reason}.",
        hint="Write inputs -> outputs. Each side lists name:dtype[sizes], with commas between. name: and "
        "[sizes] may be left out; ? is any size, * any dtype, and an empty side is anything. For example "
        "'ids:int32[?,128], mask:int32[?,128] -> float32'.",
    )
