"""Single files while their parts come in, in any order, from several threads.

    <staging>/journal    JSON lines: which list of files this is, then what was learned and written of each
    <staging>/files/…    the files

The journal only says where to look: after an interruption each part it names is read back and compared with
its CRC-32. The digest of every file is computed from what is on the disk before the module is complete.
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
_LONG = 64 << 20  # bytes of a file that is hashed beside its transfer
_BINARY = getattr(os, "O_BINARY", 0)


def checked(files: Sequence[RemoteFile], limits: ArchiveLimits) -> list[RemoteFile]:
    """The files with paths in their plain form.

    Raises:
      ArchiveError: there are none, too many or too large ones, or a path is not allowed.
    """
    seen, plain, total = NamesSeen(limits), [], 0
    for file in files:
        path = check_path(file.path, limits)
        if not path or file.size < 0:
            raise refuse(f"Expected files with names and sizes, got {file.path!r} of {file.size} bytes.")
        seen.add(path, is_directory=False)
        total += file.size
        if total > limits.total_bytes:
            raise exceeded(f"Expected at most {limits.total_bytes:,} bytes, got more.", limits)
        plain.append(dataclasses.replace(file, path=path))
    if not plain:
        raise refuse("Expected a list of files, got an empty one.")
    return plain


class StagedFile:
    """One file while its bytes come in.

    Attributes:
      file: what is wanted.
      entry: the finished file; None until all bytes are there and verified.
      validator: what tells that the source's file is still the same (an ETag or a date), "" when unknown.
      location: where the file was, after redirects; "" until it was asked for.
      is_shared: whether several connections fetch it.
    """

    def __init__(self, number: int, file: RemoteFile, path: str, journal: _Journal) -> None:
        self.file = file
        self.entry: FileEntry | None = None
        self.validator = self.location = ""
        self.is_shared = False
        self._checksums: Checksums | None = None
        self._number, self._path, self._journal = number, path, journal
        self._lock = threading.Lock()
        self._begin()

    def _begin(self) -> None:
        self._written: dict[int, int] = {}  # start of a part → its end
        self._hashed, self._is_hashing = 0, False
        self._promised: Mapping[str, str] = self.file.checksums
        self.close()

    @property
    def received(self) -> int:
        """Bytes that are in place."""
        return self._hashed + sum(end - start for start, end in self._written.items())

    def learn(self, validator: str, promised: Mapping[str, str], *, keep: bool) -> None:
        """Heeds what the head of the first answer says of the file; `keep`: also after an interruption."""
        self.validator = validator
        self._promised = self.file.checksums or promised
        if keep:
            self._journal.note(number=self._number, validator=validator, promised=dict(self._promised))

    def close(self) -> None:
        """Ends the threads that hash."""
        if self._checksums is not None:
            self._checksums.close()
            self._checksums = None

    def missing(self, longest: int, since: int = 0) -> list[tuple[int, int]]:
        """The parts from byte `since` on that are not there: (first byte, byte after the last)."""
        gaps, at = [], max(self._hashed, since)
        for start, end in [*sorted(self._written.items()), (self.file.size, self.file.size)]:
            gaps += [(first, min(first + longest, start)) for first in range(at, start, longest)]
            at = end
        return gaps

    def open(self) -> int:
        """A descriptor to write parts to."""
        return os.open(self._path, os.O_WRONLY | os.O_CREAT | _BINARY, 0o666)

    def note_part(self, start: int, end: int, crc: int) -> None:
        """Tells that bytes are in place; verifies the file when they were the last ones.

        Raises:
          DigestError: the file is not what the source promised.
        """
        self._journal.note(number=self._number, start=start, end=end, crc=crc)
        with self._lock:
            if end > self._hashed:
                self._written[max(start, self._hashed)] = end
        self._hash_on()

    def hash_next(self, start: int, data: bytes) -> None:
        """Hashes bytes that were just written, if all before them are hashed."""
        with self._lock:
            if self._is_hashing or start != self._hashed:
                return
            self._is_hashing = True
        self._sums().update(data)
        with self._lock:
            self._hashed += len(data)
            self._is_hashing = False

    def forget(self) -> None:
        """Begins the file anew."""
        self._begin()
        self._journal.note(number=self._number, forget=True)

    def take_up(self, notes: Sequence[Mapping[str, Any]]) -> None:
        """Uses what an interrupted download left, as far as it is right."""
        for note in notes:
            if "forget" in note:
                self._begin()
            elif "validator" in note:
                self.validator = str(note["validator"])
                self._promised = self.file.checksums or note["promised"]
            elif _crc_at(self._path, note["start"], note["end"]) == note["crc"]:
                self._written[note["start"]] = note["end"]

    def finish_if_whole(self) -> None:
        """Hashes what was taken up; an empty file is made."""
        if self.file.size:
            self._hash_on()
        else:
            os.close(self.open())
            self._complete(Checksums(self.file.checksums, 0))

    def _hash_on(self) -> None:
        """Hashes the parts that follow what is hashed already, unless another thread is at it.

        They came before others that belong before them. They are read back: the system has them in memory.
        """
        with self._lock:
            if self._is_hashing:
                return
            self._is_hashing = True
        while (end := self._next_end()) is not None:
            for block in _blocks(self._path, self._hashed, end):
                self._sums().update(block)
            self._hashed = end
            if end == self.file.size:
                self._complete(self._sums())
                return

    def _sums(self) -> Checksums:
        """Made with the first bytes: only then it is known what the source promised."""
        if self._checksums is None:
            self._checksums = Checksums(self._promised, self.file.size, threads=self.file.size >= _LONG)
        return self._checksums

    def _complete(self, checksums: Checksums) -> None:
        self.entry = FileEntry(self.file.path, self.file.size, checksums.verify(self.file.path))
        self.close()

    def _next_end(self) -> int | None:
        """Where the part ends that is hashed next; None, and the turn is another's, when it is not there."""
        with self._lock:
            size = self.file.size
            end = size if self._hashed == size else self._written.pop(self._hashed, None)
            self._is_hashing = end is not None
            return end


