"""Rows of CSV, TSV, JSONL and Parquet files, read one after another with bounded memory."""

from __future__ import annotations

import contextlib
import csv
import itertools
import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tensorflow_hub.errors import DataError
from tensorflow_hub.tools.extras import require

SUFFIXES = frozenset({".csv", ".tsv", ".jsonl", ".ndjson", ".parquet", ".pq"})

# Field → (the column named by the user, the usual names of the column).
Columns = Mapping[str, tuple[str | None, Sequence[str]]]
# The number of a row, from 1, and the values of its fields.
Row = tuple[int, tuple[Any, ...]]
TEXT_COLUMNS = ("text", "sentence", "review", "content", "comment", "title")
_BATCH = 4096
# The line that is added to a CSV; the character is none of any text.
_LAST_LINE = "\ufdd0"


def is_table(path: Path) -> bool:
    """Whether a file has the suffix of a table.

    >>> is_table(Path("reviews.CSV")), is_table(Path("reviews.txt"))
    (True, False)
    """
    return path.suffix.lower() in SUFFIXES


def read_rows(path: Path, columns: Columns, start: int = 0) -> Iterator[Row]:
    """Yields the rows of a table: the number of the row from 1, and the values of its fields, or None.

    Args:
      path: the table.
      columns: the columns to read. The values have the order of their fields.
      start: the number of rows to skip at the beginning. Of a Parquet file, they are not read.

    Raises:
      DataError: there is no such file, its kind is unknown, a column is missing, or a line cannot be parsed.
    """
    if not path.is_file():
        raise DataError(f"There is no file {str(path)!r}.", hint="Check the path.")
    suffix = path.suffix.lower()
    if is_parquet(path):
        return _parquet_rows(path, columns, start)
    if suffix in {".csv", ".tsv"}:
        return itertools.islice(_csv_rows(path, "\t" if suffix == ".tsv" else ",", columns), start, None)
    if suffix in {".jsonl", ".ndjson"}:
        return itertools.islice(_jsonl_rows(path, columns), start, None)
    raise DataError(
        f"Expected a .csv, .tsv, .jsonl or .parquet file, got {path.name!r}.",
        hint=unknown_kind_hint(path),
    )


def unknown_kind_hint(path: Path) -> str:
    """Returns the hint of the error for a file of an unknown kind.

    >>> unknown_kind_hint(Path("posts.csv.gz")), unknown_kind_hint(Path("posts.doc"))
    ('Unpack it first.', 'Rename it to what it is, or convert it.')
    """
    packed = path.suffix.lower() in {".gz", ".bz2", ".xz", ".zst", ".zip", ".7z", ".tar", ".tgz"}
    return "Unpack it first." if packed else "Rename it to what it is, or convert it."


def choose_columns(path: Path, present: Sequence[str], columns: Columns) -> dict[str, str]:
    """Field → column: the one that the user named, or the first usual name in the table; case is ignored."""
    lowered = {name.strip().lower(): name for name in reversed(present)}
    chosen = {}
    for field, (named, usual) in columns.items():
        wanted = [named] if named else usual
        found = [named] if named in present else [lowered[w.lower()] for w in wanted if w.lower() in lowered]
        if not found or found[0] is None:
            expected = repr(named) if named else " or ".join(map(repr, usual))
            raise DataError(
                f"Expected a column {expected} in {path.name!r}, "
                f"found {', '.join(map(repr, present)) or 'none'}.",
                hint=f"Name the {field} column with --{field}-column.",
            )
        chosen[field] = found[0]
    return chosen


def _csv_rows(path: Path, delimiter: str, columns: Columns) -> Iterator[Row]:
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            head = stream.readline()
            if delimiter not in head and ";" in head:  # spreadsheets in many countries of Europe write this
                delimiter = ";"
            stream.seek(0)
            rows = _closed_rows(path, stream, delimiter)
            names = next(rows, [])
            places = [names.index(column) for column in choose_columns(path, names, columns).values()]
            for number, row in enumerate(filter(None, rows), 1):
                # A row may have too few or too many fields.
                yield number, tuple([row[at] if at < len(row) else None for at in places])
    except (csv.Error, UnicodeDecodeError) as error:
        raise DataError(
            f"{path.name!r} is not a CSV in UTF-8: {error}.", hint="Save it as CSV in UTF-8."
        ) from error


