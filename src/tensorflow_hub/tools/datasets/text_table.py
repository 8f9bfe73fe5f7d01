"""Labelled texts: a CSV, TSV, JSONL or Parquet table of texts and labels."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from tensorflow_hub.tools.datasets.examples import Dataset, Skipped, text_example
from tensorflow_hub.tools.datasets.tables import TEXT_COLUMNS, read_rows, whole_text

LABEL_COLUMNS = ("label", "labels", "class", "category", "sentiment")


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
      DataError: there is no such file, it is malformed, or a column is missing. The message lists the
        columns.
    """
    path = Path(source)
    examples, skipped = [], []
    columns = {"text": (text_column, TEXT_COLUMNS), "label": (label_column, LABEL_COLUMNS)}
    for number, (text, label) in read_rows(path, columns):
        name = f"{path.name}, row {number}"
        labels = read_labels(label, multi_label)
        if not isinstance(text, str) or not text.strip():
            skipped.append(Skipped(name, "has no text"))
        elif not labels and not multi_label:
            skipped.append(Skipped(name, "has no label"))
        else:
            examples.append(text_example(name, text, labels))
    return Dataset("text", str(path), tuple(examples), tuple(skipped), (), multi_label)


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
