"""Directories that look like modules, and archives of them."""

from __future__ import annotations

import gzip
import io
import os
import tarfile
from pathlib import Path

import numpy as np


def make_module(path: Path, *, megabytes: int = 8, seed: int = 0) -> Path:
    random = np.random.default_rng(seed)
    (path / "variables").mkdir(parents=True)
    (path / "assets").mkdir()
    (path / "saved_model.pb").write_bytes(b"graph " * 100_000)
    (path / "tfhub_module.pb").write_bytes(b"\x08\x03")
    (path / "variables" / "variables.index").write_bytes(random.bytes(500))
    (path / "variables" / "variables.data-00000-of-00001").write_bytes(random.bytes(megabytes << 20))
    (path / "assets" / "wörter.txt").write_text("ja\nnein\n" * 20_000, encoding="utf-8")
    (path / "assets" / "empty").write_bytes(b"")
    return path


def tar_gz(directory: Path) -> bytes:
    """What `tar czf` makes."""
    buffer = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=buffer, mode="wb", compresslevel=1) as packed,
        tarfile.open(fileobj=packed, mode="w") as tar,
    ):
        tar.add(directory, arcname=".")
    return buffer.getvalue()


def contents(path: str | os.PathLike[str]) -> dict[str, bytes]:
    root = Path(path)
    return {str(file.relative_to(root)): file.read_bytes() for file in root.rglob("*") if file.is_file()}
