"""Sizes and SHA-256 digests of files."""

from __future__ import annotations

import concurrent.futures
import hashlib
import os
from pathlib import Path
from typing import BinaryIO

from tensorflow_hub.format.archive.index import FileEntry
from tensorflow_hub.format.archive.limits import DEFAULT_LIMITS, ArchiveLimits
from tensorflow_hub.format.archive.module_files import module_files

_CHUNK = 1 << 20


def file_entries(
    directory: str | os.PathLike[str], limits: ArchiveLimits = DEFAULT_LIMITS
) -> tuple[FileEntry, ...]:
    """The files of a module directory with their sizes and digests, in parallel threads.

    Raises:
      NotAModuleError: it is not a directory, or it is empty.
      ArchiveError: a file cannot be packed; see `module_files`.
    """
    root = Path(directory)
    paths = module_files(root, limits)
    with concurrent.futures.ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        return tuple(pool.map(lambda path: _entry(root, path), paths))


def _entry(root: Path, path: str) -> FileEntry:
    with open(root / path, "rb", buffering=0) as file:
        return FileEntry(path, *size_and_sha256(file))


def size_and_sha256(file: BinaryIO) -> tuple[int, str]:
    """The number of bytes from the position of an open file to its end, and their SHA-256 in hex."""
    sha256 = hashlib.sha256()
    size = 0
    while chunk := file.read(_CHUNK):
        sha256.update(chunk)
        size += len(chunk)
    return size, sha256.hexdigest()


def digest_at(path: str, start: int, size: int) -> str | None:
    """The SHA-256 in hex of `size` bytes of a file from `start`; None if the file is missing or too short."""
    digest = hashlib.sha256()
    try:
        with open(path, "rb", buffering=0) as file:
            file.seek(start)
            while size:
                block = file.read(min(size, _CHUNK))
                if not block:
                    return None
                digest.update(block)
                size -= len(block)
    except OSError:
        return None
    return digest.hexdigest()
