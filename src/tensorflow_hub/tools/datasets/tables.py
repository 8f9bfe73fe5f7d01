"""Rows of CSV, TSV, JSONL and Parquet files, read one after another with bounded memory."""

from __future__ import annotations

import contextlib
import csv
import dataclasses
import importlib
import itertools
import json
import operator
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tensorflow_hub.errors import DataError, MissingDependencyError

SUFFIXES = frozenset({".csv", ".tsv", ".jsonl", ".ndjson", ".parquet", ".pq"})

# Field → (the column named by the user, the usual names of the column).
Columns = Mapping[str, tuple[str | None, Sequence[str]]]
TEXT_COLUMNS = ("text", "sentence", "review", "content", "comment", "title")
# Rows in a chunk: so many that Python's work for a chunk takes little of the time, and few enough for memory.
CHUNK = 4096


@dataclasses.dataclass(frozen=True)
class Chunk:
    """Some consecutive rows of a table, by column.

    Attributes:
      numbers: the numbers of the rows in the table, from 1.
      values: field → its values, one for each row, None for a missing value: an Arrow array, or a list if
        Arrow
        cannot read the rows.
    """

    numbers: Sequence[int]
    values: Mapping[str, Any]


def is_table(path: Path) -> bool:
    """Whether a file has the suffix of a table.

    >>> is_table(Path("reviews.CSV")), is_table(Path("reviews.txt"))
    (True, False)
    """
    return path.suffix.lower() in SUFFIXES


def read_rows(path: Path, columns: Columns) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yields (row number from 1, field → value) of a table; raises what `read_chunks` raises."""
    for chunk in read_chunks(path, columns):
        values = {
            field: column if isinstance(column, list) else column.to_pylist()
            for field, column in chunk.values.items()
        }
        for i, number in enumerate(chunk.numbers):
            yield number, {field: column[i] for field, column in values.items()}


def read_chunks(path: Path, columns: Columns, start: int = 0) -> Iterator[Chunk]:
    """Yields the rows of a table, some thousands at a time.

    Args:
      path: the table.
      columns: the columns to read.
      start: the number of rows to skip at the beginning of a Parquet file; 0 for other tables.

    Raises:
      DataError: there is no such file, its kind is unknown, a column is missing, or a line cannot be parsed.
    """
    if not path.is_file():
        raise DataError(f"There is no file {str(path)!r}.", hint="Check the path.")
    suffix = path.suffix.lower()
    if suffix in {".csv", ".tsv"}:
        yield from _csv_chunks(path, "\t" if suffix == ".tsv" else ",", columns)
    elif suffix in {".jsonl", ".ndjson"}:
        yield from _jsonl_chunks(path, columns)
    elif is_parquet(path):
        yield from _parquet_chunks(path, columns, start)
    else:
        raise DataError(
            f"Expected a .csv, .tsv, .jsonl or .parquet file, got {path.name!r}.",
            hint=unknown_kind_hint(path),
        )


def unknown_kind_hint(path: Path) -> str:
    """The hint of the error for a file of an unknown kind.

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


def _csv_chunks(path: Path, delimiter: str, columns: Columns) -> Iterator[Chunk]:
    """Regular rows are read by Arrow, which is several times as fast; the rest by Python's module `csv`."""
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    arrow, done = require("pyarrow"), 0
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            head = stream.readline()
            if delimiter not in head and ";" in head:  # spreadsheets in many countries of Europe write this
                delimiter = ";"
            stream.seek(0)
            reader = csv.reader(stream, delimiter=delimiter, strict=True)
            names = next(reader, [])
            chosen = choose_columns(path, names, columns)
            rest: Iterator[Chunk] = iter(())
            try:
                for values in _regular_csv(path, delimiter, names, chosen):
                    rows = len(next(iter(values.values())))
                    yield Chunk(range(done + 1, done + 1 + rows), values)
                    done += rows
            except arrow.ArrowException:
                rest = _other_csv(reader, names, chosen, done)
            _require_closed_quotes(path, delimiter)
            yield from rest
    except (csv.Error, UnicodeDecodeError) as error:
        raise DataError(
            f"{path.name!r} is not a CSV in UTF-8: {error}.", hint="Save it as CSV in UTF-8."
        ) from error


def _regular_csv(
    path: Path, delimiter: str, names: Sequence[str], chosen: Mapping[str, str]
) -> Iterator[dict[str, Any]]:
    """The values of a table in which all rows have as many fields as the first line.

    Raises:
      ArrowException: a row has more or fewer fields.
    """
    arrow, reader = require("pyarrow"), require("pyarrow.csv")
    if len(set(names)) < len(names):
        raise arrow.ArrowInvalid("columns of the same name")
    wanted = list(dict.fromkeys(chosen.values()))
    converting = reader.ConvertOptions(
        include_columns=wanted,
        column_types=dict.fromkeys(wanted, arrow.string()),
        strings_can_be_null=False,
    )
    parsing = reader.ParseOptions(delimiter=delimiter, newlines_in_values=True)
    options = reader.ReadOptions(use_threads=False)
    with reader.open_csv(path, options, parsing, converting) as batches:
        for batch in batches:
            if batch.num_rows:
                yield {field: batch.column(column) for field, column in chosen.items()}