def _closed_rows(path: Path, lines: Iterable[str], delimiter: str) -> Iterator[list[str]]:
    """Yields the rows of a CSV, and checks that all quotes are closed.

    A field whose quote is never closed contains all lines after the quote. To notice this, a line is added at
    the end.

    Raises:
      DataError: a quote is not closed. The message says in which line.
    """
    reader = csv.reader(itertools.chain(lines, [_LAST_LINE]), delimiter=delimiter)
    line = 0
    for row in reader:
        if row == [_LAST_LINE]:
            return
        if row and row[-1].endswith(_LAST_LINE):
            raise DataError(
                f"The quote that opens in line {line + 1} of {path.name!r} is never closed.",
                hint='Close it, or write "" for a quote that belongs to the text.',
                line=line + 1,
            )
        line = reader.line_num
        yield row


def _jsonl_rows(path: Path, columns: Columns) -> Iterator[Row]:
    chosen: dict[str, str] = {}
    with path.open("rb") as stream:
        for number, line in enumerate(stream, 1):
            if line.strip():
                row = _json_object(path, number, line)
                chosen = chosen or choose_columns(path, list(row), columns)
                yield number, tuple([whole_text(row.get(column)) for column in chosen.values()])


def whole_text(value: Any) -> Any:
    r"""A text without single surrogates, which JSON can have where a text was cut; other values unchanged.

    >>> whole_text("cut \ud83d") == "cut \ufffd", whole_text(3)
    (True, 3)
    """
    return re.sub("[\ud800-\udfff]", "\ufffd", value) if isinstance(value, str) else value


def _json_object(path: Path, number: int, line: bytes) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except ValueError as error:
        raise DataError(
            f"Line {number} of {path.name!r} is not JSON: {error}.",
            hint="A JSONL file has one JSON object a line.",
            line=number,
        ) from error
    if not isinstance(row, dict):
        raise DataError(
            f"Expected an object in line {number} of {path.name!r}, got {type(row).__name__}.",
            hint="A JSONL file has one JSON object a line.",
            line=number,
        )
    return row


def is_parquet(path: Path) -> bool:
    """Whether a file has the suffix of a Parquet file."""
    return path.suffix.lower() in {".parquet", ".pq"}


@contextlib.contextmanager
def open_parquet(path: Path) -> Iterator[Any]:
    """A context with an open Parquet file.

    Raises:
      DataError: the file is not a Parquet file, or is damaged.
    """
    arrow = require("pyarrow")
    try:
        with require("pyarrow.parquet").ParquetFile(path) as file:
            yield file
    except (arrow.ArrowException, OSError) as error:
        raise DataError(f"{path.name!r} is not a Parquet file: {error}.", hint="Write it again.") from error


def _parquet_rows(path: Path, columns: Columns, start: int) -> Iterator[Row]:
    """Yields the rows from number `start` (counted from 0). Row groups before it are not read."""
    with open_parquet(path) as file:
        chosen = choose_columns(path, file.schema_arrow.names, columns)
        sizes = [file.metadata.row_group(i).num_rows for i in range(file.metadata.num_row_groups)]
        ends = list(itertools.accumulate(sizes))
        groups = [i for i, end in enumerate(ends) if end > start]
        number = ends[groups[0]] - sizes[groups[0]] if groups else 0
        for batch in file.iter_batches(_BATCH, groups, columns=list(dict.fromkeys(chosen.values()))):
            rest = batch.slice(max(0, start - number))
            number = max(number, min(start, number + batch.num_rows))
            values = zip(*(rest.column(column).to_pylist() for column in chosen.values()), strict=True)
            yield from enumerate(values, number + 1)
            number += rest.num_rows
