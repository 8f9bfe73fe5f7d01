"""What a module is applied to: rows of a file of texts or a table, or the images in a folder, one by one."""

from __future__ import annotations

import dataclasses
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tensorflow_hub.errors import DataError
from tensorflow_hub.tools.datasets.image_folder import image_files
from tensorflow_hub.tools.datasets.tables import TEXT_COLUMNS, is_table, read_rows
from tensorflow_hub.tools.encoders import Kind


class Row(NamedTuple):
    """One input; a tuple, for there are millions.

    Attributes:
      key: the row's number in its file, from 1, or the image's path below its folder.
      text: the text; None for an image, and for a cell without one.
      path: the image's file.
    """

    key: str
    text: str | None = None
    path: Path | None = None


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

    def rows(self) -> Iterator[Row]:
        """All rows, in an order that does not change while the input does not."""
        if self.kind == "image":
            for path in image_files(self.path):
                yield Row(path.relative_to(self.path).as_posix(), path=path)
        elif is_table(self.path):
            columns = {"text": (self.text_column, TEXT_COLUMNS)}
            for number, row in read_rows(self.path, columns):
                text = row["text"]
                yield Row(str(number), text=text if isinstance(text, str) else None)
        else:
            yield from self._lines()

    def _lines(self) -> Iterator[Row]:
        number = 0
        try:
            with self.path.open(encoding="utf-8", newline="\n") as stream:
                for number, line in enumerate(stream, 1):
                    yield Row(str(number), text=line.rstrip("\r\n"))
        except UnicodeDecodeError as error:
            raise DataError(
                f"{self.path.name!r} is not text in UTF-8: {error.reason} after line {number}.",
                hint="Convert it to UTF-8.",
            ) from error

    def fingerprint(self) -> str:
        """Changes when the input does: sizes and times of its files."""
        digest = hashlib.sha256(f"{self.kind} {self.text_column}".encode())
        files = image_files(self.path) if self.kind == "image" else iter([self.path])
        for path in files:
            status = path.stat()
            digest.update(
                f"{path} {status.st_size} {status.st_mtime_ns}\n".encode("utf-8", "surrogateescape")
            )
        return digest.hexdigest()


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
    if not source.is_file():
        raise DataError(f"There is no file or folder {str(source)!r}.", hint="Check the path.")
    if not is_table(source) and source.suffix.lower() not in {".txt", ".text", ""}:
        raise DataError(
            f"Expected a .txt, .csv, .tsv, .jsonl or .parquet file, got {source.name!r}.",
            hint="Rename it to what it is, or convert it.",
        )
    return Input(source, "text", text_column)
