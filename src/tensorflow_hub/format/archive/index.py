"""The index of an archive: the position of each part of each file in the archive.

The archive is an ordinary tar.gz. Its deflate stream is divided into segments. Each segment can be inflated
alone, and contains consecutive bytes of one file. Clients download segments only, without the tar headers and
padding between them.

The JSON form (media type `application/vnd.tensorflow-hub.index+json`):

    {"format": 1,
     "archive": {"size": 1234, "sha256": "…"},
     "digest": "sha256:…",
     "files": [{"path": "saved_model.pb", "size": 99, "sha256": "…",
                "segments": [[offset, length, "deflate" or "stored", size, sha256], …]}, …]}

`offset` and `length` are bytes of the archive. The segments of a file are in the order of its bytes, and
their `size`s (bytes of the file) add up to the size of the file. A segment without
a digest has that of the file.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from typing import Any, Final, Literal, NoReturn, cast

from tensorflow_hub.errors import ArchiveError
from tensorflow_hub.format.archive.limits import DEFAULT_LIMITS, ArchiveLimits
from tensorflow_hub.format.archive.member_names import NamesSeen, check_path, exceeded

INDEX_MEDIA_TYPE: Final = "application/vnd.tensorflow-hub.index+json"
FORMAT: Final = 1
# The largest index in bytes that a publisher sends. 50,000 files have 8 MB with short names, 28 with long.
LARGEST_SENT_INDEX: Final = 32 << 20
LARGEST_SEGMENT: Final = 64 << 20  # bytes, packed or unpacked, because readers hold a segment in memory
Method = Literal["deflate", "stored"]

# One byte of deflate inflates to at most 1,032 bytes: a match of 258 bytes (the longest) takes two bits.
_DEFLATE_RATIO = 1032
_STORED_BLOCK = 65535
_STORED_HEADER = 5
_SHA256 = re.compile(r"[0-9a-f]{64}")
_LARGEST = 1 << 62


@dataclasses.dataclass(frozen=True)
class FileEntry:
    """A file of a module.

    Attributes:
      path: relative to the module, with `/` between names.
      size: in bytes.
      sha256: the digest in hex.
    """

    path: str
    size: int
    sha256: str


@dataclasses.dataclass(frozen=True)
class Segment:
    """Consecutive bytes of the archive that contain consecutive bytes of a file.

    Attributes:
      offset: its first byte in the archive.
      length: its number of bytes in the archive.
      method: "deflate", or "stored" (deflate's uncompressed blocks) for data that hardly shrinks.
      sha256: the digest in hex of the unpacked bytes.
      path: the path of the file.
      start: its first byte in the file.
      size: its number of bytes in the file.
    """

    offset: int
    length: int
    method: Method
    sha256: str
    path: str
    start: int
    size: int


@dataclasses.dataclass(frozen=True)
class ArchiveIndex:
    """The files of an archive and their segments, in the order of the archive."""

    archive_size: int
    archive_sha256: str
    files: tuple[FileEntry, ...]
    segments: tuple[Segment, ...]

    @property
    def digest(self) -> str:
        """The digest of the content, see `module_digest`."""
        return module_digest(self.files)

    @property
    def largest_segment(self) -> int:
        """The size of the largest segment in bytes, packed or unpacked."""
        return max((max(segment.length, segment.size) for segment in self.segments), default=0)

    @property
    def size(self) -> int:
        """The total size of all files in bytes."""
        return sum(file.size for file in self.files)

    def to_json(self) -> bytes:
        """The index as JSON. The same index always gives the same bytes."""
        rows: dict[str, list[list[int | str]]] = {file.path: [] for file in self.files}
        whole = {file.path: file for file in self.files}
        for segment in self.segments:
            row: list[int | str] = [segment.offset, segment.length, segment.method, segment.size]
            if segment.sha256 != whole[segment.path].sha256:
                row.append(segment.sha256)
            rows[segment.path].append(row)
        value = {
            "format": FORMAT,
            "archive": {"size": self.archive_size, "sha256": self.archive_sha256},
            "digest": self.digest,
            "files": [
                {"path": file.path, "size": file.size, "sha256": file.sha256, "segments": rows[file.path]}
                for file in self.files
            ],
        }
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()

    @classmethod
    def from_json(cls, data: bytes, limits: ArchiveLimits = DEFAULT_LIMITS) -> ArchiveIndex:
        """Reads and checks an index from an untrusted source.

        Raises:
          ArchiveError: the data is not an index, exceeds a limit, or has a path outside of the module; or its
            segments overlap or do not fill the files. The message says which.
        """
        if len(data) > limits.index_bytes:
            _refuse(f"Expected an index of at most {limits.index_bytes:,} bytes, got {len(data):,}.")
        # An empty list takes 2 bytes in JSON and 60 bytes in memory, so the number is checked before parsing.
        if data.count(b"[") + data.count(b"{") > 4 * (limits.files + limits.segments):
            _refuse(f"Expected at most {limits.segments:,} segments, got more.")
        value = _parse(data)
        archive = _dict(value.get("archive"), "archive")
        size = _integer(archive.get("size"), "the size of the archive")
        reader = _FilesReader(size, limits)
        for file in _list(value.get("files"), "files"):
            reader.add(_dict(file, "a file"))
        index = cls(
            size, _hex(archive.get("sha256"), "the archive"), tuple(reader.files), tuple(reader.segments)
        )
        if value.get("digest") != index.digest:
            _refuse(
                f"Expected {index.digest}, the digest of the listed files, got {value.get('digest')!r:.100}."
            )
        return index


class _FilesReader:
    """Checks the files of an index one after the other."""

    def __init__(self, archive_size: int, limits: ArchiveLimits) -> None:
        self.files: list[FileEntry] = []
        self.segments: list[Segment] = []
        self._archive_size = archive_size
        self._limits = limits
        self._names = NamesSeen(limits)
        self._end = 0
        self._total = 0

    def add(self, value: dict[str, Any]) -> None:
        path = value.get("path")
        if not isinstance(path, str) or not path or check_path(path, self._limits) != path:
            _refuse(f"Expected a relative path in its plain form, got {path!r:.120}.")
        self._names.add(path, is_directory=False)
        file = FileEntry(path, _integer(value.get("size"), repr(path)), _hex(value.get("sha256"), repr(path)))
        self._total += file.size
        if self._total > self._limits.total_bytes:
            raise exceeded(
                f"Expected at most {self._limits.total_bytes:,} bytes of files, got more at {path!r}.",
                self._limits,
            )
        self.files.append(file)
        start = 0
        for row in _list(value.get("segments"), f"segments of {path!r}"):
            start += self._add_segment(file, start, row)
        if start != file.size:
            _refuse(f"Expected segments of {file.size:,} bytes for {path!r}, got {start:,}.")

    def _add_segment(self, file: FileEntry, start: int, row: object) -> int:
        if not isinstance(row, list) or len(row) not in {4, 5} or row[2] not in ("deflate", "stored"):
            _refuse(
                "Expected a segment as [offset, length, method, size, sha256], "
                f"got {row!r:.120} in {file.path!r}."
            )
        if len(self.segments) >= self._limits.segments:
            _refuse(f"Expected at most {self._limits.segments:,} segments, got more.")
        offset, length, size = (_integer(row[i], f"a segment of {file.path!r}") for i in (0, 1, 3))
        if offset < self._end or offset + length > self._archive_size:
            _refuse(
                f"Expected segments in the order of the archive, without overlap, got {row!r:.120} in "
                f"{file.path!r}."
            )
        if size == 0 or not _fits(row[2], length, size):
            _refuse(
                f"Expected a size that a {row[2]} segment of {length:,} bytes can have, got {size:,} bytes."
            )
        self._end = offset + length
        sha256 = _hex(row[4], repr(file.path)) if len(row) == 5 else file.sha256
        self.segments.append(Segment(offset, length, row[2], sha256, file.path, start, size))
        return size


def stored_length(size: int) -> int:
    """The number of bytes that `size` bytes take in deflate's stored blocks.

    >>> stored_length(100_000)
    100010
    """
    return size + _STORED_HEADER * -(-size // _STORED_BLOCK)


def module_digest(files: Iterable[FileEntry]) -> str:
    """The digest of a module's content, which does not depend on how the module is packed.

    It is the SHA-256 of one line `<sha256> <size> <path>` with a newline for each file, sorted by the bytes
    of the path in UTF-8. Paths have no control characters.

    >>> module_digest([FileEntry("saved_model.pb", 0, "e3" * 32)])[:14]
    'sha256:3f3809e'
    """
    lines = sorted((file.path.encode(), f"{file.sha256} {file.size} ".encode()) for file in files)
    return "sha256:" + hashlib.sha256(b"".join(content + path + b"\n" for path, content in lines)).hexdigest()


def _fits(method: str, length: int, size: int) -> bool:
    return length == stored_length(size) if method == "stored" else 0 < size <= length * _DEFLATE_RATIO


def _parse(data: bytes) -> dict[str, Any]:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        _refuse(f"Expected an archive index in JSON, got {data[:40]!r} ({error!s:.80}).")
    value = _dict(value, "the index")
    if value.get("format") != FORMAT:
        raise ArchiveError(
            f"Expected an archive index of format {FORMAT}, got {value.get('format')!r:.40}.",
            hint="The hub may be newer than this package. Run `pip install --upgrade tensorflow-hub`.",
        )
    return value


def _dict(value: object, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        _refuse(f"Expected {what} of the index as a JSON object, got {value!r:.60}.")
    return cast("dict[str, Any]", value)


def _list(value: object, what: str) -> Sequence[object]:
    if not isinstance(value, list):
        _refuse(f"Expected {what} of the index as a JSON list, got {value!r:.60}.")
    return cast("list[object]", value)


def _integer(value: object, what: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < _LARGEST:
        _refuse(f"Expected a number of bytes for {what}, got {value!r:.60}.")
    return value


def _hex(value: object, what: str) -> str:
    if not isinstance(value, str) or not _SHA256.fullmatch(value):
        _refuse(f"Expected a SHA-256 of 64 hex digits for {what}, got {value!r:.80}.")
    return value


def _refuse(problem: str) -> NoReturn:
    raise ArchiveError(
        problem,
        hint="The index is damaged. Fetch the whole archive instead, and tell the operator of the hub.",
    )
