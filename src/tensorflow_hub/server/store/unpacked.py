"""The copies of modules that lie unpacked below `uncompressed_url`, each a tree named by its digest.

Everybody who can reach the place can read it, so private and deleted modules have no copy.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from tensorflow_hub.format.archive.index import FileEntry
from tensorflow_hub.server.store.opening import open_place


def copy_url(base: str, digest: str) -> str:
    """Where the copy of a module lies, as readers see it.

    >>> copy_url("gs://bucket/modules/", "sha256:ab")
    'gs://bucket/modules/ab'
    """
    return f"{base.rstrip('/')}/{_name(digest)}"


def has_copy(base: str, digest: str) -> bool:
    """Whether there is a complete copy."""
    return open_place(base).has_tree(_name(digest))


def make_copy(base: str, digest: str, unpacked: Path, files: Iterable[FileEntry]) -> None:
    """Copies the files of a module there; a copy that is there is left alone."""
    if not has_copy(base, digest):
        open_place(base).write_tree(_name(digest), unpacked, (file.path for file in files))


def remove_copy(base: str, digest: str) -> None:
    """Removes a copy; one that is absent is no error."""
    open_place(base).delete_tree(_name(digest))


def _name(digest: str) -> str:
    return digest.removeprefix("sha256:")
