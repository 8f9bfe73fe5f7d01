"""Describes examples: a text or an image file, its labels, and the digest of its content."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tensorflow_hub.errors import DataError
from tensorflow_hub.tools.modules import Kind


@dataclasses.dataclass(frozen=True)
class Example:
    """A text, or the path of an image, to learn from or to apply a module to.

    Attributes:
      name: its place, for messages: a path, or `reviews.csv, row 12`.
      labels: its classes; one, except in multi-label data.
      digest: the SHA-256 of the text in UTF-8, or of the bytes of the file.
    """

    name: str
    labels: tuple[str, ...]
    digest: bytes
    text: str | None = None
    path: Path | None = None


@dataclasses.dataclass(frozen=True)
class Skipped:
    """The name of an example that was left out, and the reason."""

    name: str
    reason: str


@dataclasses.dataclass(frozen=True)
class Dataset:
    """Examples of one kind, always in the same order, and what was left out when they were read.

    Attributes:
      source: the path of the folder or table.
      skipped: files or rows that cannot be used, each with the reason.
      empty_classes: classes that have a folder but no usable example.
      multi_label: whether an example may have any number of labels.
    """

    kind: Kind
    source: str
    examples: tuple[Example, ...]
    skipped: tuple[Skipped, ...] = ()
    empty_classes: tuple[str, ...] = ()
    multi_label: bool = False

    def classes(self) -> tuple[str, ...]:
        """Returns the labels of the examples, sorted."""
        return tuple(sorted({label for example in self.examples for label in example.labels}))

    @property
    def task(self) -> str:
        """The task of its classifiers, such as `image-classification`."""
        return f"{self.kind}-classification"

    @property
    def metric(self) -> str:
        """The name of the share of examples that a classifier gets right."""
        return "exact match" if self.multi_label else "accuracy"

    def digest(self) -> str:
        """Returns `sha256:…` of the contents and labels of the examples, whatever their order and names."""
        content = hashlib.sha256()
        for line in sorted(f"{one.digest.hex()} {json.dumps(sorted(one.labels))}\n" for one in self.examples):
            content.update(line.encode())
        return f"sha256:{content.hexdigest()}"

    def counts(self) -> Mapping[str, int]:
        """Returns the number of examples of each label."""
        return Counter(label for example in self.examples for label in example.labels)

    def without(self, skipped: Sequence[Skipped]) -> Dataset:
        """Returns the dataset without examples, by their names; they are added to its field `skipped`."""
        names = {item.name for item in skipped}
        kept = tuple(example for example in self.examples if example.name not in names)
        remaining = {label for example in kept for label in example.labels}
        emptied = tuple(label for label in self.classes() if label not in remaining)
        return dataclasses.replace(
            self,
            examples=kept,
            skipped=(*self.skipped, *skipped),
            empty_classes=(*self.empty_classes, *emptied),
        )

    def same_content_other_labels(self) -> tuple[tuple[Example, Example], ...]:
        """Returns pairs of examples with equal content and different labels: one of them must be wrong."""
        first: dict[bytes, Example] = {}
        pairs = []
        for example in self.examples:
            other = first.setdefault(example.digest, example)
            if other.labels != example.labels:
                pairs.append((other, example))
        return tuple(pairs)


def require_several(values: object, what: str) -> None:
    """Checks that a list was given and not a single text, whose characters Python would take as the items.

    Raises:
      DataError: it is a single text.
    """
    if isinstance(values, (str, bytes)):
        raise DataError(
            f"Expected a list of {what}, got {str(values)[:60]!r}.", hint="Put it in a list: [...]."
        )


def image_examples(files: Iterable[tuple[str, Path, tuple[str, ...]]]) -> tuple[list[Example], list[Skipped]]:
    """Returns the examples of image files, given as (name, path, labels). Each file is read once."""

    def read(file: tuple[str, Path, tuple[str, ...]]) -> Example | Skipped:
        name, path, labels = file
        try:
            digest = hashlib.sha256(path.read_bytes()).digest()
        except (OSError, ValueError) as error:  # a path with a NUL in it is a ValueError
            return Skipped(name, f"cannot be read: {getattr(error, 'strerror', None) or error}")
        return Example(name, labels, digest, path=path)

    with ThreadPoolExecutor(8) as threads:
        results = list(threads.map(read, files))
    return (
        [item for item in results if isinstance(item, Example)],
        [item for item in results if isinstance(item, Skipped)],
    )


def require_classes(dataset: Dataset) -> None:
    """Checks that a dataset has enough classes to learn from: two, or one of multi-label data.

    Raises:
      DataError: it has fewer classes with examples. The message says which, and what was left out.
    """
    classes = dataset.classes()
    if len(classes) >= (1 if dataset.multi_label else 2):
        return
    found = f"only {classes[0]!r} ({dataset.counts()[classes[0]]} examples)" if classes else "none"
    empty = f" Empty: {', '.join(map(repr, dataset.empty_classes))}." if dataset.empty_classes else ""
    left_out = ""
    if dataset.skipped:
        first = dataset.skipped[0]
        left_out = f" {len(dataset.skipped)} were left out, first {first.name!r} ({first.reason})."
    raise DataError(
        f"Expected at least 2 classes with examples in {dataset.source!r}, found {found}.{empty}{left_out}",
        hint="Put the images of each class in a folder of its own, named as the class."
        if dataset.kind == "image"
        else "Check the label column: name it with --label-column.",
    )
