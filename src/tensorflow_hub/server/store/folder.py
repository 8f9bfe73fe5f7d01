"""Objects and trees of files in a folder. An object is a file that is renamed after it has been written."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from tensorflow_hub.server.store.interface import StoredObject

CHUNK_SIZE = 1 << 20


class Folder:
    """Reads and writes objects and trees below the folder `root`, which is made at the first write."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._temporary = root / "tmp"

    def size(self, key: str) -> int | None:
        """Returns the size of an object in bytes; None if it does not exist."""
        try:
            return self._path(key).stat().st_size
        except FileNotFoundError:
            return None

    def read(self, key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Yields the bytes of an object from `start` up to, but not including, `end`."""
        with open(self._path(key), "rb") as file:
            file.seek(start)
            remaining = float("inf") if end is None else end - start
            while remaining > 0 and (chunk := file.read(int(min(CHUNK_SIZE, remaining)))):
                remaining -= len(chunk)
                yield chunk

    def write(self, key: str, chunks: Iterable[bytes]) -> None:
        """Writes an object: readers see all of it or nothing."""
        self._temporary.mkdir(parents=True, exist_ok=True)
        temporary = self._temporary / secrets.token_hex(16)
        try:
            with open(temporary, "xb") as file:
                file.writelines(chunks)
                file.flush()
                os.fsync(file.fileno())
            self._publish(temporary, key)
        finally:
            temporary.unlink(missing_ok=True)

    def delete(self, key: str) -> None:
        """Removes an object. If it does not exist, nothing happens."""
        self._path(key).unlink(missing_ok=True)

    def list_objects(self, prefix: str) -> Iterator[StoredObject]:
        """Yields the objects whose keys start with `prefix`."""
        folder = self.root / prefix.rpartition("/")[0]
        for path in sorted(folder.rglob("*")):
            key = path.relative_to(self.root).as_posix()
            if key.startswith(prefix):
                with contextlib.suppress(FileNotFoundError):
                    status = path.stat()
                    if path.is_file():
                        yield StoredObject(key, status.st_size, status.st_mtime)

    def has_tree(self, name: str) -> bool:
        """Whether a complete tree with that name exists."""
        return (self.root / name).is_dir()

    def write_tree(self, name: str, source: Path, paths: Iterable[str]) -> None:
        """Copies the folder `source`, then renames the copy. `paths` has to list all of its files."""
        target, temporary = self.root / name, self.root / f".{name}.{secrets.token_hex(8)}"
        self.root.mkdir(parents=True, exist_ok=True)
        try:
            shutil.copytree(source, temporary)
            _sync_tree(temporary)
            temporary.rename(target)
            sync(self.root)
        except OSError:
            if not target.exists():  # else another process has made the same copy
                raise
        finally:
            shutil.rmtree(temporary, ignore_errors=True)

    def delete_tree(self, name: str) -> None:
        """Renames a tree and then removes it, so that readers see all of it or nothing."""
        with contextlib.suppress(FileNotFoundError):
            removed = (self.root / name).rename(self.root / f".{name}.{secrets.token_hex(8)}")
            shutil.rmtree(removed, ignore_errors=True)

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


def sync(path: Path) -> None:
    """Writes the content of a file, or the list of names in a folder, to the disk (fsync)."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_tree(folder: Path) -> None:
    """Writes all files of a copy to the disk before it is renamed, so that a visible tree is complete."""
    for directory, _, names in os.walk(folder):
        for name in names:
            sync(Path(directory, name))
        sync(Path(directory))
