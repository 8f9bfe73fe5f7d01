"""Dtypes and shapes in TensorFlow's protobufs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Optional

# A size for each dimension, None for an unknown size; None for an unknown rank.
Shape = Optional[tuple[Optional[int], ...]]  # noqa: UP045 - evaluated on Python 3.10 too

# The enum DataType of TensorFlow's `types.proto`. A number plus 100 is the reference type (TF1 variables).
_NAMES = {
    1: "float32", 2: "float64", 3: "int32", 4: "uint8", 5: "int16", 6: "int8", 7: "string", 8: "complex64",
    9: "int64", 10: "bool", 11: "qint8", 12: "quint8", 13: "qint32", 14: "bfloat16", 15: "qint16",
    16: "quint16", 17: "uint16", 18: "complex128", 19: "float16", 20: "resource", 21: "variant", 22: "uint32",
    23: "uint64", 24: "float8_e5m2", 25: "float8_e4m3fn", 26: "float8_e4m3fnuz", 27: "float8_e4m3b11fnuz",
    28: "float8_e5m2fnuz", 29: "int4", 30: "uint4", 31: "int2", 32: "uint2",
}  # fmt: skip
# The names that `dtype_name` returns.
DTYPE_NAMES = frozenset({*_NAMES.values(), "unknown"})
_LARGEST_RANK = 254  # TensorFlow's own limit


def dtype_name(number: int) -> str:
    """The name of a dtype.

    >>> dtype_name(1), dtype_name(107), dtype_name(99)
    ('float32', 'string', 'unknown')
    """
    return _NAMES.get(number - 100 if number > 100 else number, "unknown")


def shape_of(message: Any) -> Shape:
    """The shape in a TensorShapeProto."""
    if message.unknown_rank or len(message.dim) > _LARGEST_RANK:
        return None
    return tuple(dim.size if dim.size >= 0 else None for dim in message.dim)


def shape_text(shape: Sequence[int | None] | None) -> str:
    """A shape as text.

    >>> shape_text([None, 512]), shape_text(None)
    ('[?, 512]', '[…]')
    """
    return f"[{'…' if shape is None else ', '.join('?' if size is None else str(size) for size in shape)}]"


def elements(shape: Shape) -> int:
    """The number of elements of a shape; 0 if it is not known.

    >>> elements((2, 3)), elements(()), elements((None, 3))
    (6, 1, 0)
    """
    count = 1
    for size in shape if shape is not None else (0,):
        count *= size or 0
    return count
