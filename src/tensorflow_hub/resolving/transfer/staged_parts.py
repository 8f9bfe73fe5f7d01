"""Files of a list while they are downloaded in parts, which several threads write in any order.

    <staging>/journal    JSON lines: first the digest of the list of files, then a note for each written part
    <staging>/files/…    the files

The journal is not trusted. After an interruption each part in it is read from the disk and compared with its
CRC-32. The digest of every file is computed from the bytes on the disk before the module is complete.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import os
import shutil
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tensorflow_hub.errors import HubError
from tensorflow_hub.format.archive.crc32 import crc32
from tensorflow_hub.format.archive.index import FileEntry
from tensorflow_hub.format.archive.limits import ArchiveLimits
from tensorflow_hub.format.archive.member_names import NamesSeen, check_path, exceeded, refuse
from tensorflow_hub.resolving.cache.layout import cache_error
from tensorflow_hub.resolving.transfer.checksums import Checksums
from tensorflow_hub.resolving.transfer.offers import RemoteFile

_BLOCK = 1 << 18  # bytes
_LONG = 64 << 20  # bytes: files of this size are hashed by threads of their own while they are downloaded
_BINARY = getattr(os, "O_BINARY", 0)


def checked(files: Sequence[RemoteFile], limits: ArchiveLimits) -> list[RemoteFile]:
    """The files of a list with normalized paths.

    Raises:
      ArchiveError: there are no files, too many or too large ones, or a path is not allowed.
    """
    seen, normalized, total = NamesSeen(limits), [], 0
    for file in files:
        path = check_path(file.path, limits)
        if not path or file.size < 0:
            raise refuse(f"Expected files with names and sizes, got {file.path!r} of {file.size} bytes.")
        seen.add(path, is_directory=False)
        total += file.size
        if total > limits.total_bytes:
            raise exceeded(f"Expected at most {limits.total_bytes:,} bytes, got more.", limits)
        normalized.append(dataclasses.replace(file, path=path))
    if not normalized:
        raise refuse("Expected a list of files, got an empty one.")
    return normalized


class StagedFile:
    """One file while it is downloaded.

    The digest needs the bytes in their order. So the bytes up to `_hashed` are hashed, and parts that were
    written behind a gap are remembered in `_written` until the gap is closed. One thread hashes at a time.

    Attributes:
      file: the file at the source.
      entry: the finished file; None until all bytes are written and their digest is checked.
      validator: an ETag or a date, which changes if the file at the source changes; "" if unknown.
      location: the URL of the file after redirects; "" before the first request.
      is_shared: whether several connections download it.
    """

    def __init__(self, number: int, file: RemoteFile, path: str, journal: _Journal) -> None:
        self.file = file
        self.entry: FileEntry | None = None
        self.validator = self.location = ""
        self.is_shared = False
        self._checksums: Checksums | None = None
        self._number, self._path, self._journal = number, path, journal
        self._lock = threading.Lock()
        self._reset()

    def _reset(self) -> None:
        self._written: dict[int, int] = {}  # parts that are not hashed yet: first byte → byte after the last
        self._hashed, self._is_hashing = 0, False
        self._expected: Mapping[str, str] = self.file.checksums
        self.close()

    @property
    def received(self) -> int:
        """The number of bytes that are written."""
        return self._hashed + sum(end - start for start, end in self._written.items())

    def use_headers(self, validator: str, checksums: Mapping[str, str], *, resumable: bool) -> None:
        """Uses what the headers of the first response say about the file.

        Args:
          validator: the ETag or date of the file; "" if there is none.
          checksums: name of a hash function → value. They count if the list of files has none.
          resumable: whether another process needs the headers to continue this download.
        """
        self.validator = validator
        self._expected = self.file.checksums or checksums
        if resumable:
            self._journal.note(number=self._number, validator=validator, promised=dict(self._expected))

    def close(self) -> None:
        """Ends the threads that hash the file."""
        if self._checksums is not None:
            self._checksums.close()
            self._checksums = None

    def missing(self, longest: int, since: int = 0) -> list[tuple[int, int]]:
        """The missing parts from byte `since` on, of at most `longest` bytes: (first, one after the last)."""
        gaps, at = [], max(self._hashed, since)
        for start, end in [*sorted(self._written.items()), (self.file.size, self.file.size)]:
            gaps += [(first, min(first + longest, start)) for first in range(at, start, longest)]
            at = end
        return gaps

    def open(self) -> int:
        """Opens the file for writing parts, and returns its descriptor."""
        return os.open(self._path, os.O_WRONLY | os.O_CREAT | _BINARY, 0o666)

    def note_part(self, start: int, end: int, crc: int) -> None:
        """Records that a part is written. If the file is complete now, its digest is checked.

        Args:
          start: the first byte.
          end: the byte after the last one.
          crc: the CRC-32 of the part.

        Raises:
          DigestError: the file does not have the digest that the source gave.
        """
        self._journal.note(number=self._number, start=start, end=end, crc=crc)
        with self._lock:
            if end > self._hashed:
                self._written[max(start, self._hashed)] = end
        self._hash_written_parts()

    def hash_next(self, start: int, data: bytes) -> None:
        """Hashes bytes that were just written, if all bytes before them are hashed."""
        with self._lock:
            if self._is_hashing or start != self._hashed:
                return
            self._is_hashing = True
        self._checksums_of_file().update(data)
        with self._lock:
            self._hashed += len(data)
            self._is_hashing = False

    def discard(self) -> None:
        """Discards all that is written: the file is downloaded from its beginning."""
        self._reset()
        self._journal.note(number=self._number, forget=True)

    def resume(self, notes: Sequence[Mapping[str, Any]]) -> None:
        """Uses the parts that an interrupted download wrote, if their CRC-32 is right.

        Args:
          notes: the notes of the journal about this file.
        """
        for note in notes:
            if "forget" in note:
                self._reset()
            elif "validator" in note:
                self.validator = str(note["validator"])
                self._expected = self.file.checksums or note["promised"]
            elif _crc_at(self._path, note["start"], note["end"]) == note["crc"]:
                self._written[note["start"]] = note["end"]

    def finish_if_complete(self) -> None:
        """Hashes the parts of an interrupted download, and creates a file without bytes.

        Raises:
          DigestError: the file is complete, and does not have the digest that the source gave.
        """
        if self.file.size:
            self._hash_written_parts()
        else:
            os.close(self.open())
            self._complete(Checksums(self.file.checksums, 0))

    def _hash_written_parts(self) -> None:
        """Hashes the parts directly after the hashed bytes, unless another thread does so now.

        These parts were written before the bytes in front of them. They are read from the file, which the
        system mostly still has in memory.
        """
        with self._lock:
            if self._is_hashing:
                return
            self._is_hashing = True
        while (end := self._next_end()) is not None:
            for block in _blocks(self._path, self._hashed, end):
                self._checksums_of_file().update(block)
            self._hashed = end
            if end == self.file.size:
                self._complete(self._checksums_of_file())
                return

    def _checksums_of_file(self) -> Checksums:
        """The hash functions, created with the first bytes: then the expected values are known."""
        if self._checksums is None:
            self._checksums = Checksums(self._expected, self.file.size, threads=self.file.size >= _LONG)
        return self._checksums

    def _complete(self, checksums: Checksums) -> None:
        self.entry = FileEntry(self.file.path, self.file.size, checksums.verify(self.file.path))
        self.close()

    def _next_end(self) -> int | None:
        """The end of the next part to hash. None if it is not written yet: then another thread may hash."""
        with self._lock:
            size = self.file.size
            end = size if self._hashed == size else self._written.pop(self._hashed, None)
            self._is_hashing = end is not None
            return end


class StagedParts:
    """The files of a list in a staging directory.

    Args:
      staging: the directory.
      files: the files, with normalized paths (see `checked`).

    Attributes:
      files: the files, in the order of the list.
    """

    def __init__(self, staging: str, files: Sequence[RemoteFile]) -> None:
        self._staging, self._root = staging, os.path.join(staging, "files")
        self._journal = _Journal(os.path.join(staging, "journal"), _identity(files))
        self.files = [
            StagedFile(number, file, os.path.join(self._root, *file.path.split("/")), self._journal)
            for number, file in enumerate(files)
        ]

    def open(self) -> None:
        """Continues an interrupted download of the same list of files, or begins a new one."""
        notes = self._journal.read()
        if notes is None:
            shutil.rmtree(self._root, ignore_errors=True)
        for folder in {os.path.dirname(file.file.path) for file in self.files}:
            os.makedirs(os.path.join(self._root, *folder.split("/")), exist_ok=True)
        self._journal.open(anew=notes is None)
        for number, file in enumerate(self.files):
            with contextlib.suppress(KeyError, TypeError, AttributeError):
                file.resume((notes or {}).get(number, ()))

    def close(self) -> None:
        """Closes the journal, and ends the threads that hash."""
        self._journal.close()
        for file in self.files:
            file.close()

    @contextlib.contextmanager
    def explaining_disk_errors(self) -> Iterator[None]:
        """A context in which errors of the system become a `CacheError`, which says what to do."""
        try:
            yield
        except OSError as error:
            if isinstance(error, HubError):
                raise
            raise cache_error(error, self._staging.partition(f"{os.sep}.tfhub{os.sep}")[0]) from error


class _Journal:
    """The file of notes, one JSON object in each line."""

    def __init__(self, path: str, identity: str) -> None:
        self._path, self._identity = path, identity
        self._descriptor = -1
        self._lock = threading.Lock()

    def read(self) -> dict[int, list[dict[str, Any]]] | None:
        """The notes of each file, by its number; None if there is no journal of this list of files."""
        try:
            with open(self._path, "rb") as file:
                first, *lines = file.read().split(b"\n")[:-1]
        except (OSError, ValueError):
            return None
        if first != self._identity.encode():
            return None
        notes: dict[int, list[dict[str, Any]]] = {}
        for line in lines:
            with contextlib.suppress(ValueError, KeyError, TypeError):
                note = json.loads(line)
                notes.setdefault(note.pop("number"), []).append(note)
        return notes

    def open(self, *, anew: bool) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | _BINARY | (os.O_TRUNC if anew else 0)
        self._descriptor = os.open(self._path, flags, 0o666)
        if anew:
            os.write(self._descriptor, f"{self._identity}\n".encode())

    def note(self, **values: object) -> None:
        line = json.dumps(values, separators=(",", ":")) + "\n"
        with self._lock:
            if self._descriptor >= 0:
                os.write(self._descriptor, line.encode())

    def close(self) -> None:
        with self._lock:  # a late thread must not write to another file that got the same descriptor
            if self._descriptor >= 0:
                os.close(self._descriptor)
                self._descriptor = -1


def _identity(files: Sequence[RemoteFile]) -> str:
    """A digest of a list of files. It ignores their URLs, which may have new signatures each time."""
    rows = [[file.path, file.size, dict(file.checksums)] for file in files]
    return hashlib.sha256(json.dumps(rows, sort_keys=True).encode()).hexdigest()


def _blocks(path: str, start: int, end: int) -> Iterator[bytes]:
    """Yields the bytes of a range of a file."""
    with open(path, "rb", buffering=0) as file:
        file.seek(start)
        while start < end:
            block = file.read(min(_BLOCK, end - start))
            if not block:
                raise OSError(5, "a file became shorter while it was written", path)
            yield block
            start += len(block)


def _crc_at(path: str, start: int, end: int) -> int | None:
    """The CRC-32 of a range of a file; None if the file cannot be read."""
    crc = 0
    try:
        for block in _blocks(path, start, end):
            crc = crc32(block, crc)
    except (OSError, ValueError):
        return None
    return crc
