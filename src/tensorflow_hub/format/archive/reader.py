"""Unpacking tar and tar.gz archives from untrusted sources."""

from __future__ import annotations

import dataclasses
import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from tensorflow_hub.errors import ArchiveError
from tensorflow_hub.format.archive.gzip_stream import Readable, unpacked_chunks
from tensorflow_hub.format.archive.index import FileEntry
from tensorflow_hub.format.archive.limits import DEFAULT_LIMITS, ArchiveLimits, free_space
from tensorflow_hub.format.archive.member_names import NamesSeen, check_path, exceeded, refuse
from tensorflow_hub.format.archive.new_files import create, empty, write_all
from tensorflow_hub.format.archive.pipeline import HashThread, read_ahead
from tensorflow_hub.format.archive.tar_header import BLOCK, TarHeader, padding, parse_header, parse_pax

_LARGEST_EXTENDED_HEADER = 64 << 10  # bytes, of a long name or a pax header
_LARGE_FILE = 16 << 20  # bytes from which on the free disk space is checked before a file is written
_SMALL_FILE = 64 << 10  # bytes up to which a file is hashed directly, because a thread would be slower
# Type flag of a tar member that is refused → what it is.
_REFUSED = {
    b"1": "a hard link",
    b"2": "a symbolic link",
    b"3": "a character device",
    b"4": "a block device",
    b"6": "a named pipe",
    b"7": "a contiguous file",
    b"D": "a GNU directory dump",
    b"K": "a link with a long target",
    b"M": "a continued file of another volume",
    b"S": "a sparse file",
    b"V": "a volume label",
}


def extract_archive(
    stream: Readable,
    target_dir: str | os.PathLike[str],
    limits: ArchiveLimits = DEFAULT_LIMITS,
    on_progress: Callable[[int], None] | None = None,
) -> tuple[FileEntry, ...]:
    """Unpacks a tar or tar.gz from an untrusted source.

    It creates only files and directories. Modes and times in the archive are ignored. It needs a few MiB of
    memory.

    Args:
      stream: the archive, which is read to its end.
      target_dir: an empty directory, or one to create.
      limits: sizes and counts beyond which the archive is refused.
      on_progress: called with the number of bytes of files written so far.

    Returns:
      The files in the order of the archive, with size and SHA-256.

    Raises:
      ArchiveError: the archive is damaged or malicious; the message says how. `target_dir` is empty again.
      OSError: the stream cannot be read, or the disk cannot be written. `target_dir` is empty again.
    """
    target = Path(target_dir)
    target.mkdir(parents=True, exist_ok=True)
    if any(target.iterdir()):
        raise FileExistsError(
            f"Expected an empty directory to unpack into, got {str(target)!r} with files in it."
        )
    hashes = HashThread()
    try:
        with read_ahead(unpacked_chunks(stream, limits)) as chunks:
            return _Extraction(chunks, target, limits, hashes, on_progress or _ignore).run()
    except BaseException:
        empty(target)
        raise
    finally:
        hashes.close()


