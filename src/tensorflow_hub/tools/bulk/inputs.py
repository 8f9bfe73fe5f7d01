"""The input of `apply`: the rows of a text file or table, or the images in a folder, read in chunks."""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tensorflow_hub.errors import DataError
from tensorflow_hub.tools.datasets.image_folder import image_files, name_below
from tensorflow_hub.tools.datasets.tables import (
    CHUNK,
    TEXT_COLUMNS,
    is_parquet,
    is_table,
    open_parquet,
    read_chunks,
    require,
    unknown_kind_hint,
)
from tensorflow_hub.tools.modules import Kind

arrow = require("pyarrow")

IMAGES_AT_ONCE = 256
_KEY, _VALUE = "key", "value"


@dataclasses.dataclass(frozen=True)
class Rows:
    """A chunk of consecutive inputs, by column: an object for each input would be slow.

    Attributes:
      keys: an Arrow array of strings: the numbers of the rows in the file, from 1, or the paths of the images
        below
        the folder.
      values: an Arrow array of the texts, null for a missing text; or a list of the paths of the images.
    """

    keys: Any
    values: Any

    def __len__(self) -> int:
        return len(self.keys)

    def __getitem__(self, part: slice) -> Rows:
        return Rows(self.keys[part], self.values[part])


@dataclasses.dataclass(frozen=True)
class Input:
    """An input, which can be read several times, and from any row.

    Attributes:
      path: the file or folder.
      kind: `image` for a folder, `text` for a file.
      text_column: the column of a table with the texts; None for a column with a usual name.
      listed: whether `write_rows` wrote the file.
    """

    path: Path
    kind: Kind
    text_column: str | None = None
    listed: bool = False

    def rows(self, start: int = 0) -> Iterator[Rows]:
        """The rows from number `start` (counted from 0), in chunks.

        Their order is always the same. Parquet files are read from that row. Other files are read from their
        beginning.
        """
        if self.listed:
            yield from self._listed(start)
        elif is_parquet(self.path):
            yield from self._table(start)
        else:
            read = 0
            for rows in self._from_the_beginning():
                rest = rows[max(0, start - read) :]
                read += len(rows)
                if len(rest):
                    yield rest

    def _from_the_beginning(self) -> Iterator[Rows]:
        if self.kind == "image":
            return self._files()
        return self._table(0) if is_table(self.path) else self._lines()

    def count(self) -> int:
        """The number of rows of a Parquet file. The rows are not read."""
        with open_parquet(self.path) as file:
            rows: int = file.metadata.num_rows
            return rows

    def pairs(self) -> Iterator[tuple[str, Any]]:
        """All rows as pairs (key, value)."""
        for rows in self.rows():
            values = rows.values if isinstance(rows.values, list) else rows.values.to_pylist()
            yield from zip(rows.keys.to_pylist(), values, strict=True)

    def _table(self, start: int) -> Iterator[Rows]:
        for chunk in read_chunks(self.path, {"text": (self.text_column, TEXT_COLUMNS)}, start):
            yield Rows(_numbers(chunk.numbers), _texts(chunk.values["text"]))

    def _listed(self, start: int) -> Iterator[Rows]:
        columns = {name: (name, ()) for name in (_KEY, _VALUE)}
        for chunk in read_chunks(self.path, columns, start):
            values = chunk.values[_VALUE]
            if self.kind == "image":
                values = [Path(os.fsdecode(path)) for path in values.to_pylist()]
            yield Rows(chunk.values[_KEY], values)

    def _files(self) -> Iterator[Rows]:
        files = image_files(self.path)
        while paths := list(itertools.islice(files, IMAGES_AT_ONCE)):
            yield Rows(arrow.array([name_below(path, self.path) for path in paths]), paths)

    def _lines(self) -> Iterator[Rows]:
        first = 1
        with self.path.open("rb") as stream:
            while lines := list(itertools.islice(stream, CHUNK)):
                texts = self._decoded(lines, first)
                yield Rows(_numbers(range(first, first + len(lines))), arrow.array(texts))
                first += len(lines)

    def _decoded(self, lines: Sequence[bytes], first: int) -> list[str]:
        encoding = "utf-8-sig" if first == 1 else "utf-8"
        try:
            texts = b"".join(lines).decode(encoding).split("\n")
        except UnicodeDecodeError as error:
            line = first + b"".join(lines)[: error.start].count(b"\n")
            raise DataError(
                f"{self.path.name!r} is not text in UTF-8: {error.reason} in line {line}.",
                hint="Convert it to UTF-8.",
                line=line,
            ) from error
        return [text.rstrip("\r") for text in texts[: len(lines)]]

    def fingerprint(self) -> str:
        """A digest of the sizes and times of the files, which changes if the input does."""
        digest = hashlib.sha256(f"{self.kind} {self.text_column}".encode())
        files = image_files(self.path) if self.kind == "image" else iter([self.path])
        for path in files:
            digest.update(f"{path} {_state(path)}\n".encode("utf-8", "surrogateescape"))
        return digest.hexdigest()


def _numbers(numbers: Sequence[int]) -> Any:
    return arrow.array(numbers, arrow.int64()).cast(arrow.string())


def _texts(column: Any) -> Any:
    """A column of a table as an Arrow array of strings, with null for other values."""
    if isinstance(column, list):
        return arrow.array([text if isinstance(text, str) else None for text in column], arrow.string())
    kind = column.type.value_type if arrow.types.is_dictionary(column.type) else column.type
    if not (arrow.types.is_string(kind) or arrow.types.is_large_string(kind)):
        return arrow.nulls(len(column), arrow.string())
    return column.cast(arrow.string())


def write_rows(source: Input, path: Path) -> Input:
    """Writes all rows of an input to a Parquet file, which can be read from any row.

    Args:
      source: the input.
      path: the path of the file. Images are written as absolute paths.

    Returns:
      The input with the file.
    """
    kind = arrow.binary() if source.kind == "image" else arrow.string()
    schema = arrow.schema([(_KEY, arrow.string()), (_VALUE, kind)])
    with require("pyarrow.parquet").ParquetWriter(path, schema, compression="zstd") as writer:
        for rows in source.rows():
            values = rows.values
            if source.kind == "image":
                values = arrow.array([os.fsencode(file.absolute()) for file in values], kind)
            writer.write_table(arrow.table([rows.keys, values], schema=schema))
    return Input(path, source.kind, listed=True)


def _state(path: Path) -> str:
    try:
        status = path.stat()
    except OSError:  # a link to nothing, which is reported when it is read
        return "unreadable"
    return f"{status.st_size} {status.st_mtime_ns}"


def open_input(path: str | os.PathLike[str], text_column: str | None = None) -> Input:
    """The input at a path.

    Args:
      path: a folder of images, a `.txt` file with one text per line, or a CSV, TSV, JSONL or Parquet table.
      text_column: the column of the table with the texts.

    Raises:
      DataError: the path does not exist, or is something else.
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
