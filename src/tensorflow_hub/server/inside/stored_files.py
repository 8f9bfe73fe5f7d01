"""The files of a stored archive: the list of them, and runs of bytes of one, without unpacking the others."""

from __future__ import annotations

import dataclasses
import functools

from tensorflow_hub.format.archive.index import ArchiveIndex, FileEntry
from tensorflow_hub.format.archive.segment_content import inflate_segment
from tensorflow_hub.server.core.problems import Missing, TooLarge
from tensorflow_hub.server.store.indexes import read_index
from tensorflow_hub.server.store.interface import Store, archive_key

# One page reads so many bytes of a file at most, in segments that are not larger than this.
MOST_BYTES = 64 << 10
_LARGEST_SEGMENT = 8 << 20


@dataclasses.dataclass(frozen=True, eq=False)
class StoredFiles:
    """The files of one archive in a store."""

    store: Store
    index: ArchiveIndex

    def entry(self, path: str) -> FileEntry:
        """A file by its path.

        Raises:
          Missing: there is none; says which there are.
        """
        found = next((file for file in self.index.files if file.path == path), None)
        if found is None:
            names = ", ".join(file.path for file in self.index.files[:10])
            raise Missing(f"The archive has no file {path!r:.200}.", hint=f"It has: {names}.")
        return found

    def read(self, path: str, start: int = 0, end: int | None = None, *, most: int = MOST_BYTES) -> bytes:
        """Bytes `start` up to and without `end` of a file.

        Raises:
          Missing: there is no such file.
          TooLarge: these are more than `most` bytes, or the archive cannot be read in small parts.
        """
        size = self.entry(path).size
        end = size if end is None else min(end, size)
        if end - start > most:
            raise TooLarge(
                f"Expected at most {most:,} bytes of {path!r} to read, got {end - start:,}.",
                hint="Download the version, and look at the file there.",
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
                    f"The archive holds {path!r} in parts of {segment.size:,} bytes, too many for a page.",
                    hint="Download the version, and look at the file there.",
                )
            key = archive_key(self.index.archive_sha256)
            packed = b"".join(self.store.read(key, segment.offset, segment.offset + segment.length))
            content = b"".join(inflate_segment(segment, packed))
            found.append(content[first - segment.start : last - segment.start])
        return found


@functools.lru_cache(maxsize=8)
def open_files(store: Store, archive_sha256: str) -> StoredFiles:
    """The files of a stored archive, whose index is kept for the next page."""
    return StoredFiles(store, read_index(store, archive_sha256))


@dataclasses.dataclass(frozen=True)
class TextPart:
    """A part of a text file.

    Attributes:
      text: its characters; "" for a file that is no text.
      is_text: whether the bytes are UTF-8 without control characters.
      start: the first byte.
      end: the byte behind the last one.
      size: of the whole file.
    """

    text: str
    is_text: bool
    start: int
    end: int
    size: int


def text_part(files: StoredFiles, path: str, start: int) -> TextPart:
    """The text of a file from a byte on, up to the end of a line where there is one.

    Raises:
      Missing: there is no such file, or it ends before `start`.
    """
    size = files.entry(path).size
    if start > size or start < 0:
        raise Missing(f"The file {path!r} has {size:,} bytes, not {start:,}.", hint="Begin with from=0.")
    data = files.read(path, start, min(size, start + MOST_BYTES))
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
    """How many bytes of UTF-8 do not end within a character."""
    for back in range(1, min(4, len(data)) + 1):
        byte = data[-back]
        if byte & 0xC0 != 0x80:
            length = 1 if byte < 0x80 else 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return len(data) if length <= back else len(data) - back
    return len(data)
