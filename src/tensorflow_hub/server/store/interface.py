"""The interface of a store of archives. Keys are paths with slashes; the hub makes them, never a client.

    archives/<sha256>.tar.gz           an archive; its key contains its SHA-256
    archives/<sha256>.index.json       the index of an archive
    files/<sha256>                     a file that is served on its own (TF.js, TFLite)
    uploads/<id>…                      an upload in progress

Objects never change. A key contains the digest of the content, so writing an object twice is harmless, and a
store needs no locks. The store does not decide what readers see; only the catalogue does.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Protocol

from tensorflow_hub.errors import DigestError


@dataclasses.dataclass(frozen=True)
class StoredObject:
    """An object in a listing: key, size in bytes, and time of writing in seconds since 1970."""

    key: str
    size: int
    modified: float


class Source(Protocol):
    """An object or upload that is open for reading at any offset, from several threads."""

    size: int

    def read(self, start: int, end: int) -> bytes:
        """Returns the bytes from `start` up to, but not including, `end`; fewer if the object is shorter."""

    def close(self) -> None:
        """Closes files and connections."""


class TreeStore(Protocol):
    """A folder or bucket that holds trees of files, each under a name without slashes."""

    def has_tree(self, name: str) -> bool:
        """Whether a complete tree with that name exists."""

    def write_tree(self, name: str, source: Path, paths: Iterable[str]) -> None:
        """Copies the files `paths` of the folder `source`. Afterwards, `has_tree` returns True."""

    def delete_tree(self, name: str) -> None:
        """Removes a tree. If it does not exist, nothing happens."""


class Store(Protocol):
    """A store of immutable objects, and of uploads that become objects when they are complete."""

    def __hash__(self) -> int:
        """Returns a hash by identity, so that a store can be a key of `functools.lru_cache`."""

    def check(self) -> None:
        """Raises an `OSError` if the store does not work at this moment."""

    def size(self, key: str) -> int | None:
        """Returns the size of an object in bytes; None if it does not exist."""

    def read(self, key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Yields the bytes of an object from `start` up to, but not including, `end`.

        Raises:
          FileNotFoundError: the object does not exist.
        """

    def write(self, key: str, chunks: Iterable[bytes]) -> None:
        """Writes an object: readers see all of it or nothing. After the return, it survives a crash."""

    def delete(self, key: str) -> None:
        """Removes an object. If it does not exist, nothing happens."""

    def list_objects(self, prefix: str) -> Iterator[StoredObject]:
        """Yields the objects whose keys start with `prefix`."""

    def local_path(self, key: str) -> Path | None:
        """Returns the path of an object's file; None if the store is not a folder of this machine."""

    def presigned_url(self, key: str, seconds: int) -> str | None:
        """Returns a URL from which anybody can GET the object for `seconds`; None if the store has none."""

    def append(self, upload: str, offset: int, data: bytes | bytearray) -> None:
        """Writes a part of an upload at `offset`. The same part may be written again.

        Raises:
          OSError: the upload is becoming an object.
        """

    def open_upload(self, upload: str) -> Source:
        """Opens the bytes that were uploaded so far.

        Raises:
          FileNotFoundError: nothing was uploaded, or the upload has become an object.
        """

    def open_object(self, key: str) -> Source:
        """Opens an object.

        Raises:
          FileNotFoundError: the object does not exist.
        """

    def commit_upload(self, upload: str, size: int, key: str, sha256: str) -> None:
        """Makes the first `size` bytes of an upload the object `key`. Doing it again is harmless.

        Raises:
          DigestError: the bytes have another SHA-256: a request changed them after they were checked.
        """

    def discard_upload(self, upload: str) -> None:
        """Removes an upload. If it does not exist, nothing happens."""

    def list_uploads(self) -> Iterator[tuple[str, float]]:
        """Yields the uploads in the store, each with the time of its last change (seconds since 1970)."""


def check_digest(upload: str, expected: str, got: str) -> None:
    """Checks that the bytes of an upload have not changed since they were checked.

    Raises:
      DigestError: the digests differ.
    """
    if got != expected:
        raise DigestError(
            f"Expected the upload {upload} to have the SHA-256 {expected}, got {got}.",
            hint="Its bytes were changed while it was published. Publish it again.",
        )


def archive_key(sha256: str) -> str:
    """Returns the key of an archive."""
    return f"archives/{sha256}.tar.gz"


def index_key(sha256: str) -> str:
    """Returns the key of the index of an archive."""
    return f"archives/{sha256}.index.json"


def file_key(sha256: str) -> str:
    """Returns the key of a file that is served on its own."""
    return f"files/{sha256}"
