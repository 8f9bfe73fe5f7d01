"""A stream that may be gzipped → chunks of what is inside, checked as it goes."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Protocol

from tensorflow_hub.format.limits import ArchiveLimits
from tensorflow_hub.format.member_names import refuse

CHUNK = 1 << 20
_MAGIC = b"\x1f\x8b"


class Readable(Protocol):
    """What a stream must have: `read(n)` giving at most n bytes, none at the end."""

    def read(self, size: int, /) -> bytes:
        """The next bytes, at most `size`."""
        ...


def unpacked_chunks(stream: Readable, limits: ArchiveLimits) -> Iterator[bytes]:
    """The content of a gzip stream, or of a plain one, in chunks of at most a MiB.

    A stream of several gzip members is one content, as `tar -xz` takes it (tools that compress in
    parallel write such); after the last one only zeros may follow.

    Raises:
      ArchiveError: damaged, truncated, followed by something else, or it grows beyond the limits.
    """
    first = stream.read(CHUNK)
    while len(first) < 2 and (more := stream.read(CHUNK)):
        first += more
    if not first:
        raise refuse("Expected a tar or tar.gz archive, got no bytes at all.")
    if first.startswith(_MAGIC):
        yield from _Gzip(stream, first, limits).chunks()
        return
    while first:
        yield from (first[at : at + CHUNK] for at in range(0, len(first), CHUNK))
        first = stream.read(CHUNK)


class _Gzip:
    """A gzip stream being read."""

    def __init__(self, stream: Readable, data: bytes, limits: ArchiveLimits) -> None:
        self._stream = stream
        self._data = data
        self._limits = limits
        self._packed = len(data)
        self._unpacked = 0

    def chunks(self) -> Iterator[bytes]:
        for _ in range(self._limits.gzip_members):
            yield from self._member()
            self._fill()
            if not self._data.startswith(_MAGIC):
                self._end()
                return
        raise refuse(f"Expected at most {self._limits.gzip_members:,} gzip members in one archive, got more.")

    def _member(self) -> Iterator[bytes]:
        member = zlib.decompressobj(16 + zlib.MAX_WBITS)
        while not member.eof:
            if not self._data:
                self._fill()
            if not self._data:
                raise refuse("Expected the whole archive, got a part of it: the gzip stream is truncated.")
            try:
                chunk = member.decompress(self._data, CHUNK)
            except zlib.error as error:
                raise refuse(f"Expected an intact gzip stream, got a damaged one ({error}).") from None
            self._data = member.unused_data if member.eof else member.unconsumed_tail
            self._check_ratio(len(chunk))
            if chunk:
                yield chunk

    def _fill(self) -> None:
        """Reads on until two bytes are there, or the stream ends."""
        while len(self._data) < 2 and (more := self._stream.read(CHUNK)):
            self._data += more
            self._packed += len(more)

    def _check_ratio(self, length: int) -> None:
        self._unpacked += length
        if self._unpacked <= self._limits.ratio_free_bytes:
            return
        if self._unpacked > self._limits.ratio * self._packed:
            raise refuse(
                f"Expected an archive that unpacks to at most {self._limits.ratio} times its size, "
                f"got {self._unpacked:,} bytes from {self._packed:,}: a decompression bomb."
            )

    def _end(self) -> None:
        allowed = self._limits.padding_bytes
        while self._data:
            allowed -= len(self._data)
            if self._data.strip(b"\0") or allowed < 0:
                raise refuse("Expected nothing after the end of the gzip stream, got trailing data.")
            self._data = self._stream.read(CHUNK)
