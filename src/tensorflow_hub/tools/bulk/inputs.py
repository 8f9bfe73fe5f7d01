"""The input of `apply`: the rows of a text file or table, or the images in a folder."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tensorflow_hub.errors import DataError
from tensorflow_hub.tools.batches import in_parts
from tensorflow_hub.tools.datasets.image_folder import image_files, name_below
from tensorflow_hub.tools.datasets.tables import (
    TEXT_COLUMNS,
    Columns,
    is_parquet,
    is_table,
    open_parquet,
    read_chunks,
    read_lines,
    unknown_kind_hint,
)
from tensorflow_hub.tools.extras import require
from tensorflow_hub.tools.modules import Kind

KEY, VALUE = "key", "value"
_IMAGES = 4096  # in a record batch


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

    @property
    def is_parquet(self) -> bool:
        """Whether the rows are in a Parquet file, which can be read from any row."""
        return self.listed or (self.kind == "text" and is_parquet(self.path))

    def rows(self, start: int = 0) -> Iterator[Any]:
        """Yields the rows as record batches of Arrow, `key` and `value`, always in the same order.

        Keys are the numbers of the rows in the file, from 1, or the paths of the images below the folder.
        Values are texts, null where there is none, or the absolute paths of the images as bytes.

        Args:
          start: the number of rows to skip at the beginning of a Parquet file; 0 for other inputs.
        """
        arrow = require("pyarrow")
        batch = functools.partial(arrow.record_batch, names=[KEY, VALUE])
        if self.listed:
            both: Columns = {name: (name, ()) for name in (KEY, VALUE)}
            yield from (batch(columns) for _, columns in read_chunks(self.path, both, start))
        elif self.kind == "image":
            for files in in_parts(image_files(self.path), _IMAGES):
                names = [name_below(path, self.path) for path in files]
                paths = [os.fsencode(path.absolute()) for path in files]
                yield batch([arrow.array(names), arrow.array(paths)])
        else:
            text: Columns = {"text": (self.text_column, TEXT_COLUMNS)}
            chunks = read_chunks(self.path, text, start) if is_table(self.path) else read_lines(self.path)
            for numbers, (texts,) in chunks:
                yield batch([arrow.array(numbers, "int64").cast("string"), _strings(texts)])

    def values(self, rows: Any) -> Sequence[Any]:
        """Returns the texts in a record batch, None where there is none; or the paths of its images."""
        values = rows[VALUE].to_numpy(zero_copy_only=False)
        return [Path(os.fsdecode(path)) for path in values] if self.kind == "image" else values

    def count(self) -> int:
        """Returns the number of rows. Those of a Parquet file are not read."""
        if not self.is_parquet:
            return sum(rows.num_rows for rows in self.rows())
        with open_parquet(self.path) as file:
            rows: int = file.metadata.num_rows
            return rows

    def fingerprint(self) -> str:
        """Returns a digest of the sizes and times of the files, which changes if the input does."""
        digest = hashlib.sha256(f"{self.kind} {self.text_column}".encode())
        files = image_files(self.path) if self.kind == "image" else iter([self.path])
        for path in files:
            digest.update(f"{path} {_state(path)}\n".encode("utf-8", "surrogateescape"))
        return digest.hexdigest()


def _strings(column: Any) -> Any:
    """Returns a column as an Arrow array of strings, with null for what is no text."""
    arrow = require("pyarrow")
    if not isinstance(column, list):
        if arrow.types.is_string(column.type) or arrow.types.is_large_string(column.type):
            return column.cast("string")
        column = column.to_pylist()
    return arrow.array([value if isinstance(value, str) else None for value in column], arrow.string())


def write_rows(source: Input, path: Path) -> Input:
    """Writes all rows of an input to a Parquet file, which can be read from any row.

    Args:
      source: the input.
      path: the path of the file.

    Returns:
      The input with the file.
    """
    arrow = require("pyarrow")
    value = arrow.binary() if source.kind == "image" else arrow.string()
    schema = arrow.schema([(KEY, arrow.string()), (VALUE, value)])
    with require("pyarrow.parquet").ParquetWriter(path, schema, compression="zstd") as writer:
        for rows in source.rows():
            writer.write_batch(rows)
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