class StagedParts:
    """The files of a list in a staging directory.

    Args:
      staging: the directory.
      files: with checked paths.

    Attributes:
      files: in the order of the list.
    """

    def __init__(self, staging: str, files: Sequence[RemoteFile]) -> None:
        self._staging, self._root = staging, os.path.join(staging, "files")
        self._journal = _Journal(os.path.join(staging, "journal"), _identity(files))
        self.files = [
            StagedFile(number, file, os.path.join(self._root, *file.path.split("/")), self._journal)
            for number, file in enumerate(files)
        ]

    def open(self) -> None:
        """Takes up what an interrupted download of the same list left, else starts from nothing."""
        notes = self._journal.read()
        if notes is None:
            shutil.rmtree(self._root, ignore_errors=True)
        for folder in {os.path.dirname(file.file.path) for file in self.files}:
            os.makedirs(os.path.join(self._root, *folder.split("/")), exist_ok=True)
        self._journal.open(anew=notes is None)
        for number, file in enumerate(self.files):
            with contextlib.suppress(KeyError, TypeError, AttributeError):
                file.take_up((notes or {}).get(number, ()))

    def close(self) -> None:
        """Closes the journal, ends all threads."""
        self._journal.close()
        for file in self.files:
            file.close()

    @contextlib.contextmanager
    def explaining_disk_errors(self) -> Iterator[None]:
        """Turns errors of writing into ours."""
        try:
            yield
        except OSError as error:
            if isinstance(error, HubError):
                raise
            raise cache_error(error, self._staging.partition(f"{os.sep}.tfhub{os.sep}")[0]) from error


class _Journal:
    """Notes about files, a JSON object a line."""

    def __init__(self, path: str, identity: str) -> None:
        self._path, self._identity = path, identity
        self._descriptor = -1
        self._lock = threading.Lock()

    def read(self) -> dict[int, list[dict[str, Any]]] | None:
        """The notes of each file; None when there is no journal of this list of files."""
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
        with self._lock:  # a thread that comes late must not write to a file that got its number
            if self._descriptor >= 0:
                os.close(self._descriptor)
                self._descriptor = -1


def _identity(files: Sequence[RemoteFile]) -> str:
    """Tells this list from others: not the URLs, which may be signed anew each time."""
    rows = [[file.path, file.size, dict(file.checksums)] for file in files]
    return hashlib.sha256(json.dumps(rows, sort_keys=True).encode()).hexdigest()


def _blocks(path: str, start: int, end: int) -> Iterator[bytes]:
    with open(path, "rb", buffering=0) as file:
        file.seek(start)
        while start < end:
            block = file.read(min(_BLOCK, end - start))
            if not block:
                raise OSError(5, "a file became shorter while it was written", path)
            yield block
            start += len(block)


def _crc_at(path: str, start: int, end: int) -> int | None:
    crc = 0
    try:
        for block in _blocks(path, start, end):
            crc = crc32(block, crc)
    except (OSError, ValueError):
        return None
    return crc
