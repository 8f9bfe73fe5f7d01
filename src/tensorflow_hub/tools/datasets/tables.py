"""Rows of CSV, TSV, JSONL, Parquet and text files, read in chunks with bounded memory."""

from __future__ import annotations

import codecs
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
# The numbers of some rows, and a column for each field: an Arrow array, or a list of the values or None.
Chunk = tuple[Sequence[int], list[Any]]
TEXT_COLUMNS = ("text", "sentence", "review", "content", "comment", "title")
# The size of a chunk: in characters or bytes and, for Parquet, in rows.
_BLOCK, _ROWS = 4 << 20, 8192
_LARGEST = 2**31 - 1  # of a field for `csv`, of a block for Arrow
# The line that is added to a CSV; the character is none of any text.
_LAST_LINE = "\ufdd0"


def is_table(path: Path) -> bool:
    """Whether a file has the suffix of a table.

    >>> is_table(Path("reviews.CSV")), is_table(Path("reviews.txt"))
    (True, False)
    """
    return path.suffix.lower() in SUFFIXES


def read_rows(path: Path, columns: Columns) -> Iterator[Row]:
    """Yields the rows of a table: the number of the row from 1, and the values of its fields, or None.

    Args:
      path: the table.
      columns: the columns to read. The values have the order of their fields.

    Raises:
      DataError: there is no such file, its kind is unknown, a column is missing, or a line cannot be parsed.
    """
    for numbers, values in read_chunks(path, columns):
        lists = [column if isinstance(column, list) else column.to_pylist() for column in values]
        yield from zip(numbers, zip(*lists, strict=True), strict=True)


def read_chunks(path: Path, columns: Columns, start: int = 0) -> Iterator[Chunk]:
    """Yields the rows of a table by column, some thousands at a time. It raises the errors of `read_rows`.

    Arrow reads the lines of CSV and JSONL. Where it finds rows of another length, or values that are not
    texts, Python's modules `csv` and `json` read these lines. They also find what is wrong in which line.

    Of a Parquet file, the first `start` rows are skipped. For other tables, `start` has to be 0.
    """
    if not path.is_file():
        problem = (
            f"Expected a file, got the folder {str(path)!r}."
            if path.is_dir()
            else f"There is no file {str(path)!r}."
        )
        raise DataError(problem, hint="Check the path.")
    suffix = path.suffix.lower()
    if is_parquet(path):
        return _parquet_chunks(path, columns, start)
    if suffix in {".csv", ".tsv"}:
        return _csv_chunks(path, "\t" if suffix == ".tsv" else ",", columns)
    if suffix in {".jsonl", ".ndjson"}:
        return _jsonl_chunks(path, columns)
    raise DataError(
        f"Expected a .csv, .tsv, .jsonl or .parquet file, got {path.name!r}.",
        hint=unknown_kind_hint(path),
    )


def read_lines(path: Path) -> Iterator[Chunk]:
    """Yields the lines of a text file, some thousands at a time, as rows with one field.

    Raises:
      DataError: a line is not text in UTF-8. The message says which one.
    """
    arrow, compute = require("pyarrow"), require("pyarrow.compute")
    before = 0
    with path.open("rb") as stream:
        while lines := stream.readlines(_BLOCK):
            if not before:
                lines[0] = lines[0].removeprefix(codecs.BOM_UTF8)
            try:
                b"".join(lines).decode()
            except UnicodeDecodeError as error:
                line = before + error.object.count(b"\n", 0, error.start) + 1
                raise DataError(
                    f"{path.name!r} is not text in UTF-8: {error.reason} in line {line}.",
                    hint="Convert it to UTF-8.",
                    line=line,
                ) from error
            texts = compute.utf8_rtrim(arrow.array(lines, arrow.string()), "\r\n")
            yield range(before + 1, before + 1 + len(lines)), [texts]
            before += len(lines)


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


def _csv_chunks(path: Path, delimiter: str, columns: Columns) -> Iterator[Chunk]:
    csv.field_size_limit(min(sys.maxsize, _LARGEST))
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            head = stream.readline()
            if delimiter not in head and ";" in head:  # spreadsheets in many countries of Europe write this
                delimiter = ";"
            stream.seek(0)
            reader = csv.reader(stream, delimiter=delimiter)
            names = next(reader, [])
            places = [names.index(column) for column in choose_columns(path, names, columns).values()]
            number, line = 0, reader.line_num
            while lines := stream.readlines(_BLOCK):
                values, read = _regular_csv(lines, delimiter, len(names), places), len(lines)
                if values is None:
                    rows, read = _any_csv(path, line, lines, stream, delimiter)
                    # A row may have too few or too many fields.
                    values = [[row[at] if at < len(row) else None for row in rows] for at in places]
                yield range(number + 1, number + 1 + len(values[0])), values
                number, line = number + len(values[0]), line + read
    except (csv.Error, UnicodeDecodeError) as error:
        raise DataError(
            f"{path.name!r} is not a CSV in UTF-8: {error}.", hint="Save it as CSV in UTF-8."
        ) from error


