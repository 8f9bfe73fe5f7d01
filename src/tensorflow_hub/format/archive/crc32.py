"""CRC-32 checksums, and combining the checksums of two parts into that of the whole.

So threads can compute the checksums of parts in parallel. If ISA-L (the package `isal`) is installed, it
computes them ten times as fast as zlib.

A CRC is a polynomial modulo P over GF(2). Appending n bytes multiplies it by x^(8n). Bits are reflected, as
in zlib: the highest bit is the coefficient of x^0. Source: RFC 1952, section 8, and zlib's `crc32_combine`.
"""

from __future__ import annotations

import functools

try:
    from isal.isal_zlib import crc32
except ImportError:  # `isal` has no wheels for some platforms
    from zlib import crc32

__all__ = ["combine", "crc32"]

_POLYNOMIAL = 0xEDB88320


def combine(first: int, second: int, length: int) -> int:
    """The CRC-32 of a + b, for two byte strings a and b.

    Args:
      first: the CRC-32 of a.
      second: the CRC-32 of b.
      length: the length of b in bytes.

    >>> combine(crc32(b"ab"), crc32(b"cde"), 3) == crc32(b"abcde")
    True
    """
    return _multiply(_power(length), first) ^ second


@functools.lru_cache(maxsize=64)
def _power(length: int) -> int:
    """x^(8 length) modulo P. It is cached, because most segments have the same length."""
    result, square = 1 << 31, 1 << 23  # x^0, x^8
    while length:
        if length & 1:
            result = _multiply(square, result)
        square = _multiply(square, square)
        length >>= 1
    return result


def _multiply(a: int, b: int) -> int:
    """The product of two polynomials modulo P."""
    product = 0
    bit = 1 << 31
    while a:
        if a & bit:
            product ^= b
            a ^= bit
        bit >>= 1
        b = (b >> 1) ^ _POLYNOMIAL if b & 1 else b >> 1
    return product
