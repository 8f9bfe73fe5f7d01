"""Objects and trees of files in a folder: an object is a file, made visible by a rename."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from tensorflow_hub.server.store.interface import StoredObject

PIECE = 1 << 20


class Folder:
    """Keeps objects and trees below the folder `root`, which is made when something is written."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._temporary = root / "tmp"

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
        self._temporary.mkdir(parents=True, exist_ok=True)
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

    def has_tree(self, name: str) -> bool:
        """Whether a tree is there, complete."""
        return (self.root / name).is_dir()

    def write_tree(self, name: str, source: Path, paths: Iterable[str]) -> None:
        """Copies the files of the folder `source`, all of which `paths` names, and renames the copy."""
        target, temporary = self.root / name, self.root / f".{name}.{secrets.token_hex(8)}"
        self.root.mkdir(parents=True, exist_ok=True)
        try:
            shutil.copytree(source, temporary)
            _sync_tree(temporary)
            temporary.rename(target)
            sync(self.root)
        except OSError:
            if not target.exists():  # else another process was faster: its copy is the same
                raise
        finally:
            shutil.rmtree(temporary, ignore_errors=True)

    def delete_tree(self, name: str) -> None:
        """Renames a tree, so that readers see all of it or nothing, then removes it."""
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
    """Makes what a file holds durable; of a folder, which names are in it."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_tree(folder: Path) -> None:
    """Makes a copy durable before it gets its name: a folder that is there is complete."""
    for directory, _, names in os.walk(folder):
        for name in names:
            sync(Path(directory, name))
        sync(Path(directory))
