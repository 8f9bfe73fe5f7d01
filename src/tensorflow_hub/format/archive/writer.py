"""Packing a module directory into a deterministic tar.gz with an index."""

from __future__ import annotations

import collections
import concurrent.futures
import contextlib
import dataclasses
import functools
import hashlib
import itertools
import os
import struct
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from tensorflow_hub.errors import ArchiveError
from tensorflow_hub.format.archive.crc32 import combine, crc32
from tensorflow_hub.format.archive.index import ArchiveIndex, FileEntry, Method, Segment
from tensorflow_hub.format.archive.limits import DEFAULT_LIMITS, ArchiveLimits
from tensorflow_hub.format.archive.module_files import module_files
from tensorflow_hub.format.archive.pipeline import HashThread
from tensorflow_hub.format.archive.segment_cuts import cuts
from tensorflow_hub.format.archive.tar_header import END, directory_header, file_header, padding
from tensorflow_hub.format.module.checkpoint import tensor_boundaries

# A gzip header (RFC 1952): deflate, no flags, no time, unknown system. So the bytes are the same everywhere.
_GZIP_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
_LAST_BLOCK = b"\x03\x00"  # a final, empty deflate block
_STORED_BLOCK = 65535
# Data that does not shrink below this ratio is stored. Weights in float32 shrink to 92 %, and compressing is
# twenty times slower than storing.
_LARGEST_RATIO = 0.85
_SAMPLES, _SAMPLE = 4, 8 << 10
_LARGE_FILE = 4 << 20  # bytes from which on a file is compressed with the fastest level
_SMALL_RUN = 64 << 10  # bytes below which computing the CRC again is faster than combining
_TINY_RUN = 4 << 10  # bytes below which packing in a thread would be slower
_AHEAD = 16  # segments in memory at once


@dataclasses.dataclass(frozen=True)
class _Run:
    """Consecutive bytes of a file, before they are packed.

    Attributes:
      path: the path of the file.
      start: the first byte in the file.
      data: the bytes.
      level: the compression level of zlib.
      before: the bytes before it in the tar: padding of the previous file, and the header of this file.
      file: the entry of the file on its last run, else None.
    """

    path: str
    start: int
    data: bytes
    level: int
    before: bytes
    file: FileEntry | None


@dataclasses.dataclass(frozen=True)
class _Packed:
    """Consecutive bytes of a file, packed."""

    run: _Run
    method: Method
    pieces: Sequence[bytes | memoryview]
    sha256: str
    crc: int


def write_archive(
    directory: str | os.PathLike[str],
    target: str | os.PathLike[str],
    *,
    limits: ArchiveLimits = DEFAULT_LIMITS,
    on_progress: Callable[[int], None] | None = None,
) -> ArchiveIndex:
    """Packs the files of a directory into a tar.gz that any `tar` reads.

    The same content always gives the same bytes. Empty directories are not packed. A symbolic link to a file
    in the directory is packed as that file.

    Args:
      directory: the path of the module.
      target: the file to write. It is removed if an error occurs.
      limits: the limits of readers, which the archive must not exceed.
      on_progress: called with the number of bytes of files packed so far.

    Returns:
      The index of the archive.

    Raises:
      NotAModuleError: `directory` is not a directory, or has no files.
      ArchiveError: a file cannot be packed because of its name, because it is a link out of the directory or
        a device, or because it changes while it is read.
    """
    root = Path(directory)
    paths = module_files(root, limits)
    try:
        with open(target, "wb") as out:
            return _write(out, _runs(root, paths), on_progress or _ignore)
    except BaseException:
        Path(target).unlink(missing_ok=True)
        raise


def _ignore(done: int) -> None:
    pass


def _write(out: BinaryIO, runs: Iterator[_Run], on_progress: Callable[[int], None]) -> ArchiveIndex:
    done = 0
    with (
        contextlib.closing(_Output(out)) as output,
        concurrent.futures.ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool,
    ):
        tar = _Tar(output)
        for packed in _in_order(pool, runs):
            tar.add(packed)
            done += len(packed.run.data)
            on_progress(done)
        return tar.finish()


def _in_order(pool: concurrent.futures.Executor, runs: Iterator[_Run]) -> Iterator[_Packed]:
    """Packs runs of bytes in threads. Yields them in order, with at most `_AHEAD` in memory."""
    waiting: collections.deque[Callable[[], _Packed]] = collections.deque()
    for run in runs:
        tiny = len(run.data) < _TINY_RUN
        waiting.append(functools.partial(_pack, run) if tiny else pool.submit(_pack, run).result)
        if len(waiting) >= _AHEAD:
            yield waiting.popleft()()
    while waiting:
        yield waiting.popleft()()


