"""The files of a module while their segments arrive, in any order, from several threads.

    <staging>/index.json   the index of the archive; for another archive the download starts again
    <staging>/journal      the numbers of the segments that were written, one in each line
    <staging>/files/…      the files

After an interruption, each segment that the journal names is read and hashed. So neither a killed process nor
a power failure between the two writes can leave a wrong byte.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import threading
from collections.abc import Iterable, Sequence

from tensorflow_hub.format.archive.file_digests import digest_at
from tensorflow_hub.format.archive.index import ArchiveIndex, Segment
from tensorflow_hub.resolving.cache.layout import cache_error

_BINARY = getattr(os, "O_BINARY", 0)  # without it Windows writes two bytes for each line break


class StagedFiles:
    """The files of an archive in a staging directory.

    Attributes:
      missing: the numbers of the segments that are not written yet.
    """

    def __init__(self, staging: str, index: ArchiveIndex) -> None:
        self.index = index
        self._root = os.path.join(staging, "files")
        self._staging = staging
        self._journal = -1
        self._lock = threading.Lock()
        self.missing: set[int] = set(range(len(index.segments)))
        self._duplicates: dict[tuple[str, int], list[int]] = {}
        for number, segment in enumerate(index.segments):
            self._duplicates.setdefault((segment.sha256, segment.size), []).append(number)

    def open(self) -> None:
        """Continues an interrupted download of the same archive, or starts a new one."""
        index_file = os.path.join(self._staging, "index.json")
        document = self.index.to_json()
        journal = os.path.join(self._staging, "journal")
        if _read(index_file) == document:
            self._resume(_read(journal) or b"")
        else:
            for path in (index_file, journal, self._root):
                with contextlib.suppress(FileNotFoundError):
                    shutil.rmtree(path) if os.path.isdir(path) else os.unlink(path)
        self._make_directories()
        # The journal is written again with the checked segments, and then the index, which makes it valid.
        self._journal = os.open(journal, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND | _BINARY, 0o666)
        self._note(set(range(len(self.index.segments))) - self.missing)
        with open(index_file + ".new", "wb") as file:
            file.write(document)
        os.replace(index_file + ".new", index_file)

    def close(self) -> None:
        """Closes the journal."""
        with self._lock:  # a late thread must not write to another file that got the same descriptor
            if self._journal >= 0:
                os.close(self._journal)
                self._journal = -1

    def path_of(self, path: str) -> str:
        """The path of a file of the archive."""
        return os.path.join(self._root, *path.split("/"))

    def duplicates(self, number: int) -> Sequence[int]:
        """The segments with the same content, including this one. Exports of Keras have weights twice."""
        segment = self.index.segments[number]
        return self._duplicates[segment.sha256, segment.size]

    def missing_contents(self) -> list[int]:
        """The missing segments without those that equal an earlier missing one."""
        segments = self.index.segments
        contents = {
            (segments[number].sha256, segments[number].size): number
            for number in sorted(self.missing, reverse=True)
        }
        return sorted(contents.values())

    def write(self, number: int, pieces: Sequence[memoryview]) -> None:
        """Writes the checked content of a segment, and of its duplicates.

        Raises:
          CacheError: the disk is full or cannot be written.
        """
        for duplicate in self.duplicates(number):
            if duplicate == number or duplicate in self.missing:
                self._write_one(duplicate, pieces)

    def _write_one(self, number: int, pieces: Sequence[memoryview]) -> None:
        segment = self.index.segments[number]
        path = self.path_of(segment.path)
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | _BINARY, 0o666)
            try:
                write_at(descriptor, segment.start, pieces)
            finally:
                os.close(descriptor)
            self.note_written([number])
        except OSError as error:
            raise cache_error(error, self._staging.partition(f"{os.sep}.tfhub{os.sep}")[0]) from error

    def note_written(self, numbers: Iterable[int]) -> None:
        """Records that segments are written or copied."""
        numbers = list(numbers)
        with self._lock:
            self.missing.difference_update(numbers)
            self._note(numbers)

    def _note(self, numbers: Iterable[int]) -> None:
        lines = "".join(f"{number}\n" for number in numbers)
        if lines and self._journal >= 0:
            os.write(self._journal, lines.encode())

    def _make_directories(self) -> None:
        os.makedirs(self._root, exist_ok=True)
        for folder in {file.path.rpartition("/")[0] for file in self.index.files}:
            os.makedirs(self.path_of(folder) if folder else self._root, exist_ok=True)
        for file in self.index.files:
            if file.size == 0:
                with open(self.path_of(file.path), "wb"):
                    pass

    def _resume(self, journal: bytes) -> None:
        """Uses the segments that an interrupted download wrote, if their digests are right."""
        named = {int(line) for line in journal.split(b"\n")[:-1] if line.isdigit()}
        linked = set()
        for file in self.index.files:
            with contextlib.suppress(OSError):
                # Shared with another cached module, so it must not be written to. It will be linked again.
                if os.stat(self.path_of(file.path)).st_nlink > 1:
                    os.unlink(self.path_of(file.path))
                    linked.add(file.path)
        for number in sorted(named & self.missing):
            segment = self.index.segments[number]
            if segment.path not in linked and self._is_right(segment):
                self.missing.discard(number)

    def _is_right(self, segment: Segment) -> bool:
        return digest_at(self.path_of(segment.path), segment.start, segment.size) == segment.sha256


def write_at(descriptor: int, start: int, pieces: Sequence[memoryview]) -> None:
    """Writes pieces one after the other from a position on. Other threads may write to other positions."""
    # Stored segments have a piece for each 64 KiB. One call writes at most IOV_MAX of them.
    for first in range(0, len(pieces), 512):
        group = list(pieces[first : first + 512])
        while group:
            written = _pwritev(descriptor, group, start)
            start += written
            while group and written >= len(group[0]):
                written -= len(group.pop(0))
            if group and written:
                group[0] = group[0][written:]


if hasattr(os, "pwritev"):

    def _pwritev(descriptor: int, pieces: list[memoryview], start: int) -> int:
        return os.pwritev(descriptor, pieces, start)

else:

    def _pwritev(descriptor: int, pieces: list[memoryview], start: int) -> int:
        os.lseek(descriptor, start, os.SEEK_SET)
        return os.write(descriptor, pieces[0])


def _read(path: str) -> bytes | None:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return None
