"""The file that names a classifier's classes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

LABELS_FILE = "labels.txt"


def write_labels(path: Path, labels: Sequence[str]) -> None:
    """Writes the names of the classes, one per line, in the order of the scores."""
    path.write_text("".join(f"{label}\n" for label in labels), encoding="utf-8")