def _runs(root: Path, paths: Sequence[str]) -> Iterator[_Run]:
    """Reads the files, divided into the runs of bytes that become segments."""
    fill, directories = b"", {""}
    for path in paths:
        for parent in _parents(path):
            if parent not in directories:
                directories.add(parent)
                fill += directory_header(parent)
        with open(root / path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            level = 1 if size >= _LARGE_FILE else 6
            before = fill + file_header(path, size)
            starts = [*cuts(size, tensor_boundaries(root, path)), size] if size else [0, 0]
            sha256 = hashlib.sha256()
            for start, end in itertools.pairwise(starts):
                data = _read(file, end - start, path)
                sha256.update(data)
                entry = FileEntry(path, size, sha256.hexdigest()) if end == size else None
                yield _Run(path, start, data, level, before, entry)
                before = b""
            if file.read(1):
                raise _changed(path)
            fill = bytes(padding(size))


def _parents(path: str) -> Iterator[str]:
    """The parent directories of a file, the outermost first.

    >>> list(_parents("assets/en/words.txt"))
    ['assets', 'assets/en']
    """
    for at, character in enumerate(path):
        if character == "/":
            yield path[:at]


def _read(file: BinaryIO, size: int, path: str) -> bytes:
    data = file.read(size)
    if len(data) != size:
        raise _changed(path)
    return data


def _changed(path: str) -> ArchiveError:
    return ArchiveError(
        f"Expected files that do not change while they are packed, got a change of {path!r}.",
        hint="Wait until the export is finished, then try again.",
    )


def _pack(run: _Run) -> _Packed:
    """Compresses a run if that makes it smaller, and computes its checksums. It releases the GIL."""
    data = run.data
    whole = run.file if run.start == 0 else None
    sha256 = whole.sha256 if whole else hashlib.sha256(data).hexdigest()
    crc = crc32(data)
    if _shrinks(data):
        packed = _deflate(data, run.level)
        if len(packed) < len(data):
            return _Packed(run, "deflate", [packed], sha256, crc)
    return _Packed(run, "stored", _stored(data), sha256, crc)


def _shrinks(data: bytes) -> bool:
    """Whether compressing makes the data smaller, estimated from samples."""
    if len(data) <= _SAMPLES * _SAMPLE:
        return len(data) > 0
    view = memoryview(data)
    step = (len(data) - _SAMPLE) // (_SAMPLES - 1)
    packed = sum(len(zlib.compress(view[i * step : i * step + _SAMPLE], 1)) for i in range(_SAMPLES))
    return packed < _LARGEST_RATIO * _SAMPLES * _SAMPLE


def _deflate(data: bytes, level: int = 6) -> bytes:
    """Deflate blocks that end with a full flush, so that later blocks can be inflated without them."""
    compressor = zlib.compressobj(level, zlib.DEFLATED, -zlib.MAX_WBITS)
    return compressor.compress(data) + compressor.flush(zlib.Z_FULL_FLUSH)


def _stored(data: bytes) -> list[bytes | memoryview]:
    """Deflate's stored blocks: a header of five bytes, then up to 65,535 uncompressed bytes."""
    view = memoryview(data)
    pieces: list[bytes | memoryview] = []
    for at in range(0, len(data), _STORED_BLOCK):
        block = view[at : at + _STORED_BLOCK]
        pieces += [struct.pack("<BHH", 0, len(block), len(block) ^ 0xFFFF), block]
    return pieces


class _Output:
    """A file that is being written, with its size and SHA-256."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._sha256 = hashlib.sha256()
        self._hashes = HashThread()
        self._gathered = bytearray()  # short pieces, which are hashed together to save time
        self.size = 0

    def put(self, *pieces: bytes | memoryview) -> int:
        """Writes data and returns the number of bytes."""
        data = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        self._out.write(data)
        self.size += len(data)
        if len(data) < _SMALL_RUN:
            self._gathered += data
        if len(data) >= _SMALL_RUN or len(self._gathered) >= _SMALL_RUN:
            self._hash_gathered()
        if len(data) >= _SMALL_RUN:
            self._hashes.update(self._sha256, data)
        return len(data)

    def _hash_gathered(self) -> None:
        if self._gathered:
            self._hashes.update(self._sha256, memoryview(self._gathered))
            self._gathered = bytearray()

    def finish(self) -> str:
        """The SHA-256 of all data, in hex."""
        self._hash_gathered()
        self._hashes.wait()
        return self._sha256.hexdigest()

    def close(self) -> None:
        self._hashes.close()


class _Tar:
    """A tar.gz that is being written, and the contents of its index."""

    def __init__(self, output: _Output) -> None:
        self._output = output
        self._size = 0
        self._crc = 0
        self._files: list[FileEntry] = []
        self._segments: list[Segment] = []
        output.put(_GZIP_HEADER)

    def add(self, packed: _Packed) -> None:
        run = packed.run
        if run.before:
            self._add_frame(run.before)
        if run.data:
            offset = self._output.size
            length = self._output.put(*packed.pieces)
            self._segments.append(
                Segment(offset, length, packed.method, packed.sha256, run.path, run.start, len(run.data))
            )
            self._update_crc(run.data, packed.crc)
        if run.file:
            self._files.append(run.file)

    def _add_frame(self, data: bytes) -> None:
        """Writes headers and padding between segments, which only `tar` needs."""
        self._output.put(_deflate(data))
        self._update_crc(data, None)

    def _update_crc(self, data: bytes, crc: int | None) -> None:
        if crc is None or len(data) < _SMALL_RUN:
            self._crc = crc32(data, self._crc)
        else:
            self._crc = combine(self._crc, crc, len(data))
        self._size += len(data)

    def finish(self) -> ArchiveIndex:
        fill = padding(self._files[-1].size)
        self._add_frame(bytes(fill) + END)
        self._output.put(_LAST_BLOCK, struct.pack("<II", self._crc, self._size & 0xFFFFFFFF))
        sha256 = self._output.finish()
        return ArchiveIndex(self._output.size, sha256, tuple(self._files), tuple(self._segments))
