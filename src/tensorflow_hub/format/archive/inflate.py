"""The library that inflates (RFC 1951) and reads gzip (RFC 1952): ISA-L if it is installed, else zlib.

ISA-L (the package `isal`) is faster and has the API of zlib. It checks the CRC-32 and the length of a gzip
member as zlib does. The tests of malicious and damaged archives run with both.
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
    """A decompression object of zlib or ISA-L."""

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
        """Returns the next bytes of output, at most `max_length`.

        ISA-L may have more output although `unconsumed_tail` is empty. A call with b"" returns it.
        """
        ...


class InflateLibrary(NamedTuple):
    """A library: its function that makes an inflater from window bits, and the error of its inflaters."""

    inflater: Callable[[int], Inflater]
    error: type[Exception]


ZLIB = InflateLibrary(zlib.decompressobj, zlib.error)

try:
    from isal import isal_zlib
except ImportError:  # `isal` has no wheels for some platforms
    LIBRARY = ZLIB
else:
    # Its type stub says that the error is an instance.
    LIBRARY = InflateLibrary(isal_zlib.decompressobj, isal_zlib.error)  # type: ignore[arg-type]
"""The library of this process."""
