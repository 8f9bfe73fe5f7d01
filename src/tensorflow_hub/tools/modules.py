"""Finds a module by its handle, without loading it, and the digest of its content."""

from __future__ import annotations

import dataclasses
import hashlib
import os
from pathlib import Path
from typing import Literal, get_args

from tensorflow_hub.errors import DataError
from tensorflow_hub.format.archive.index import FileEntry, module_digest
from tensorflow_hub.resolving.resolve import resolve_module

Kind = Literal["image", "text"]


def require_kind(kind: str) -> None:
    """Refuses what is neither an image nor a text.

    Raises:
      DataError: `kind` is something else.
    """
    if kind not in get_args(Kind):
        raise DataError(f"Expected the kind 'image' or 'text', got {kind!r}.", hint="Give one of these.")


@dataclasses.dataclass(frozen=True)
class Located:
    """A module on disk.

    Attributes:
      handle: what the user wrote.
      directory: where it lies.
      digest: of the module's content: equal content, equal digest, wherever it came from.
    """

    handle: str
    directory: Path
    digest: str


def locate(handle: str | os.PathLike[str]) -> Located:
    """Turns a handle into a directory, downloading if need be, and finds the digest of what lies there."""
    resolved = resolve_module(handle)
    known = resolved.manifest.digest if resolved.manifest else None
    directory = Path(resolved.path)
    return Located(os.fspath(handle), directory, known or digest_of(directory))


def digest_of(directory: Path) -> str:
    """The digest of a directory's content."""
    files = sorted(path for path in directory.rglob("*") if path.is_file())
    return module_digest(_entry(path, directory) for path in files)


def _entry(path: Path, directory: Path) -> FileEntry:
    content = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            content.update(block)
    return FileEntry(path.relative_to(directory).as_posix(), path.stat().st_size, content.hexdigest())
