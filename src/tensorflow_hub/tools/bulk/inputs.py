"""What a module is applied to: rows of a file of texts or a table, or the images in a folder, by chunks."""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from tensorflow_hub.errors import DataError
from tensorflow_hub.tools.datasets.image_folder import image_files, name_below
from tensorflow_hub.tools.datasets.tables import (
    CHUNK,
    TEXT_COLUMNS,
    is_table,
    read_chunks,
    unknown_kind_hint,
)
from tensorflow_hub.tools.opening import Kind

IMAGES_AT_ONCE = 256

Value = str | Path | None


@dataclasses.dataclass(frozen=True)
class Rows:
    """Some consecutive inputs, by column: there are millions, and an object for each would cost more than it.

    Attributes:
      keys: the rows' numbers in their file, from 1, or the images' paths below their folder.
      values: the texts, None for a cell without one; or the images' files.
    """

    keys: Sequence[str]
    values: Sequence[Value]

    def __len__(self) -> int:
        return len(self.keys)

    def __getitem__(self, part: slice) -> Rows:
        return Rows(self.keys[part], self.values[part])


@dataclasses.dataclass(frozen=True)
class Input:
    """A source of rows that can be read again from any row on.

    Attributes:
      path: the file or folder.
      kind: `image` for a folder, `text` for a file.
      text_column: the column of a table; None finds a usual one.
    """

    path: Path
    kind: Kind
    text_column: str | None = None

    def rows(self) -> Iterator[Rows]:
        """All rows, in an order that does not change while the input does not, some at a time."""
        if self.kind == "image":
            yield from self._files()
        elif is_table(self.path):
            for chunk in read_chunks(self.path, {"text": (self.text_column, TEXT_COLUMNS)}):
                texts = [text if isinstance(text, str) else None for text in chunk.values["text"]]
                yield Rows(list(map(str, chunk.numbers)), texts)
        else:
            yield from self._lines()

    def pairs(self) -> Iterator[tuple[str, Value]]:
        """The same, one (key, value) after the other."""
        for rows in self.rows():
            yield from zip(rows.keys, rows.values, strict=True)

    def _files(self) -> Iterator[Rows]:
        files = image_files(self.path)
        while paths := list(itertools.islice(files, IMAGES_AT_ONCE)):
            yield Rows([name_below(path, self.path) for path in paths], paths)

    def _lines(self) -> Iterator[Rows]:
        first = 1
        with self.path.open("rb") as stream:
            while lines := list(itertools.islice(stream, CHUNK)):
                texts = self._decoded(lines, first)
                yield Rows(list(map(str, range(first, first + len(lines)))), texts)
                first += len(lines)

    def _decoded(self, lines: Sequence[bytes], first: int) -> list[str]:
        encoding = "utf-8-sig" if first == 1 else "utf-8"
        try:
            texts = b"".join(lines).decode(encoding).split("\n")
        except UnicodeDecodeError as error:
            whole = b"".join(lines)[: error.start].count(b"\n")
            raise DataError(
                f"{self.path.name!r} is not text in UTF-8: {error.reason} in line {first + whole}.",
                hint="Convert it to UTF-8.",
            ) from error
        return [text.rstrip("\r") for text in texts[: len(lines)]]

    def fingerprint(self) -> str:
        """Changes when the input does: sizes and times of its files."""
        digest = hashlib.sha256(f"{self.kind} {self.text_column}".encode())
        files = image_files(self.path) if self.kind == "image" else iter([self.path])
        for path in files:
            digest.update(f"{path} {_state(path)}\n".encode("utf-8", "surrogateescape"))
        return digest.hexdigest()


def _state(path: Path) -> str:
    try:
        status = path.stat()
    except OSError:  # a link to nothing; left out with its reason when it is read
        return "unreadable"
    return f"{status.st_size} {status.st_mtime_ns}"


def is_text(value: object) -> bool:
    """Whether there is something in it to apply a module to.

    >>> is_text("a"), is_text(" "), is_text(None)
    (True, False, False)
    """
    return isinstance(value, str) and bool(value.strip())


def open_input(path: str | os.PathLike[str], text_column: str | None = None) -> Input:
    """Decides what a path holds.

    Args:
      path: a folder of images; or a `.txt` file with a text a line; or a CSV, TSV, JSONL or Parquet table.
      text_column: the table's column.

    Raises:
      DataError: there is nothing, or something else.
    """
    source = Path(path)
    if source.is_dir():
        if next(image_files(source), None) is None:
            raise DataError(
                f"There are no images in the folder {str(source)!r}.",
                hint="Give a folder of images, or a .txt, .csv, .jsonl or .parquet file of texts.",
            )
        return Input(source, "image")
    if str(source) == "-" or (source.exists() and not source.is_file()):
        raise DataError(
            f"Expected a file or a folder, {str(source)!r} can be read only once.",
            hint="Write it to a file first: a run that was interrupted reads its input again.",
        )
    if not source.is_file():
        raise DataError(f"There is no file or folder {str(source)!r}.", hint="Check the path.")
    if not is_table(source) and source.suffix.lower() not in {".txt", ".text", ""}:
        raise DataError(
            f"Expected a .txt, .csv, .tsv, .jsonl or .parquet file, got {source.name!r}.",
            hint=unknown_kind_hint(source),
        )
    return Input(source, "text", text_column)
