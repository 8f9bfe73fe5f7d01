"""Unpacks archives from untrusted sources."""

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
from tensorflow_hub.format.archive.pipeline import SumLane, ahead
from tensorflow_hub.format.archive.tar_header import BLOCK, TarHeader, padding, parse_header, parse_pax

_EXTRA_BYTES = 64 << 10  # of a long name or a pax header
_LARGE = 16 << 20  # bytes of a file for which the disk is asked for room first
_SMALL = 64 << 10  # bytes of a file that is hashed at once: another thread would cost more than it saves
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

    Only files are made, and the directories that hold them, with modes and times of their own; memory stays
    at a few MiB.

    Args:
      stream: has `read(n)`; read to its end.
      target_dir: an empty directory, or one to be made.
      limits: sizes and counts beyond which the archive is refused.
      on_progress: called with the number of bytes of files written so far.

    Returns:
      The files in the archive's order, with size and SHA-256.

    Raises:
      ArchiveError: the archive is broken or hostile; the sentence says how. `target_dir` is empty again.
      OSError: the stream or the disk fails. `target_dir` is empty again.
    """
    target = Path(target_dir)
    target.mkdir(parents=True, exist_ok=True)
    if any(target.iterdir()):
        raise FileExistsError(
            f"Expected an empty directory to unpack into, got {str(target)!r} with files in it."
        )
    lane = SumLane()
    try:
        with ahead(unpacked_chunks(stream, limits)) as chunks:
            return _Extraction(chunks, target, limits, lane, on_progress or _ignore).run()
    except BaseException:
        empty(target)
        raise
    finally:
        lane.close()


class _Source:
    """Reads given numbers of bytes from chunks of any size."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = memoryview(b"")
        self._came = 0

    def pieces(self, length: int) -> Iterator[memoryview]:
        """Exactly `length` bytes, in several pieces."""
        while length:
            if not self._rest:
                self._rest = memoryview(next(self._chunks, b""))
                self._came += len(self._rest)
                if not self._rest:
                    raise self._broken_off()
            piece = self._rest[:length]
            self._rest = self._rest[len(piece) :]
            length -= len(piece)
            yield piece

    def _broken_off(self) -> ArchiveError:
        if self._came < BLOCK:  # some sentence of a server
            return refuse(
                f"Expected a tar archive, plain or gzipped, got {self._came} bytes of another kind."
            )
        return refuse("Expected the whole archive, got a part of it: it ends within a file.")

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
    """The values of extended headers, which belong to the next member."""

    name: bytes | None = None
    size: int | None = None


class _Extraction:
    """The unpacking of one archive."""

    def __init__(
        self,
        chunks: Iterator[bytes],
        target: Path,
        limits: ArchiveLimits,
        lane: SumLane,
        on_progress: Callable[[int], None],
    ) -> None:
        self._source = _Source(chunks)
        self._target = target
        self._limits = limits
        self._lane = lane
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
            if self._members == 1 and block[257:262] != b"ustar":  # not a damaged archive: none at all
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
            raise refuse("Expected two blocks of zeros at the end of the archive, got one and other data.")
        self._source.check_rest(self._limits.padding_bytes)
        if not self._files:
            raise refuse("Expected files in the archive, got none.")
        self._lane.wait()
        return tuple(FileEntry(path, size, sum_.hexdigest()) for path, size, sum_ in self._files)

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
        if header.size > _EXTRA_BYTES:
            raise refuse(f"Expected extended headers of at most {_EXTRA_BYTES:,} bytes, got {header.size:,}.")
        data = self._source.take(header.size)
        self._source.take(padding(header.size))
        if header.kind == b"L":
            return dataclasses.replace(pending, name=data.rstrip(b"\0"))
        records = parse_pax(data)
        for key in records:
            if key.startswith("GNU.sparse"):
                raise refuse("Expected plain files, got a sparse file in a pax header.")
            if key == "linkpath" or (header.kind == b"g" and key in {"path", "size"}):
                raise refuse(f"Expected pax headers about one file, got {key!r} in a pax header.")
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
        sum_ = hashlib.sha256()
        with create(self._target / path) as out:
            for piece in self._source.pieces(size):
                if size <= _SMALL:
                    sum_.update(piece)
                else:
                    self._lane.update(sum_, piece)
                write_all(out, piece)
                self._bytes += len(piece)
                self._on_progress(self._bytes)
        self._source.take(padding(size))
        self._files.append((path, size, sum_))

    def _check_room(self, path: str, size: int) -> None:
        if self._bytes + size > self._limits.total_bytes:
            raise exceeded(
                f"Expected at most {self._limits.total_bytes:,} bytes of files, "
                f"got {self._bytes + size:,} at {path!r}.",
                self._limits,
            )
        if size > _LARGE and (free := free_space(self._target)) is not None and size > free:
            raise refuse(
                f"Expected files that fit the disk, got {size:,} bytes for {path!r} with {free:,} free."
            )


def _ignore(done: int) -> None:
    pass
