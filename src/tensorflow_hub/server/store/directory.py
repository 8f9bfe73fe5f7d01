"""A store in a folder. An upload is a file, which is renamed when it becomes an object."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from tensorflow_hub.format.archive.file_digests import size_and_sha256
from tensorflow_hub.server.store.folder import Folder
from tensorflow_hub.server.store.interface import Source, check_digest


class DirectoryStore(Folder):
    """Stores objects and uploads below the folder `root`, which is made if it does not exist."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self._uploads = root / "uploads"
        for folder in (self._temporary, self._uploads, root / "archives", root / "files"):
            folder.mkdir(parents=True, exist_ok=True)

    def check(self) -> None:
        """Raises an `OSError` if the folder cannot be written."""
        probe = self._temporary / f"probe-{secrets.token_hex(8)}"
        probe.write_bytes(b"ok")
        probe.unlink()

    def local_path(self, key: str) -> Path | None:
        """Returns the path of an object's file."""
        return self._path(key)

    def presigned_url(self, key: str, seconds: int) -> str | None:
        """Returns None, because a folder has no URLs."""
        return None

    def append(self, upload: str, offset: int, data: bytes | bytearray) -> None:
        """Writes a part of an upload at `offset`.

        Raises:
          OSError: the upload has become an object in the meantime.
        """
        path = self._uploads / upload
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if not _is_same_file(descriptor, path):
                raise OSError(f"The upload {upload} has become an object, which cannot be written.")
            view = memoryview(data)
            while view:
                written = os.pwrite(descriptor, view, offset)
                view, offset = view[written:], offset + written
        finally:
            os.close(descriptor)

    def open_upload(self, upload: str) -> Source:
        """Opens the bytes that were uploaded so far."""
        return _FileSource(self._uploads / upload)

    def open_object(self, key: str) -> Source:
        """Opens an object."""
        return _FileSource(self._path(key))

    def commit_upload(self, upload: str, size: int, key: str, sha256: str) -> None:
        """Makes an upload the object `key`, by renaming its file.

        Raises:
          DigestError: its bytes have another SHA-256.
        """
        path = self._uploads / upload
        try:
            file = open(path, "rb+")  # noqa: SIM115
        except FileNotFoundError:
            if self.size(key) == size:
                return  # it is the object already
            raise
        with file:
            # An attacker can delay a request that sends a part until after the check of the bytes, so that
            # other bytes are stored. The lock waits for such requests, and the digest is computed again.
            fcntl.flock(file, fcntl.LOCK_EX)
            if not _is_same_file(file.fileno(), path) and self.size(key) == size:
                return  # another request has made it the object
            file.truncate(size)
            check_digest(upload, sha256, size_and_sha256(file)[1])
            os.fsync(file.fileno())
            self._publish(path, key)

    def discard_upload(self, upload: str) -> None:
        """Removes an upload. If it does not exist, nothing happens."""
        (self._uploads / upload).unlink(missing_ok=True)

    def list_uploads(self) -> Iterator[tuple[str, float]]:
        """Yields the uploads in the store, each with the time of its last change."""
        for path in sorted(self._uploads.iterdir()):
            with contextlib.suppress(FileNotFoundError):
                yield path.name, path.stat().st_mtime


class _FileSource:
    """An open file that is read at given offsets."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self.size = os.fstat(self._descriptor).st_size

    def read(self, start: int, end: int) -> bytes:
        return os.pread(self._descriptor, end - start, start)

    def close(self) -> None:
        os.close(self._descriptor)


def _is_same_file(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False
