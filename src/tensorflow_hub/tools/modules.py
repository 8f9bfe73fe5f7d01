"""Finds a module by its handle, without loading it: its directory and the digest of its content."""

from __future__ import annotations

import dataclasses
import functools
import os
from pathlib import Path
from typing import Literal, get_args

from tensorflow_hub.errors import DataError
from tensorflow_hub.format.archive.file_digests import size_and_sha256
from tensorflow_hub.format.archive.index import FileEntry, module_digest
from tensorflow_hub.resolving.resolve import resolve_module

Kind = Literal["image", "text"]


def require_kind(kind: str) -> None:
    """Checks that a kind of input is "image" or "text".

    Raises:
      DataError: it is something else.
    """
    if kind not in get_args(Kind):
        raise DataError(f"Expected the kind 'image' or 'text', got {kind!r}.", hint="Give one of these.")


@dataclasses.dataclass(frozen=True)
class Located:
    """A module on disk.

    Attributes:
      handle: the handle that the user wrote.
      directory: its directory.
      known_digest: the digest of its content, if the cache knows it.
      preprocessor: the module whose outputs it takes; None without one.
    """

    handle: str
    directory: Path
    known_digest: str | None = None
    preprocessor: Located | None = None

    @functools.cached_property
    def digest(self) -> str:
        """The digest of the content, with that of the preprocessor. Equal content has equal digests.

        All files of a directory of the user are read for it, so it is computed at its first use.
        """
        own = self.known_digest or digest_of(self.directory)
        return f"{own}+{self.preprocessor.digest}" if self.preprocessor else own


def locate(handle: str | os.PathLike[str]) -> Located:
    """Downloads a module if needed, and finds its directory."""
    resolved = resolve_module(handle)
    known = resolved.manifest.digest if resolved.manifest else None
    return Located(os.fspath(handle), Path(resolved.path), known)


def digest_of(directory: Path) -> str:
    """Returns the digest of a directory's content."""
    return module_digest(_entry(path, directory) for path in directory.rglob("*") if path.is_file())


def size_of(directory: Path) -> int:
    """Returns the number of bytes of all files in a directory."""
    return sum(path.stat().st_size for path in directory.rglob("*") if path.is_file())


def _entry(path: Path, directory: Path) -> FileEntry:
    with path.open("rb") as file:
        return FileEntry(path.relative_to(directory).as_posix(), *size_and_sha256(file))
