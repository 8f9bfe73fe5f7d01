"""A store in a folder. An upload is a file as well; it becomes an object by a rename."""

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
    """Keeps objects and uploads below the folder `root`, which is made when it is absent."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self._uploads = root / "uploads"
        for folder in (self._temporary, self._uploads, root / "archives", root / "files"):
            folder.mkdir(parents=True, exist_ok=True)

    def check(self) -> None:
        """Raises an `OSError` when the folder cannot be written."""
        probe = self._temporary / f"probe-{secrets.token_hex(8)}"
        probe.write_bytes(b"ok")
        probe.unlink()

    def local_path(self, key: str) -> Path | None:
        """The object as a file."""
        return self._path(key)

    def presigned_url(self, key: str, seconds: int) -> str | None:
        """None: a folder signs nothing."""
        return None

    def append(self, upload: str, offset: int, data: bytes | bytearray) -> None:
        """Writes a part of an upload at `offset`."""
        path = self._uploads / upload
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if not _is_at(descriptor, path):
                raise OSError(f"The upload {upload} became an object meanwhile.")
            view = memoryview(data)
            while view:
                written = os.pwrite(descriptor, view, offset)
                view, offset = view[written:], offset + written
        finally:
            os.close(descriptor)

    def open_upload(self, upload: str) -> Source:
        """The bytes that were uploaded so far."""
        return _FileSource(self._uploads / upload)

    def open_object(self, key: str) -> Source:
        """An object."""
        return _FileSource(self._path(key))

    def commit_upload(self, upload: str, size: int, key: str, sha256: str) -> None:
        """Makes an upload the object `key` by a rename: nothing is copied."""
        path = self._uploads / upload
        if not path.exists() and self.size(key) == size:
            return
        with open(path, "rb+") as file:
            # A request that sends a part may still be under way, held back by whoever wants other bytes
            # than those that were checked to be stored under their digest.
            fcntl.flock(file, fcntl.LOCK_EX)
            file.truncate(size)
            check_digest(upload, sha256, size_and_sha256(file)[1])
            os.fsync(file.fileno())
            self._publish(path, key)

    def discard_upload(self, upload: str) -> None:
        """Removes an upload."""
        (self._uploads / upload).unlink(missing_ok=True)

    def list_uploads(self) -> Iterator[tuple[str, float]]:
        """The uploads in the store and when each was last written."""
        for path in sorted(self._uploads.iterdir()):
            with contextlib.suppress(FileNotFoundError):
                yield path.name, path.stat().st_mtime


class _FileSource:
    """A file that is read at any place."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self.size = os.fstat(self._descriptor).st_size

    def read(self, start: int, end: int) -> bytes:
        return os.pread(self._descriptor, end - start, start)

    def close(self) -> None:
        os.close(self._descriptor)


def _is_at(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False
