"""Reads tables of labelled texts, and of labelled paths of images: CSV, TSV, JSONL or Parquet."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from tensorflow_hub.tools.datasets.examples import Dataset, Example, Skipped
from tensorflow_hub.tools.datasets.tables import TEXT_COLUMNS, read_rows, whole_text
from tensorflow_hub.tools.modules import Kind

_USUAL_COLUMNS = {
    "text": TEXT_COLUMNS,
    "image": ("image", "path", "file", "filename", "image_path"),
    "label": ("label", "labels", "class", "category", "sentiment"),
}


def read_texts(
    path: Path, *, text_column: str | None = None, label_column: str | None = None, multi_label: bool = False
) -> Dataset:
    """Reads labelled texts from a CSV, TSV, JSONL or Parquet table. With `multi_label`, `|` separates labels.

    Raises:
      DataError: there is no such file, it is malformed, or a column is missing. The message lists the
        columns.
    """
    rows, skipped = read_labelled(path, "text", text_column, label_column, multi_label)
    examples = [
        Example(name, labels, hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest(), text=text)
        for name, text, labels in rows
    ]
    return Dataset("text", str(path), tuple(examples), tuple(skipped), (), multi_label)


def read_labelled(
    table: Path, kind: Kind, column: str | None, label_column: str | None, multi_label: bool
) -> tuple[list[tuple[str, str, tuple[str, ...]]], list[Skipped]]:
    """Reads the rows of a table that have a text, or the path of an image, and labels.

    Returns:
      For each such row its name, its text or path, and its labels; and the other rows.
    """
    columns = {kind: (column, _USUAL_COLUMNS[kind]), "label": (label_column, _USUAL_COLUMNS["label"])}
    found, skipped = [], []
    for number, (value, label) in read_rows(table, columns):
        name = f"{table.name}, row {number}"
        labels = read_labels(label, multi_label)
        if not isinstance(value, str) or not value.strip():
            skipped.append(Skipped(name, "has no text" if kind == "text" else "has no path"))
        elif not labels and not multi_label:
            skipped.append(Skipped(name, "has no label"))
        else:
            found.append((name, value, labels))
    return found, skipped


def read_labels(value: Any, multi_label: bool) -> tuple[str, ...]:
    """Returns the labels in a cell, which is a list or a text.

    With `multi_label`, `|` separates labels in a text.

    >>> read_labels("cat|dog", True), read_labels("cat|dog", False)
    (('cat', 'dog'), ('cat|dog',))
    >>> read_labels(None, False), read_labels(3, False)
    ((), ('3',))
    """
    if value is None or value == "":
        return ()
    if isinstance(value, (list, tuple)):
        parts = list(map(str, value))
    else:
        parts = str(value).split("|") if multi_label else [str(value)]
    return tuple(dict.fromkeys(filter(None, map(label_line, parts))))


def label_line(label: str) -> str:
    r"""Returns a label as a line of `labels.txt`: each run of white space becomes one space.

    >>> label_line(" New\nYork\u2028 "), label_line("caf\u00e9")
    ('New York', 'café')
    """
    return " ".join(whole_text(label).split())