def _require_closed_quotes(path: Path, delimiter: str) -> None:
    """Checks that all quotes of a table are closed. Otherwise all lines after the quote would be one text.

    Raises:
      DataError: a quote is not closed. The message says in which line.
    """
    with path.open("rb") as stream:
        quotes = sum(block.count(b'"') for block in iter(lambda: stream.read(1 << 20), b""))
    if quotes % 2 == 0:
        return
    with path.open(encoding="utf-8-sig", newline="") as text:
        reader, line = csv.reader(text, delimiter=delimiter, strict=True), 0
        try:
            for _ in reader:
                line = reader.line_num
        except csv.Error as error:
            if "end of data" in str(error):  # other errors are allowed, such as 5" in a field without quotes
                raise DataError(
                    f"The quote that opens in line {line + 1} of {path.name!r} is never closed.",
                    hint='Close it, or write "" for a quote that belongs to the text.',
                    line=line + 1,
                ) from error


def _other_csv(
    reader: Iterator[list[str]], names: list[str], chosen: Mapping[str, str], done: int
) -> Iterator[Chunk]:
    """The rows after the first `done` ones. Rows may have too few or too many fields."""
    places = {field: names.index(column) for field, column in chosen.items()}
    filled = itertools.islice(filter(None, reader), done, None)
    while rows := list(itertools.islice(filled, CHUNK)):
        values = {field: _column(rows, at) for field, at in places.items()}
        yield Chunk(range(done + 1, done + 1 + len(rows)), values)
        done += len(rows)


def _column(rows: Sequence[Sequence[str]], at: int) -> list[str | None]:
    try:
        return list(map(operator.itemgetter(at), rows))
    except IndexError:  # some row is too short
        return [row[at] if at < len(row) else None for row in rows]


def _jsonl_chunks(path: Path, columns: Columns) -> Iterator[Chunk]:
    chosen: dict[str, str] | None = None
    first = 1
    with path.open("rb") as stream:
        while lines := list(itertools.islice(stream, CHUNK)):
            numbers: Sequence[int] = range(first, first + len(lines))
            first += len(lines)
            if not all(map(bytes.strip, lines)):
                numbers = [number for number, line in zip(numbers, lines, strict=True) if line.strip()]
                lines = list(filter(bytes.strip, lines))
            if lines:
                chosen = chosen or choose_columns(
                    path, list(_json_object(path, numbers[0], lines[0])), columns
                )
                values = _texts_of_json(lines, chosen) or _values_of_json(path, numbers, lines, chosen)
                yield Chunk(numbers, values)


def _texts_of_json(lines: Sequence[bytes], chosen: Mapping[str, str]) -> dict[str, Any] | None:
    """The values if all are texts, read by Arrow in a fifth of the time; None if some are not."""
    arrow, reader = require("pyarrow"), require("pyarrow.json")
    content = b"".join(lines)
    schema = arrow.schema([(column, arrow.string()) for column in dict.fromkeys(chosen.values())])
    parsing = reader.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore")
    reading = reader.ReadOptions(use_threads=False, block_size=len(content) + 1)
    try:
        table = reader.read_json(arrow.BufferReader(content), reading, parsing)
        values = {field: table.column(column).combine_chunks() for field, column in chosen.items()}
        for column in values.values():
            column.validate(full=True)  # half of a surrogate pair is not a text
    except arrow.ArrowException:
        return None
    return values if table.num_rows == len(lines) else None


def _values_of_json(
    path: Path, numbers: Sequence[int], lines: Sequence[bytes], chosen: Mapping[str, str]
) -> dict[str, list[Any]]:
    rows = [_json_object(path, number, line) for number, line in zip(numbers, lines, strict=True)]
    return {field: [whole_text(row.get(column)) for row in rows] for field, column in chosen.items()}


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


def _parquet_chunks(path: Path, columns: Columns, start: int) -> Iterator[Chunk]:
    """The rows from number `start` (counted from 0). Row groups before it are not read."""
    with open_parquet(path) as file:
        chosen = choose_columns(path, file.schema_arrow.names, columns)
        sizes = [file.metadata.row_group(i).num_rows for i in range(file.metadata.num_row_groups)]
        ends = list(itertools.accumulate(sizes))
        groups = [i for i, end in enumerate(ends) if end > start]
        first = ends[groups[0]] - sizes[groups[0]] if groups else 0
        wanted = list(dict.fromkeys(chosen.values()))
        for batch in file.iter_batches(CHUNK, groups, columns=wanted):
            rest = batch.slice(max(0, start - first))
            first += batch.num_rows
            if rest.num_rows:
                values = {field: rest.column(column) for field, column in chosen.items()}
                yield Chunk(range(first - rest.num_rows + 1, first + 1), values)


def require(module: str, extra: str = "tools") -> Any:
    """Imports a package that belongs to an extra.

    Raises:
      MissingDependencyError: it is not installed. The message says what to install.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MissingDependencyError(
            f"The package {module.split('.', maxsplit=1)[0]!r} is not installed.",
            hint=f"Install it: `pip install 'tensorflow-hub[{extra}]'`.",
        ) from error
