"""Rows of CSV, TSV, JSONL and Parquet files, read one after another with bounded memory."""

from __future__ import annotations

import csv
import importlib
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tensorflow_hub.errors import DataError, MissingDependencyError
from tensorflow_hub.tools.datasets.examples import Dataset, Skipped, text_example

SUFFIXES = frozenset({".csv", ".tsv", ".jsonl", ".ndjson", ".parquet", ".pq"})

# Field → (the column named by the user, the names it usually has).
Columns = Mapping[str, tuple[str | None, Sequence[str]]]
TEXT_COLUMNS = ("text", "sentence", "review", "content", "comment", "title")
LABEL_COLUMNS = ("label", "labels", "class", "category", "sentiment")


def is_table(path: Path) -> bool:
    """Whether a file's name is that of a table.

    >>> is_table(Path("reviews.CSV")), is_table(Path("reviews.txt"))
    (True, False)
    """
    return path.suffix.lower() in SUFFIXES


def read_texts(
    source: str | os.PathLike[str],
    *,
    text_column: str | None = None,
    label_column: str | None = None,
    multi_label: bool = False,
) -> Dataset:
    """Reads labelled texts from a CSV, TSV, JSONL or Parquet table.

    Args:
      source: the table; a CSV has its column names in the first line.
      text_column: the column of texts; default `text`, `sentence`, `review`, `content`, `comment`, `title`.
      label_column: the column of labels; default `label`, `labels`, `class`, `category`, `sentiment`.
      multi_label: labels are lists, or texts separated by `|`.

    Raises:
      DataError: no such file, a malformed one, or one without these columns (the present ones are listed).
    """
    path = Path(source)
    examples, skipped = [], []
    columns = {"text": (text_column, TEXT_COLUMNS), "label": (label_column, LABEL_COLUMNS)}
    for number, row in read_rows(path, columns):
        name = f"{path.name}, row {number}"
        labels = read_labels(row["label"], multi_label)
        text = row["text"]
        if not isinstance(text, str) or not text.strip():
            skipped.append(Skipped(name, "has no text"))
        elif not labels and not multi_label:
            skipped.append(Skipped(name, "has no label"))
        else:
            examples.append(text_example(name, text, labels))
    return Dataset("text", str(path), tuple(examples), tuple(skipped), (), multi_label)


def read_labels(value: Any, multi_label: bool) -> tuple[str, ...]:
    """The labels in a cell: a list, or a text; with `multi_label`, separated by `|`.

    >>> read_labels("cat|dog", True), read_labels("cat|dog", False)
    (('cat', 'dog'), ('cat|dog',))
    >>> read_labels(None, False), read_labels(3, False)
    ((), ('3',))
    """
    if value is None or value == "":
        return ()
    if isinstance(value, (list, tuple)):
        parts = [str(item).strip() for item in value]
    elif multi_label:
        parts = [part.strip() for part in str(value).split("|")]
    else:
        parts = [str(value).strip()]
    return tuple(dict.fromkeys(part for part in parts if part))


def read_rows(path: Path, columns: Columns) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yields (row number from 1, field → value) of a table.

    Raises:
      DataError: no such file, unknown kind of file, missing column, or a line that does not parse.
    """
    if not path.is_file():
        raise DataError(f"There is no file {str(path)!r}.", hint="Check the path.")
    suffix = path.suffix.lower()
    if suffix in {".csv", ".tsv"}:
        yield from _csv_rows(path, "\t" if suffix == ".tsv" else ",", columns)
    elif suffix in {".jsonl", ".ndjson"}:
        yield from _jsonl_rows(path, columns)
    elif suffix in {".parquet", ".pq"}:
        yield from _parquet_rows(path, columns)
    else:
        raise DataError(
            f"Expected a .csv, .tsv, .jsonl or .parquet file, got {path.name!r}.",
            hint="Rename it to what it is, or convert it.",
        )


def choose_columns(path: Path, present: Sequence[str], columns: Columns) -> dict[str, str]:
    """Field → column: the one the user named, else the first usual name that is present, in any case."""
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


def _csv_rows(path: Path, delimiter: str, columns: Columns) -> Iterator[tuple[int, dict[str, Any]]]:
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            # Not csv.DictReader, which takes three times as long: bulk runs read millions of rows.
            reader = csv.reader(stream, delimiter=delimiter, strict=True)
            names = next(reader, [])
            chosen = choose_columns(path, names, columns)
            places = [(field, names.index(column)) for field, column in chosen.items()]
            for number, row in enumerate(filter(None, reader), 1):
                yield number, {field: row[at] if at < len(row) else None for field, at in places}
    except (csv.Error, UnicodeDecodeError) as error:
        raise DataError(
            f"{path.name!r} is not a CSV in UTF-8: {error}.", hint="Save it as CSV in UTF-8."
        ) from error


def _jsonl_rows(path: Path, columns: Columns) -> Iterator[tuple[int, dict[str, Any]]]:
    chosen: dict[str, str] | None = None
    with path.open("rb") as stream:
        for number, line in enumerate(stream, 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except ValueError as error:
                raise DataError(
                    f"Line {number} of {path.name!r} is not JSON: {error}.",
                    hint="A JSONL file has one JSON object a line.",
                ) from error
            if not isinstance(row, dict):
                raise DataError(
                    f"Expected an object in line {number} of {path.name!r}, got {type(row).__name__}.",
                    hint="A JSONL file has one JSON object a line.",
                )
            if chosen is None:
                chosen = choose_columns(path, list(row), columns)
            yield number, {field: row.get(column) for field, column in chosen.items()}


def _parquet_rows(path: Path, columns: Columns) -> Iterator[tuple[int, dict[str, Any]]]:
    parquet = require("pyarrow.parquet")
    arrow = require("pyarrow")
    try:
        file = parquet.ParquetFile(path)
    except (arrow.ArrowException, OSError) as error:
        raise DataError(f"{path.name!r} is not a Parquet file: {error}.", hint="Write it again.") from error
    with file:
        chosen = choose_columns(path, file.schema_arrow.names, columns)
        number = 0
        for batch in file.iter_batches(batch_size=4096, columns=list(dict.fromkeys(chosen.values()))):
            values = {field: batch.column(column).to_pylist() for field, column in chosen.items()}
            for i in range(batch.num_rows):
                number += 1
                yield number, {field: column[i] for field, column in values.items()}


def require(module: str) -> Any:
    """Imports a package of the extra `tools`.

    Raises:
      MissingDependencyError: it is not installed; says what to install.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MissingDependencyError(
            f"The package {module.split('.', maxsplit=1)[0]!r} is not installed.",
            hint="Install it: `pip install 'tensorflow-hub[tools]'`.",
        ) from error
