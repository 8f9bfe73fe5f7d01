"""Caches features on disk: each is computed once for a content and a module, and read by later runs.

There is one SQLite file for each module and each way to apply it. The key is the SHA-256 of the content, the
value the bytes of the vector, float32 in little-endian order. SQLite allows several processes at once, and
keeps the file whole if a process crashes. If all files together are larger than `TFHUB_FEATURE_CACHE_SIZE`,
those that were not used for the longest time are emptied.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import platformdirs

from tensorflow_hub.errors import CacheError
from tensorflow_hub.settings import Settings
from tensorflow_hub.tools.matrices import Matrix

_BATCH = 500


def default_folder() -> Path:
    """Returns `$TFHUB_FEATURE_CACHE`, else `features` in the user's cache folder for this library."""
    named = Settings.from_environment().feature_cache
    return Path(named) if named else Path(platformdirs.user_cache_dir("tensorflow-hub")) / "features"


class FeatureStore:
    """The cached vectors of one module, applied in one way. A context manager.

    Args:
      folder: the folder of the feature cache.
      module_digest: the digest of the module's content.
      usage: how the module is applied, for example the image size. Each usage has its own store.
      dimension: the length of a vector.
    """

    def __init__(self, folder: Path, module_digest: str, usage: str, dimension: int) -> None:
        name = hashlib.sha256(f"{module_digest} {usage} {dimension}".encode()).hexdigest()[:40]
        self.path = folder / f"{name}.sqlite"
        self.dimension = dimension
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._database = _connected(self.path)
            os.utime(self.path)  # the time of the last use
        except (OSError, sqlite3.Error) as error:
            raise self._unusable(error) from error

    def __enter__(self) -> FeatureStore:
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()

    def read(self, keys: Sequence[bytes]) -> dict[bytes, Matrix]:
        """Returns the vectors that the store has for some keys, by key; each float32 [dimension]."""
        found = {}
        for start in range(0, len(keys), _BATCH):
            part = keys[start : start + _BATCH]
            marks = ",".join("?" * len(part))
            query = f"SELECT key, vector FROM features WHERE key IN ({marks})"  # noqa: S608 - marks only
            try:
                rows = self._database.execute(query, part).fetchall()
            except sqlite3.Error as error:
                raise self._unusable(error) from error
            for key, vector in rows:
                if len(vector) == 4 * self.dimension:
                    found[bytes(key)] = np.frombuffer(vector, "<f4").astype(np.float32)
        return found

    def _unusable(self, error: Exception) -> CacheError:
        return CacheError(
            f"The feature cache {str(self.path)!r} cannot be used: {error}.",
            hint="Delete it, make room, set TFHUB_FEATURE_CACHE to another folder, or run with --no-cache.",
        )

    def write(self, vectors: Mapping[bytes, Matrix]) -> None:
        """Adds vectors, all of them or, after an error, none. Vectors with known keys are not replaced."""
        rows = [(key, np.ascontiguousarray(vector, "<f4").tobytes()) for key, vector in vectors.items()]
        try:
            self._database.execute("BEGIN IMMEDIATE")
            self._database.executemany("INSERT OR IGNORE INTO features VALUES (?, ?)", rows)
            self._database.execute("COMMIT")
        except sqlite3.Error as error:
            if self._database.in_transaction:
                self._database.execute("ROLLBACK")
            raise self._unusable(error) from error


def used_bytes(folder: Path) -> int:
    """Returns the size in bytes of all stores in the folder of a feature cache."""
    return sum(map(_size, folder.glob("*.sqlite")))


def make_room(folder: Path, limit: int, keep: Path | None = None) -> None:
    """Empties stores, those not used for the longest time first, until all have at most `limit` bytes.

    The files are emptied and not deleted, because another process may have them open. With SQLite that
    process can continue, also if this one is killed. The store `keep`, which is in use, is not emptied.
    """
    entries = sorted(folder.glob("*.sqlite"), key=_used)
    total = sum(map(_size, entries))
    for entry in entries:
        if total <= limit:
            return
        if entry != keep:
            total -= _size(entry)
            _drop(entry)


def _connected(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, timeout=60, isolation_level=None)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=NORMAL")
    database.execute(
        "CREATE TABLE IF NOT EXISTS features (key BLOB PRIMARY KEY, vector BLOB NOT NULL) WITHOUT ROWID"
    )
    return database


def _used(entry: Path) -> float:
    try:
        return entry.stat().st_mtime
    except OSError:  # another process deleted it
        return 0.0


def _size(entry: Path) -> int:
    files = [entry, entry.with_name(f"{entry.name}-wal")]
    return sum(path.stat().st_size for path in files if path.is_file())


def _drop(entry: Path) -> None:
    with contextlib.suppress(sqlite3.Error), contextlib.closing(_connected(entry)) as database:
        database.execute("DELETE FROM features")
        database.execute("VACUUM")
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
