"""Reading a stream, plain or gzipped, in chunks, with limits against decompression bombs."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Protocol

from tensorflow_hub.format.archive import inflate
from tensorflow_hub.format.archive.limits import ArchiveLimits
from tensorflow_hub.format.archive.member_names import refuse

CHUNK = 1 << 20
# The bytes passed to the inflater at the start of a gzip member. It copies the bytes after the end of the
# member, so many tiny members would be slow with a large window.
_FIRST_WINDOW = 4 << 10
_MAGIC = b"\x1f\x8b"


class Readable(Protocol):
    """A stream of bytes."""

    def read(self, size: int, /) -> bytes:
        """Returns the next bytes, at most `size`; b"" at the end."""
        ...


def unpacked_chunks(stream: Readable, limits: ArchiveLimits) -> Iterator[bytes]:
    """The content of a gzip stream, or of a plain one, in chunks of at most 1 MiB.

    The contents of several gzip members are concatenated, as in `tar -xz`; tools that compress in parallel
    write several. Only zeros may follow the last member.

    Raises:
      ArchiveError: the stream is damaged or truncated, other data follows it, or it exceeds a limit.
    """
    first = stream.read(CHUNK)
    while len(first) < 2 and (more := stream.read(CHUNK)):
        first += more
    if not first:
        raise refuse("Expected a tar or tar.gz archive, got an empty stream.")
    if first.startswith(_MAGIC):
        yield from _Gzip(stream, first, limits).chunks()
        return
    while first:
        yield from (first[at : at + CHUNK] for at in range(0, len(first), CHUNK))
        first = stream.read(CHUNK)


class _Gzip:
    """Reads one gzip stream."""

    def __init__(self, stream: Readable, data: bytes, limits: ArchiveLimits) -> None:
        self._stream = stream
        self._data = memoryview(data)
        self._limits = limits
        self._packed = len(data)
        self._unpacked = 0

    def chunks(self) -> Iterator[bytes]:
        for number in itertools.count(1):
            yield from self._member()
            self._fill()
            if self._data[:2] != _MAGIC:
                self._end()
                return
            self._check_members(number)

    def _member(self) -> Iterator[bytes]:
        library = inflate.LIBRARY
        member, window = library.inflater(inflate.GZIP), _FIRST_WINDOW
        while not member.eof:
            if not self._data:
                self._fill()
            data = self._data[:window]
            window = min(CHUNK, 2 * window)
            try:
                chunk = member.decompress(data, CHUNK)
            except library.error as error:
                raise refuse(f"Expected an intact gzip stream, got a damaged one ({error}).") from None
            if not data and not chunk and not member.eof:
                raise refuse("Expected the whole archive, got a truncated gzip stream.")
            unread = member.unused_data if member.eof else member.unconsumed_tail
            self._data = self._data[len(data) - len(unread) :]
            self._check_ratio(len(chunk))
            if chunk:
                yield chunk

    def _fill(self) -> None:
        """Reads until two bytes are available, or the stream ends."""
        while len(self._data) < 2 and (more := self._stream.read(CHUNK)):
            self._data = memoryview(bytes(self._data) + more)
            self._packed += len(more)

    def _check_members(self, number: int) -> None:
        """Limits the number of members, because each one takes time."""
        least = self._limits.gzip_member_bytes
        if number > self._limits.gzip_members and number * least > self._packed:
            raise refuse(
                f"Expected gzip members of at least {least:,} bytes on average, "
                f"got {number:,} of them in {self._packed:,} bytes."
            )

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
            if bytes(self._data).strip(b"\0") or allowed < 0:
                raise refuse("Expected nothing after the end of the gzip stream, got trailing data.")
            self._data = memoryview(self._stream.read(CHUNK))
