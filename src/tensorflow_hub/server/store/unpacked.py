"""The unpacked copies of modules below `uncompressed_url`. Each is a tree of files, named by its digest.

Everybody who can reach that URL can read them, so private and deleted modules have no copy.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from tensorflow_hub.format.archive.index import FileEntry
from tensorflow_hub.server.store.opening import open_tree_store


def copy_url(base: str, digest: str) -> str:
    """Returns the URL of the copy of a module.

    >>> copy_url("gs://bucket/modules/", "sha256:ab")
    'gs://bucket/modules/ab'
    """
    return f"{base.rstrip('/')}/{_name(digest)}"


def has_copy(base: str, digest: str) -> bool:
    """Whether a complete copy exists."""
    return open_tree_store(base).has_tree(_name(digest))


def make_copy(base: str, digest: str, unpacked: Path, files: Iterable[FileEntry]) -> None:
    """Copies the files of a module, unless a copy exists already."""
    if not has_copy(base, digest):
        open_tree_store(base).write_tree(_name(digest), unpacked, (file.path for file in files))


def remove_copy(base: str, digest: str) -> None:
    """Removes a copy. If it does not exist, nothing happens."""
    open_tree_store(base).delete_tree(_name(digest))


def _name(digest: str) -> str:
    return digest.removeprefix("sha256:")
