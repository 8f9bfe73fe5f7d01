"""The library for inflating (RFC 1951) and reading gzip (RFC 1952): ISA-L if it is installed, else zlib.

ISA-L (the package `isal`) is faster and has the interface of zlib. It checks the CRC-32 and the length of a
gzip member as zlib does; the tests of hostile and damaged archives run with both.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import NamedTuple, Protocol

GZIP = 16 + zlib.MAX_WBITS
"""The window bits for a stream with gzip's header and checksum."""

RAW_DEFLATE = -zlib.MAX_WBITS
"""The window bits for a deflate stream without header and checksum."""


class Inflater(Protocol):
    """An inflater: the common interface of the objects of zlib and ISA-L."""

    @property
    def eof(self) -> bool:
        """Whether the end of the stream was reached."""
        ...

    @property
    def unused_data(self) -> bytes:
        """The data after the end of the stream."""
        ...

    @property
    def unconsumed_tail(self) -> bytes:
        """The part of the last data that was not processed yet."""
        ...

    def decompress(self, data: bytes | memoryview, max_length: int, /) -> bytes:
        """The next bytes, at most `max_length`.

        ISA-L may hold bytes back although `unconsumed_tail` is empty: a call without data gives them.
        """
        ...


class InflateLibrary(NamedTuple):
    """A library's function that makes an inflater from window bits, and the error its inflaters raise."""

    inflater: Callable[[int], Inflater]
    error: type[Exception]


ZLIB = InflateLibrary(zlib.decompressobj, zlib.error)

try:
    from isal import isal_zlib
except ImportError:  # there are systems without a wheel of it
    LIBRARY = ZLIB
else:
    # Its type stub says that the error is an instance.
    LIBRARY = InflateLibrary(isal_zlib.decompressobj, isal_zlib.error)  # type: ignore[arg-type]
"""The library of this process."""
