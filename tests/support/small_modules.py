"""Files that make a module as far as fetching and caching go: a graph, a checkpoint, an asset."""

from __future__ import annotations

import os
import random
from pathlib import Path


def small_module(seed: int = 0, size: int = 50_000) -> dict[str, bytes]:
    """The files of a module; modules of different seeds differ in each.

    Args:
      seed: which one.
      size: bytes of the checkpoint, which do not shrink.
    """
    dice = random.Random(seed)
    return {
        "saved_model.pb": b"graph %d " % seed * 1000,
        "variables/variables.index": dice.randbytes(300),
        "variables/variables.data-00000-of-00001": dice.randbytes(size),
        "assets/words.txt": b"yes\nno %d\n" % seed * 100,
    }


def write_files(folder: Path, files: dict[str, bytes]) -> Path:
    """Writes files below a folder."""
    for path, content in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    return folder


def files_in(folder: str | os.PathLike[str]) -> dict[str, bytes]:
    """The files below a folder by their paths from there."""
    root = Path(folder)
    return {
        path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()
    }