def _regular_csv(
    lines: Sequence[str], delimiter: str, fields: int, places: Sequence[int]
) -> list[Any] | None:
    """Returns columns, read by Arrow; None if a row has more or fewer fields, or the last one goes on."""
    arrow, reader = require("pyarrow"), require("pyarrow.csv")
    content = "".join([*lines, "\n", delimiter * (fields - 1), _LAST_LINE]).encode()
    names = [str(place) for place in range(fields)]
    wanted = [*(names[place] for place in places), names[-1]]
    size = min(len(content) + 1, _LARGEST)
    reading = reader.ReadOptions(use_threads=False, column_names=names, block_size=size)
    types = dict.fromkeys(wanted, arrow.string())
    converting = reader.ConvertOptions(column_types=types, include_columns=list(types))
    try:
        options = reading, reader.ParseOptions(delimiter=delimiter), converting
        table = reader.read_csv(arrow.BufferReader(content), *options)
    except arrow.ArrowException:
        return None
    *values, last = (table[name].combine_chunks() for name in wanted)
    # If a quote is open at the end, the last line is a part of the last field.
    return [column[:-1] for column in values] if last[-1].as_py() == _LAST_LINE else None


def _any_csv(
    path: Path, before: int, lines: Sequence[str], rest: Iterable[str], delimiter: str
) -> tuple[list[list[str]], int]:
    """Returns the rows that begin in some lines, and the number of their lines. The last may end in the rest.

    Raises:
      DataError: a quote is not closed: its field has all lines of the rest. The message says in which line.
    """
    reader = csv.reader(itertools.chain(lines, rest, [_LAST_LINE]), delimiter=delimiter)
    rows, read = [], 0
    while read < len(lines):
        row = next(reader)
        if row and row[-1].endswith(_LAST_LINE):
            line = before + read + 1
            raise DataError(
                f"The quote that opens in line {line} of {path.name!r} is never closed.",
                hint='Close it, or write "" for a quote that belongs to the text.',
                line=line,
            )
        rows.append(row)
        read = reader.line_num
    return list(filter(None, rows)), read


def _jsonl_chunks(path: Path, columns: Columns) -> Iterator[Chunk]:
    chosen: list[str] = []
    before = 0
    with path.open("rb") as stream:
        while lines := stream.readlines(_BLOCK if chosen else 1):
            numbers: Sequence[int] = range(before + 1, before + 1 + len(lines))
            values = _texts_of_json(lines, chosen) if chosen else None
            if values is None:
                filled = [(n, line) for n, line in zip(numbers, lines, strict=True) if line.strip()]
                rows, numbers = [_json_object(path, *one) for one in filled], [n for n, _ in filled]
                if rows and not chosen:
                    chosen = list(choose_columns(path, list(rows[0]), columns).values())
                values = [[whole_text(row.get(column)) for row in rows] for column in chosen]
            if numbers:
                yield numbers, values
            before += len(lines)


def _texts_of_json(lines: Sequence[bytes], columns: Sequence[str]) -> list[Any] | None:
    """Returns columns of texts, read by Arrow; None if some line is not an object with texts in them."""
    arrow, reader = require("pyarrow"), require("pyarrow.json")
    content = b"".join(lines)
    reading = reader.ReadOptions(use_threads=False, block_size=min(len(content) + 1, _LARGEST))
    schema = arrow.schema(dict.fromkeys(columns, arrow.string()))
    parsing = reader.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore")
    try:
        table = reader.read_json(arrow.BufferReader(content), reading, parsing)
        table.validate(full=True)  # half of a surrogate pair is not a text
    except arrow.ArrowException:
        return None
    values = [table[column].combine_chunks() for column in columns]
    return values if table.num_rows == len(lines) else None


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
        reason = str(error).rstrip(".")
        raise DataError(f"{path.name!r} is not a Parquet file: {reason}.", hint="Write it again.") from error


def _parquet_chunks(path: Path, columns: Columns, start: int) -> Iterator[Chunk]:
    """Yields the rows from number `start` (counted from 0). Row groups before it are not read."""
    with open_parquet(path) as file:
        chosen = choose_columns(path, file.schema_arrow.names, columns)
        sizes = [file.metadata.row_group(i).num_rows for i in range(file.metadata.num_row_groups)]
        ends = list(itertools.accumulate(sizes))
        groups = [i for i, end in enumerate(ends) if end > start]
        number = ends[groups[0]] - sizes[groups[0]] if groups else 0
        for batch in file.iter_batches(_ROWS, groups, columns=list(dict.fromkeys(chosen.values()))):
            batch.validate(full=True)  # texts may be bytes that are not UTF-8
            rest = batch.slice(max(0, start - number))
            number += batch.num_rows
            numbers = range(number - rest.num_rows + 1, number + 1)
            yield numbers, [rest.column(column) for column in chosen.values()]
