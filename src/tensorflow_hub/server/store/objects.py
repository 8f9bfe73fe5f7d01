"""A store in an S3, GCS or Azure bucket, accessed with obstore.

Each part of an upload is an object (`uploads/<id>/<offset>`), because each may be received by another process
or machine. `commit_upload` reads the parts one after the other, and writes the final object.
"""

from __future__ import annotations

import bisect
import datetime
import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import obstore

from tensorflow_hub.server.store.bucket import CHUNK_SIZE, PART_SIZE, Bucket, os_errors
from tensorflow_hub.server.store.interface import Source, check_digest


class ObjectStore(Bucket):
    """Stores objects and uploads in a bucket, below a prefix."""

    def check(self) -> None:
        """Raises an `OSError` if the bucket does not answer."""
        with os_errors():
            next(iter(obstore.list(self._store, prefix="archives", chunk_size=1)), None)

    def local_path(self, key: str) -> Path | None:
        """Returns None, because objects of a bucket are not files of this machine."""
        return None

    def presigned_url(self, key: str, seconds: int) -> str | None:
        """Returns a URL from which anybody can GET the object for `seconds`."""
        with os_errors():
            url: str = obstore.sign(self._store, "GET", key, datetime.timedelta(seconds=seconds))
            return url

    def append(self, upload: str, offset: int, data: bytes | bytearray) -> None:
        """Writes a part of an upload as an object with the offset in its key."""
        with os_errors():
            obstore.put(self._store, _part_key(upload, offset), bytes(data), chunk_size=PART_SIZE)

    def open_upload(self, upload: str) -> Source:
        """Opens the bytes that were uploaded so far."""
        items = self.list_objects(f"uploads/{upload}/")
        parts = sorted((int(item.key.rpartition("/")[2]), item.size, item.key) for item in items)
        if not parts:
            raise FileNotFoundError(f"Nothing was uploaded as {upload!r}.")
        return _PartsSource(self._store, parts)

    def open_object(self, key: str) -> Source:
        """Opens an object."""
        size = self.size(key)
        if size is None:
            raise FileNotFoundError(f"There is no object {key!r}.")
        return _PartsSource(self._store, [(0, size, key)])

    def commit_upload(self, upload: str, size: int, key: str, sha256: str) -> None:
        """Joins the parts to the object `key`.

        Raises:
          DigestError: the bytes have another SHA-256.
        """
        if self.size(key) != size:
            self.write(key, _verified_chunks(upload, self.open_upload(upload), size, sha256))

    def discard_upload(self, upload: str) -> None:
        """Removes the parts of an upload."""
        for item in [*self.list_objects(f"uploads/{upload}/")]:
            self.delete(item.key)

    def list_uploads(self) -> Iterator[tuple[str, float]]:
        """Yields the uploads in the store, each with the time of its last change."""
        latest: dict[str, float] = {}
        for item in self.list_objects("uploads/"):
            upload = item.key.split("/")[1]
            latest[upload] = max(latest.get(upload, 0.0), item.modified)
        yield from sorted(latest.items())


class _PartsSource:
    """Several objects that are read as one. If two overlap, the bytes of the later one are used."""

    def __init__(self, store: Any, parts: Sequence[tuple[int, int, str]]) -> None:
        self._store = store
        self._parts = parts
        self._offsets = [offset for offset, _, _ in parts]
        self.size = max(offset + size for offset, size, _ in parts)

    def read(self, start: int, end: int) -> bytes:
        chunks = []
        while start < min(end, self.size):
            offset, size, key = self._parts[bisect.bisect_right(self._offsets, start) - 1]
            stop = min(end, offset + size)
            if not offset <= start < stop:
                break
            with os_errors():
                chunks.append(
                    bytes(obstore.get_range(self._store, key, start=start - offset, end=stop - offset))
                )
            start = stop
        return b"".join(chunks)

    def close(self) -> None:
        pass


def _verified_chunks(upload: str, source: Source, size: int, sha256: str) -> Iterator[bytes]:
    """Yields the bytes of an upload, and checks their SHA-256 at the end.

    A wrong digest raises an error before the object exists, because the writer has not been closed yet.
    """
    digest = hashlib.sha256()
    for start in range(0, size, CHUNK_SIZE):
        chunk = source.read(start, min(size, start + CHUNK_SIZE))
        digest.update(chunk)
        yield chunk
    check_digest(upload, sha256, digest.hexdigest())


def _part_key(upload: str, offset: int) -> str:
    return f"uploads/{upload}/{offset:020d}"
