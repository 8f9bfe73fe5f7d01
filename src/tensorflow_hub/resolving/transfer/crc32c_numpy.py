"""CRC-32C (see `crc32c`) computed with NumPy, many blocks at a time.

The CRCs of all blocks are computed with the usual table, one byte of each block in a step. Then neighbours
are combined, level by level: to append n zero bytes is a linear map of the CRC. RFC 3720 B.4 has examples.
"""

from __future__ import annotations

import functools

import numpy as np
import numpy.typing as npt

Words = npt.NDArray[np.uint32]

_POLYNOMIAL = 0x82F63B78  # reflected
_BLOCK = 64  # bytes


@functools.cache
def _table() -> Words:
    """The CRC of each byte."""
    table = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        table = np.where(table & 1, (table >> 1) ^ np.uint32(_POLYNOMIAL), table >> 1)
    return table


@functools.cache
def _appending_zeros(count: int) -> Words:
    """The tables that append `count` zero bytes (a power of two) to a CRC: one for each of its bytes."""
    values = np.arange(256, dtype=np.uint32)
    words = np.stack([values << np.uint32(8 * i) for i in range(4)])
    if count == 1:
        shifted: Words = _table()[words & 255] ^ (words >> 8)
        return shifted
    half = _appending_zeros(count // 2)
    return _mapped(half, _mapped(half, words))


def _mapped(tables: Words, crcs: Words) -> Words:
    low, high = tables[0][crcs & 255] ^ tables[1][(crcs >> 8) & 255], tables[2][(crcs >> 16) & 255]
    mapped: Words = low ^ high ^ tables[3][crcs >> 24]
    return mapped


def crc32c(data: bytes | memoryview, crc: int = 0) -> int:
    """The CRC-32C of data, or of earlier data with the CRC `crc` followed by this data.

    >>> hex(crc32c(b"123456789")), hex(crc32c(bytes(32))), hex(crc32c(b"6789", crc32c(b"12345")))
    ('0xe3069283', '0x8a9136aa', '0xe3069283')
    """
    view = np.frombuffer(data, dtype=np.uint8)
    state = crc ^ 0xFFFFFFFF
    while len(view) >= 2 * _BLOCK:
        blocks = 1 << ((len(view) // _BLOCK).bit_length() - 1)
        state = _long(view[: blocks * _BLOCK], state)
        view = view[blocks * _BLOCK :]
    table = _table()
    for byte in view.tolist():
        state = int(table[(state ^ byte) & 255]) ^ (state >> 8)
    return state ^ 0xFFFFFFFF


def _long(view: npt.NDArray[np.uint8], state: int) -> int:
    """The CRC register after a number of blocks that is a power of two."""
    columns = np.ascontiguousarray(view.reshape(-1, _BLOCK).T)
    table = _table()
    crcs: Words = np.zeros(columns.shape[1], dtype=np.uint32)
    crcs[0] = state
    for column in columns:
        crcs = table[(crcs ^ column) & 255] ^ (crcs >> 8)
    size = _BLOCK
    while len(crcs) > 1:
        crcs = _mapped(_appending_zeros(size), crcs[0::2]) ^ crcs[1::2]
        size *= 2
    return int(crcs[0])
