"""A file that reserves disk space, which is freed when the disk is full: opening the database needs some."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path

from tensorflow_hub.server.settings import MIB

# SQLite needs some of it for the files next to the database, and to write the changes that free more space.
_SIZE = MIB


def keep_reserve(folder: Path) -> None:
    """Writes the file `reserve` into the data folder, unless it exists or the disk has too little space."""
    path = folder / "reserve"
    with contextlib.suppress(OSError):
        if not path.exists() and shutil.disk_usage(folder).free > 4 * _SIZE:
            path.write_bytes(bytes(_SIZE))


def use_reserve(folder: Path) -> None:
    """Removes the file `reserve` if the disk is full. The hub writes it again at its next start."""
    with contextlib.suppress(FileNotFoundError):
        if shutil.disk_usage(folder).free < _SIZE:
            (folder / "reserve").unlink()
