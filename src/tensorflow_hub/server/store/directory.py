"""A store in a folder: an object is a file, made visible by a rename."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import secrets
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from tensorflow_hub.server.store.interface import Source, StoredObject, check_digest

PIECE = 1 << 20


class DirectoryStore:
    """Keeps objects below the folder `root`, which is made when it is absent."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._temporary = root / "tmp"
        self._uploads = root / "uploads"
        for folder in (self._temporary, self._uploads, root / "archives", root / "files"):
            folder.mkdir(parents=True, exist_ok=True)

    def describe(self) -> str:
        """What and where it is, for people."""
        return f"folder {self.root}"

    def check(self) -> None:
        """Raises an `OSError` when the folder cannot be written."""
        probe = self._temporary / f"probe-{secrets.token_hex(8)}"
        probe.write_bytes(b"ok")
        probe.unlink()

    def size(self, key: str) -> int | None:
        """The size of an object in bytes; None when it is absent."""
        try:
            return self._path(key).stat().st_size
        except FileNotFoundError:
            return None

    def read(self, key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """The bytes of an object from `start` up to and without `end`."""
        with open(self._path(key), "rb") as file:
            file.seek(start)
            left = float("inf") if end is None else end - start
            while left > 0 and (piece := file.read(int(min(PIECE, left)))):
                left -= len(piece)
                yield piece

    def write(self, key: str, pieces: Iterable[bytes]) -> None:
        """Stores an object."""
        temporary = self._temporary / secrets.token_hex(16)
        try:
            with open(temporary, "xb") as file:
                file.writelines(pieces)
                file.flush()
                os.fsync(file.fileno())
            self._publish(temporary, key)
        finally:
            temporary.unlink(missing_ok=True)

    def delete(self, key: str) -> None:
        """Removes an object."""
        self._path(key).unlink(missing_ok=True)

    def list_objects(self, prefix: str) -> Iterator[StoredObject]:
        """The objects whose keys start with `prefix`, which is a folder or begins a name in one."""
        folder = self.root / prefix.rpartition("/")[0]
        for path in sorted(folder.rglob("*")):
            key = path.relative_to(self.root).as_posix()
            if key.startswith(prefix):
                with contextlib.suppress(FileNotFoundError):
                    status = path.stat()
                    if path.is_file():
                        yield StoredObject(key, status.st_size, status.st_mtime)

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
        """What was uploaded so far."""
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
            check_digest(upload, sha256, _sha256(file))
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

    def _publish(self, temporary: Path, key: str) -> None:
        path = self._path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.chmod(0o644)
        temporary.replace(path)
        sync(path.parent)

    def _path(self, key: str) -> Path:
        parts = key.split("/")
        if any(part in {"", ".", ".."} for part in parts):
            raise ValueError(f"Expected a key of plain segments, got {key!r}.")
        return self.root.joinpath(*parts)


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


def _sha256(file: BinaryIO) -> str:
    sha256 = hashlib.sha256()
    while piece := file.read(PIECE):
        sha256.update(piece)
    return sha256.hexdigest()


def sync(path: Path) -> None:
    """Makes what a file holds durable; of a folder, which names are in it."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
