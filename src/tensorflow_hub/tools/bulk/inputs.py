"""The input of `apply`: the rows of a text file or table, or the images in a folder."""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import os
from collections.abc import Iterator
from pathlib import Path

from tensorflow_hub.errors import DataError
from tensorflow_hub.tools.batches import Row, in_parts
from tensorflow_hub.tools.datasets.image_folder import image_files, name_below
from tensorflow_hub.tools.datasets.tables import (
    TEXT_COLUMNS,
    is_parquet,
    is_table,
    open_parquet,
    read_rows,
    unknown_kind_hint,
)
from tensorflow_hub.tools.extras import require
from tensorflow_hub.tools.modules import Kind

_KEY, _VALUE = "key", "value"
_WRITTEN_AT_ONCE = 4096


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

    def rows(self, start: int = 0) -> Iterator[Row]:
        """Yields the rows from number `start` (counted from 0), always in the same order.

        The name of a row is its number in the file, from 1, or the path of the image below the folder.

        Parquet files are read from that row. Other files are read from their beginning.
        """
        if self.listed:
            return self._listed(start)
        if self.kind == "image":
            files = ((name_below(path, self.path), path) for path in image_files(self.path))
            return itertools.islice(files, start, None)
        if not is_table(self.path):
            return itertools.islice(self._lines(), start, None)
        return self._table(start)

    def count(self) -> int:
        """Returns the number of rows. Those of a Parquet file are not read."""
        if not is_parquet(self.path):
            return sum(1 for _ in self.rows())
        with open_parquet(self.path) as file:
            rows: int = file.metadata.num_rows
            return rows

    def _table(self, start: int) -> Iterator[Row]:
        for number, (text,) in read_rows(self.path, {"text": (self.text_column, TEXT_COLUMNS)}, start):
            yield str(number), text if isinstance(text, str) else None

    def _listed(self, start: int) -> Iterator[Row]:
        for _, (key, value) in read_rows(self.path, {name: (name, ()) for name in (_KEY, _VALUE)}, start):
            yield key, Path(os.fsdecode(value)) if self.kind == "image" else value

    def _lines(self) -> Iterator[Row]:
        with self.path.open("rb") as stream:
            for number, line in enumerate(stream, 1):
                try:
                    text = line.decode("utf-8-sig" if number == 1 else "utf-8")
                except UnicodeDecodeError as error:
                    raise DataError(
                        f"{self.path.name!r} is not text in UTF-8: {error.reason} in line {number}.",
                        hint="Convert it to UTF-8.",
                        line=number,
                    ) from error
                yield str(number), text.rstrip("\r\n")

    def fingerprint(self) -> str:
        """Returns a digest of the sizes and times of the files, which changes if the input does."""
        digest = hashlib.sha256(f"{self.kind} {self.text_column}".encode())
        files = image_files(self.path) if self.kind == "image" else iter([self.path])
        for path in files:
            digest.update(f"{path} {_state(path)}\n".encode("utf-8", "surrogateescape"))
        return digest.hexdigest()


def write_rows(source: Input, path: Path) -> Input:
    """Writes all rows of an input to a Parquet file, which can be read from any row.

    Args:
      source: the input.
      path: the path of the file. Images are written as absolute paths.

    Returns:
      The input with the file.
    """
    arrow = require("pyarrow")
    is_image = source.kind == "image"
    schema = arrow.schema([(_KEY, arrow.string()), (_VALUE, arrow.binary() if is_image else arrow.string())])
    with require("pyarrow.parquet").ParquetWriter(path, schema, compression="zstd") as writer:
        for rows in in_parts(source.rows(), _WRITTEN_AT_ONCE):
            keys, values = zip(*rows, strict=True)
            if is_image:
                values = tuple(os.fsencode(file.absolute()) for file in values)
            writer.write_table(arrow.table([keys, values], schema=schema))
    return Input(path, source.kind, listed=True)


def _state(path: Path) -> str:
    try:
        status = path.stat()
    except OSError:  # a link to nothing, which is reported when it is read
        return "unreadable"
    return f"{status.st_size} {status.st_mtime_ns}"


def open_input(path: str | os.PathLike[str], text_column: str | None = None) -> Input:
    """Returns the input at a path.

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
