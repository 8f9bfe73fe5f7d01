"""Creating files while an archive is unpacked, without overwriting files or following links."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import BinaryIO

_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)


def create(path: Path) -> BinaryIO:
    """Opens a new file for writing. Its directory has to exist.

    Raises:
      FileExistsError: the path exists already.
    """
    return open(os.open(path, _FLAGS, 0o644), "wb", buffering=0)


def write_all(out: BinaryIO, data: memoryview) -> None:
    """Writes all of `data` to an unbuffered file."""
    while data:
        data = data[out.write(data) :]


def empty(directory: Path) -> None:
    """Removes what is in a directory."""
    for entry in directory.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry, ignore_errors=True)
        else:
            entry.unlink(missing_ok=True)
