"""Reading the programs and notebooks of a folder, which may come from an untrusted source."""

from __future__ import annotations

import codecs
import dataclasses
import io
import os
import stat
import tokenize
from collections.abc import Iterator

from tensorflow_hub.scanning.findings import Unread

_ENDINGS = (".py", ".ipynb")
_LARGEST = {".py": 4 << 20, ".ipynb": 64 << 20}  # bytes; notebooks contain pictures
_MOST_FILES = 20_000
_MOST_FOLDERS = 200_000
# Folders of tools and of installed packages.
_SKIPPED_FOLDERS = frozenset({"__pycache__", "node_modules", "site-packages", "dist-packages"})


@dataclasses.dataclass(frozen=True)
class Program:
    """The text of a program or a notebook.

    Attributes:
      file: its path relative to the folder, with `/`.
      text: its content.
    """

    file: str
    text: str

    @property
    def is_notebook(self) -> bool:
        """Whether it is a notebook of Jupyter."""
        return self.file.endswith(".ipynb")


def programs_of(place: str) -> Iterator[Program | Unread]:
    """The programs of a folder and its subfolders in the order of their names, or the program at a path.

    Hidden folders, Python environments and links are skipped. A link out of the folder is reported.
    """
    if not os.path.isdir(place):
        yield _read(place, place.replace(os.sep, "/").rpartition("/")[2])
        return
    count = 0
    for file, problem in _files_of(os.path.realpath(place)):
        if problem:
            yield Unread(file, 0, problem)
            continue
        count += 1
        if count > _MOST_FILES:
            yield Unread(
                file, 0, f"Expected at most {_MOST_FILES:,} programs; this one and later ones are skipped."
            )
            return
        yield _read(os.path.join(place, *file.split("/")), file)


def _files_of(root: str) -> Iterator[tuple[str, str]]:
    """The paths of programs below the root, each with "" or the reason why it is skipped."""
    folders, seen = [""], 0
    while folders:
        folder = folders.pop()
        seen += 1
        if seen > _MOST_FOLDERS:
            yield folder, f"Expected at most {_MOST_FOLDERS:,} folders; this one and later ones are skipped."
            return
        try:
            entries = sorted(os.scandir(os.path.join(root, folder)), key=lambda entry: entry.name)
        except OSError as error:
            yield folder, f"The folder cannot be read: {error.strerror}."
            continue
        if any(entry.name == "pyvenv.cfg" for entry in entries):
            continue
        below = []
        for entry in entries:
            path = f"{folder}/{entry.name}".lstrip("/")
            if entry.is_symlink():
                yield from _of_link(entry, path, root)
            elif entry.name.startswith(".") or entry.name in _SKIPPED_FOLDERS:
                continue
            elif entry.is_dir(follow_symlinks=False):
                below.append(path)
            elif entry.name.endswith(_ENDINGS):
                yield path, ""
        folders += reversed(below)


def _of_link(link: os.DirEntry[str], path: str, root: str) -> Iterator[tuple[str, str]]:
    """Reports a link out of the folder. The target of a link in the folder is read at its own path."""
    target = os.path.realpath(link.path)
    within = target == root or target.startswith(root.rstrip(os.sep) + os.sep)
    if not within and (link.is_dir() or link.name.endswith(_ENDINGS)):
        yield path, "It is a link that leads out of the folder."


def _read(path: str, file: str) -> Program | Unread:
    largest = _LARGEST[".ipynb" if path.endswith(".ipynb") else ".py"]
    try:
        # Non-blocking, because opening a pipe would wait for a writer.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        with open(descriptor, "rb") as opened:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                return Unread(file, 0, "It is not a regular file.")
            data = opened.read(largest + 1)
    except OSError as error:
        return Unread(file, 0, f"It cannot be read: {error.strerror}.")
    if len(data) > largest:
        return Unread(file, 0, f"Expected at most {largest >> 20} MiB.")
    text = _decoded(data)
    if "\0" in text:
        return Unread(file, 0, "It is not text: it has zero bytes in it.")
    return Program(file, text)


def _decoded(data: bytes) -> str:
    """Decodes by byte order mark or encoding declaration (PEP 263), else as UTF-8, else as Latin-1."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", "replace")
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        return data.decode(encoding)
    except (SyntaxError, UnicodeDecodeError, LookupError):
        return data.decode("latin-1")
