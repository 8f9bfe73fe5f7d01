"""Reads labelled images: one folder per class, or a table of paths and labels."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from tensorflow_hub.errors import DataError
from tensorflow_hub.tools.datasets.examples import Dataset, Skipped, image_examples
from tensorflow_hub.tools.datasets.tables import is_table
from tensorflow_hub.tools.datasets.text_table import label_line, read_labelled

IMAGE_SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".gif", ".bmp", ".webp", ".tif", ".tiff", ".ppm", ".avif"}
    # These cannot be read. They are photos, so they are reported as left out.
    | {".heic", ".heif"}
)
_NOT_DATA = frozenset({"thumbs.db", "desktop.ini"})


def read_images(
    path: Path, *, image_column: str | None = None, label_column: str | None = None, multi_label: bool = False
) -> Dataset:
    """Reads labelled images from a folder with one folder per class, or from a CSV, JSONL or Parquet table.

    Paths in a table are relative to the table's own folder. Files whose names are not those of images are in
    `skipped`. Whether an image can be decoded is only known when its features are computed.

    Raises:
      DataError: there is no such folder or table, or a column is missing.
    """
    if path.is_dir():
        if multi_label:
            raise DataError(
                f"Expected a table for multi-label images, got the folder {str(path)!r}.",
                hint="Give a CSV, JSONL or Parquet file with a column of paths and one of labels.",
            )
        return _from_folder(path)
    if not path.is_file() or not is_table(path):
        raise DataError(
            f"Expected a folder of class folders or a CSV, JSONL or Parquet table, got {str(path)!r}.",
            hint="For example: photos/cat/1.jpg, photos/dog/2.jpg; then `tfhub retrain image photos/ …`.",
        )
    rows, skipped = read_labelled(path, "image", image_column, label_column, multi_label)
    files = [(f"{name}: {file}", path.parent / file, labels) for name, file, labels in rows]
    examples, unreadable = image_examples(files)
    return Dataset("image", str(path), tuple(examples), (*skipped, *unreadable), (), multi_label)


def image_files(folder: Path) -> Iterator[Path]:
    """Yields all files below `folder` with names of images, sorted, without hidden files.

    A folder that cannot be listed is yielded itself, so that the error of reading it says why.
    """
    return (path for path in _files(folder) if is_image_name(path.name) or path.is_dir())


def _files(folder: Path, above: tuple[str, ...] = ()) -> Iterator[Path]:
    """Yields all files below `folder` without hidden files; a folder that cannot be listed is yielded itself.

    Links are followed, except links to a folder that contains them, which would never end. A link to nothing
    is yielded, so that the reader reports it.
    """
    here = os.path.realpath(folder)
    if here in above:
        return
    try:
        with os.scandir(folder) as listing:  # it knows which entries are folders
            entries = sorted((e for e in listing if not _is_hidden(e.name)), key=lambda entry: entry.name)
    except OSError:
        yield folder
        return
    folders = []
    for entry in entries:
        if os.path.isdir(entry) if entry.is_symlink() else entry.is_dir():
            folders.append(folder / entry.name)
        # Not a pipe: reading it could wait for ever.
        elif entry.is_file(follow_symlinks=False) or os.path.isfile(entry) or not os.path.exists(entry):
            yield folder / entry.name
    for inner in folders:
        yield from _files(inner, (*above, here))


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or name.lower() in _NOT_DATA


def name_below(path: Path, folder: Path) -> str:
    r"""Returns the path of a file below a folder, as text.

    Bytes of names that are not UTF-8 become `\\xff`.
    """
    return os.fsencode(path.relative_to(folder).as_posix()).decode("utf-8", "backslashreplace")


def is_image_name(name: str) -> bool:
    """Whether a file has the suffix of an image.

    >>> is_image_name("cat.JPG"), is_image_name("notes.txt")
    (True, False)
    """
    return Path(name).suffix.lower() in IMAGE_SUFFIXES


def _from_folder(folder: Path) -> Dataset:
    files, skipped, classes = [], [], []
    for entry in sorted(folder.iterdir()):
        if _is_hidden(entry.name):
            continue
        if not entry.is_dir():
            reason = "is in no class folder" if is_image_name(entry.name) else "is not an image"
            skipped.append(Skipped(name_below(entry, folder), reason))
            continue
        label = label_line(name_below(entry, folder))
        classes.append(label)
        for path in sorted(_files(entry, (os.path.realpath(folder),))):
            name = name_below(path, folder)
            if is_image_name(path.name) or path.is_dir():
                files.append((name, path, (label,)))
            else:
                skipped.append(Skipped(name, "is not an image by its name"))
    examples, unreadable = image_examples(files)
    used = {example.labels[0] for example in examples}
    empty = tuple(dict.fromkeys(name for name in classes if name not in used))
    return Dataset("image", str(folder), tuple(examples), (*skipped, *unreadable), empty)