class _Source:
    """Reads given numbers of bytes from chunks of any size."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = memoryview(b"")
        self._bytes_read = 0

    def pieces(self, length: int) -> Iterator[memoryview]:
        """Exactly `length` bytes, in several pieces."""
        while length:
            if not self._rest:
                self._rest = memoryview(next(self._chunks, b""))
                self._bytes_read += len(self._rest)
                if not self._rest:
                    raise self._truncated()
            piece = self._rest[:length]
            self._rest = self._rest[len(piece) :]
            length -= len(piece)
            yield piece

    def _truncated(self) -> ArchiveError:
        if self._bytes_read < BLOCK:  # such as the text of an error page
            return refuse(
                f"Expected a tar archive, plain or gzipped, got {self._bytes_read} bytes of another kind."
            )
        return refuse("Expected the whole archive, got a part of it that ends inside of a file.")

    def take(self, length: int) -> bytes:
        """Exactly `length` bytes in one piece, for small lengths."""
        return b"".join(self.pieces(length))

    def check_rest(self, allowed: int) -> None:
        """Reads the rest of the archive, which may be at most `allowed` zeros."""
        while self._rest or (chunk := next(self._chunks, b"")):
            data = bytes(self._rest or chunk)
            self._rest = memoryview(b"")
            allowed -= len(data)
            if data.strip(b"\0") or allowed < 0:
                raise refuse("Expected nothing after the end of the archive, got trailing data.")


@dataclasses.dataclass
class _Pending:
    """The name and size in extended headers, which replace those in the header of the next member."""

    name: bytes | None = None
    size: int | None = None


class _Extraction:
    """The unpacking of one archive."""

    def __init__(
        self,
        chunks: Iterator[bytes],
        target: Path,
        limits: ArchiveLimits,
        hashes: HashThread,
        on_progress: Callable[[int], None],
    ) -> None:
        self._source = _Source(chunks)
        self._target = target
        self._limits = limits
        self._hashes = hashes
        self._on_progress = on_progress
        self._names = NamesSeen(limits)
        self._directories = {""}
        self._members = 0
        self._bytes = 0
        self._files: list[tuple[str, int, hashlib._Hash]] = []

    def _header(self, block: bytes) -> TarHeader:
        try:
            return parse_header(block)
        except ArchiveError as problem:
            if self._members == 1 and block[257:262] != b"ustar":  # the file is not a tar archive at all
                raise refuse("Expected a tar archive, plain or gzipped, got something else.") from problem
            raise

    def run(self) -> tuple[FileEntry, ...]:
        pending = _Pending()
        while (block := self._source.take(BLOCK)).strip(b"\0"):
            self._members += 1
            if self._members > 3 * self._limits.files:
                raise exceeded(
                    f"Expected at most {self._limits.files:,} files and directories, got more.", self._limits
                )
            pending = self._member(self._header(block), pending)
        if pending != _Pending() or self._source.take(BLOCK).strip(b"\0"):
            raise refuse("Expected two blocks of zeros at the end of the archive, got other data.")
        self._source.check_rest(self._limits.padding_bytes)
        if not self._files:
            raise refuse("Expected files in the archive, got none.")
        self._hashes.wait()
        return tuple(FileEntry(path, size, sha256.hexdigest()) for path, size, sha256 in self._files)

    def _member(self, header: TarHeader, pending: _Pending) -> _Pending:
        if header.kind in {b"x", b"g", b"L"}:
            return self._extended(header, pending)
        name = header.name if pending.name is None else pending.name
        size = header.size if pending.size is None else pending.size
        path = self._check_path(name)
        if header.kind == b"5" or (header.kind in {b"0", b"\0"} and name.endswith(b"/")):
            if size:
                raise refuse(f"Expected a directory without content, got {size:,} bytes in {path!r}.")
            self._names.add(path, is_directory=True)
        elif header.kind in {b"0", b"\0"}:
            self._add_file(path, size)
        else:
            what = _REFUSED.get(header.kind, f"an entry of the unknown type {header.kind!r}")
            raise refuse(f"Expected files and directories only, got {what}: {path!r}.")
        return _Pending()

    def _extended(self, header: TarHeader, pending: _Pending) -> _Pending:
        if header.size > _LARGEST_EXTENDED_HEADER:
            raise refuse(
                f"Expected extended headers of at most {_LARGEST_EXTENDED_HEADER:,} bytes, "
                f"got {header.size:,}."
            )
        data = self._source.take(header.size)
        self._source.take(padding(header.size))
        if header.kind == b"L":
            return dataclasses.replace(pending, name=data.rstrip(b"\0"))
        records = parse_pax(data)
        for key in records:
            if key.startswith("GNU.sparse"):
                raise refuse("Expected plain files, got a sparse file in a pax header.")
            if key == "linkpath" or (header.kind == b"g" and key in {"path", "size"}):
                raise refuse(f"Expected pax headers of single files, got {key!r} in a pax header.")
        if header.kind == b"g":
            return pending
        size = records.get("size")
        if size is not None and (not size.isdigit() or len(size) > 18):
            raise refuse(f"Expected a size in digits in a pax header, got {size[:40]!r}.")
        return _Pending(records.get("path", pending.name), int(size) if size else pending.size)

    def _check_path(self, name: bytes) -> str:
        try:
            text = name.decode("utf-8")
        except UnicodeDecodeError:
            raise refuse(f"Expected paths in UTF-8, got {name[:80]!r}.") from None
        return check_path(text, self._limits)

    def _make(self, path: str) -> None:
        if path not in self._directories:
            (self._target / path).mkdir(parents=True, exist_ok=True)
            self._directories.add(path)

    def _add_file(self, path: str, size: int) -> None:
        if not path:
            raise refuse("Expected a name for every file, got an empty one.")
        self._names.add(path, is_directory=False)
        self._check_room(path, size)
        self._make(path.rpartition("/")[0])
        sha256 = hashlib.sha256()
        with create(self._target / path) as out:
            for piece in self._source.pieces(size):
                if size <= _SMALL_FILE:
                    sha256.update(piece)
                else:
                    self._hashes.update(sha256, piece)
                write_all(out, piece)
                self._bytes += len(piece)
                self._on_progress(self._bytes)
        self._source.take(padding(size))
        self._files.append((path, size, sha256))

    def _check_room(self, path: str, size: int) -> None:
        if self._bytes + size > self._limits.total_bytes:
            raise exceeded(
                f"Expected at most {self._limits.total_bytes:,} bytes of files, "
                f"got {self._bytes + size:,} at {path!r}.",
                self._limits,
            )
        if size > _LARGE_FILE and (free := free_space(self._target)) is not None and size > free:
            raise refuse(f"Expected {size:,} bytes of free disk space for {path!r}, got {free:,}.")


def _ignore(done: int) -> None:
    pass
