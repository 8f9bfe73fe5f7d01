"""Lists the files of a stored archive, and reads byte ranges of one file without unpacking the others."""

from __future__ import annotations

import dataclasses
import functools

from tensorflow_hub.format.archive.index import ArchiveIndex, FileEntry
from tensorflow_hub.format.archive.segment_content import inflate_segment
from tensorflow_hub.server.core.problems import Missing, TooLarge
from tensorflow_hub.server.store.indexes import read_index
from tensorflow_hub.server.store.interface import Store, archive_key

# How many bytes of a file one page shows, and the largest segment of the archive that is read for it.
MAX_BYTES = 64 << 10
_LARGEST_SEGMENT = 8 << 20


@dataclasses.dataclass(frozen=True, eq=False)
class StoredFiles:
    """The files of one archive in a store."""

    store: Store
    index: ArchiveIndex

    def entry(self, path: str) -> FileEntry:
        """Returns the entry of a file in the index.

        Raises:
          Missing: there is no such file. The hint lists the first ten.
        """
        found = next((file for file in self.index.files if file.path == path), None)
        if found is None:
            names = ", ".join(file.path for file in self.index.files[:10])
            raise Missing(f"The archive has no file {path!r:.200}.", hint=f"It has: {names}.")
        return found

    def read(self, path: str, start: int = 0, end: int | None = None, *, most: int = MAX_BYTES) -> bytes:
        """Returns the bytes of a file from `start` up to, but not including, `end`.

        Raises:
          Missing: there is no such file.
          TooLarge: these are more than `most` bytes, or the segments of the archive are too large.
        """
        size = self.entry(path).size
        end = size if end is None else min(end, size)
        if end - start > most:
            raise TooLarge(
                f"Expected at most {most:,} bytes of {path!r} to show, got {end - start:,}.",
                hint="Download the version, and open the file on your machine.",
            )
        return b"".join(self._parts(path, start, end))

    def _parts(self, path: str, start: int, end: int) -> list[bytes]:
        found = []
        for segment in self.index.segments:
            first, last = max(start, segment.start), min(end, segment.start + segment.size)
            if segment.path != path or first >= last:
                continue
            if max(segment.size, segment.length) > _LARGEST_SEGMENT:
                raise TooLarge(
                    f"The archive has {path!r} in segments of {segment.size:,} bytes. Pages show segments of "
                    f"at most {_LARGEST_SEGMENT:,}.",
                    hint="Download the version, and open the file on your machine.",
                )
            key = archive_key(self.index.archive_sha256)
            packed = b"".join(self.store.read(key, segment.offset, segment.offset + segment.length))
            content = b"".join(inflate_segment(segment, packed))
            found.append(content[first - segment.start : last - segment.start])
        return found


@functools.lru_cache(maxsize=8)
def open_files(store: Store, archive_sha256: str) -> StoredFiles:
    """Returns the files of a stored archive. The last few indexes are cached."""
    return StoredFiles(store, read_index(store, archive_sha256))


@dataclasses.dataclass(frozen=True)
class TextPart:
    """A part of a text file.

    Attributes:
      text: the characters; "" if the file is not text.
      is_text: whether the bytes are UTF-8 without control characters.
      start: the offset of the first byte.
      end: the offset after the last byte.
      size: the size of the whole file in bytes.
    """

    text: str
    is_text: bool
    start: int
    end: int
    size: int


def text_part(files: StoredFiles, path: str, start: int) -> TextPart:
    """Returns a part of a text file that begins at an offset and ends, if possible, with a line.

    Raises:
      Missing: there is no such file, or it ends before `start`.
    """
    size = files.entry(path).size
    if start > size or start < 0:
        raise Missing(
            f"Expected an offset from 0 to {size:,}, the size of {path!r}, got {start:,}.",
            hint="Begin with from=0.",
        )
    data = files.read(path, start, min(size, start + MAX_BYTES))
    end = start + len(data)
    if end < size:
        cut = data.rfind(b"\n") + 1 or _whole_characters(data)
        data, end = data[:cut], start + cut
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return TextPart("", False, start, end, size)
    is_text = not any(ord(letter) < 32 and letter not in "\t\n\r\f" for letter in text)
    return TextPart(text if is_text else "", is_text, start, end, size)


def _whole_characters(data: bytes) -> int:
    """Returns the length of the data without an incomplete UTF-8 character at its end."""
    for back in range(1, min(4, len(data)) + 1):
        byte = data[-back]
        if byte & 0xC0 != 0x80:
            length = 1 if byte < 0x80 else 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return len(data) if length <= back else len(data) - back
    return len(data)
