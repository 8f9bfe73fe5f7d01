"""The interface of a store of archives. Keys are paths with slashes, made by this program, never by a client.

    archives/<sha256>.tar.gz           an archive, named by its own digest
    archives/<sha256>.index.json       its index
    files/<sha256>                     a file that is served by itself (TF.js, TFLite)
    uploads/<id>…                      what is being uploaded

Objects are immutable: an object's name says its content, so writing one twice is harmless, and a store
needs no locks. What is visible is decided by the catalogue alone.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Protocol

from tensorflow_hub.errors import DigestError


@dataclasses.dataclass(frozen=True)
class StoredObject:
    """An object in a listing; `modified` in seconds since 1970."""

    key: str
    size: int
    modified: float


class Source(Protocol):
    """Bytes in a store; safe to use from several threads."""

    size: int

    def read(self, start: int, end: int) -> bytes:
        """The bytes from `start` up to and without `end`; fewer when there are fewer."""

    def close(self) -> None:
        """Frees what it holds."""


class Trees(Protocol):
    """A folder or bucket that keeps trees of files, each under a name without slashes."""

    def has_tree(self, name: str) -> bool:
        """Whether a tree is there, complete."""

    def write_tree(self, name: str, source: Path, paths: Iterable[str]) -> None:
        """Copies the files `paths` of the folder `source`; `has_tree` is true when all of them are there."""

    def delete_tree(self, name: str) -> None:
        """Removes a tree; one that is absent is no error."""


class Store(Protocol):
    """A place for immutable objects, and for uploads on their way to become one."""

    def __hash__(self) -> int:
        """By identity, so that a store can be the key of a cache."""

    def check(self) -> None:
        """Raises an `OSError` when the store does not work right now."""

    def size(self, key: str) -> int | None:
        """The size of an object in bytes; None when it is absent."""

    def read(self, key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """The bytes of an object from `start` up to and without `end`, in pieces.

        Raises:
          FileNotFoundError: when it is absent.
        """

    def write(self, key: str, pieces: Iterable[bytes]) -> None:
        """Stores an object: readers see all of it or nothing, and it survives a crash after the return."""

    def delete(self, key: str) -> None:
        """Removes an object; one that is absent is no error."""

    def list_objects(self, prefix: str) -> Iterator[StoredObject]:
        """The objects whose keys start with `prefix`."""

    def local_path(self, key: str) -> Path | None:
        """The object as a file on this machine, where the store is a folder."""

    def presigned_url(self, key: str, seconds: int) -> str | None:
        """A URL anybody can GET the object from for a while, where the store can make one."""

    def append(self, upload: str, offset: int, data: bytes | bytearray) -> None:
        """Writes a part of an upload at `offset`; the same part may be written again.

        Raises:
          OSError: the upload is becoming an object.
        """

    def open_upload(self, upload: str) -> Source:
        """The bytes that were uploaded so far, for reading in any order, from several threads.

        Raises:
          FileNotFoundError: nothing was uploaded, or it became an object already.
        """

    def open_object(self, key: str) -> Source:
        """An object, for reading in any order, from several threads.

        Raises:
          FileNotFoundError: when it is absent.
        """

    def commit_upload(self, upload: str, size: int, key: str, sha256: str) -> None:
        """Makes an upload of `size` bytes the object `key`; doing it again is harmless.

        Raises:
          DigestError: its bytes have another digest: somebody went on writing after it was checked.
        """

    def discard_upload(self, upload: str) -> None:
        """Removes an upload; one that is absent is no error."""

    def list_uploads(self) -> Iterator[tuple[str, float]]:
        """The uploads in the store, each with when it was last written (seconds since 1970)."""


def check_digest(upload: str, expected: str, got: str) -> None:
    """Refuses an upload that is not what was checked.

    Raises:
      DigestError: the digests differ.
    """
    if got != expected:
        raise DigestError(
            f"Expected the upload {upload} to have the SHA-256 {expected}, got {got}.",
            hint="It was written to while it was published: send it again.",
        )


def archive_key(sha256: str) -> str:
    """The key of an archive."""
    return f"archives/{sha256}.tar.gz"


def index_key(sha256: str) -> str:
    """The key of an archive's index."""
    return f"archives/{sha256}.index.json"


def file_key(sha256: str) -> str:
    """The key of a file that is served by itself."""
    return f"files/{sha256}"
