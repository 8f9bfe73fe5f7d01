"""A little space that a hub keeps back: on a disk without any, not even its database could be opened."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path

from tensorflow_hub.server.settings import MIB

# SQLite needs some of it for the files beside the database, and for what it writes to free more.
_SIZE = MIB


def keep_reserve(folder: Path) -> None:
    """Writes the file `reserve` into the data folder, unless it is there or does not fit."""
    path = folder / "reserve"
    with contextlib.suppress(OSError):
        if not path.exists() and shutil.disk_usage(folder).free > 4 * _SIZE:
            path.write_bytes(bytes(_SIZE))


def use_reserve(folder: Path) -> None:
    """Gives the space back where there is no other; the hub takes it again at its next start."""
    with contextlib.suppress(FileNotFoundError):
        if shutil.disk_usage(folder).free < _SIZE:
            (folder / "reserve").unlink()
