"""A store in an S3, GCS or Azure bucket, by obstore.

Parts of an upload are objects of their own (`uploads/<id>/<offset>`), so that each may reach another
process or machine; committing streams them into the final object.
"""

from __future__ import annotations

import bisect
import datetime
import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import obstore

from tensorflow_hub.server.store.bucket import PART, PIECE, Bucket, os_errors
from tensorflow_hub.server.store.interface import Source, check_digest


class ObjectStore(Bucket):
    """Keeps objects and uploads in the bucket and below the prefix that `url` names."""

    def check(self) -> None:
        """Raises an `OSError` when the bucket does not answer."""
        with os_errors():
            next(iter(obstore.list(self._store, prefix="archives", chunk_size=1)), None)

    def local_path(self, key: str) -> Path | None:
        """None: an object in a bucket is no file."""
        return None

    def presigned_url(self, key: str, seconds: int) -> str | None:
        """A URL anybody can GET the object from for a while."""
        with os_errors():
            url: str = obstore.sign(self._store, "GET", key, datetime.timedelta(seconds=seconds))
            return url

    def append(self, upload: str, offset: int, data: bytes | bytearray) -> None:
        """Writes a part of an upload as an object that is named by its offset."""
        with os_errors():
            obstore.put(self._store, _part_key(upload, offset), bytes(data), chunk_size=PART)

    def open_upload(self, upload: str) -> Source:
        """The bytes that were uploaded so far."""
        items = self.list_objects(f"uploads/{upload}/")
        parts = sorted((int(item.key.rpartition("/")[2]), item.size, item.key) for item in items)
        if not parts:
            raise FileNotFoundError(f"Nothing was uploaded as {upload!r}.")
        return _PartsSource(self._store, parts)

    def open_object(self, key: str) -> Source:
        """An object."""
        size = self.size(key)
        if size is None:
            raise FileNotFoundError(f"There is no object {key!r}.")
        return _PartsSource(self._store, [(0, size, key)])

    def commit_upload(self, upload: str, size: int, key: str, sha256: str) -> None:
        """Streams the parts into the object `key`."""
        if self.size(key) != size:
            self.write(key, _checked(upload, self.open_upload(upload), size, sha256))

    def discard_upload(self, upload: str) -> None:
        """Removes the parts of an upload."""
        for item in [*self.list_objects(f"uploads/{upload}/")]:
            self.delete(item.key)

    def list_uploads(self) -> Iterator[tuple[str, float]]:
        """The uploads in the store and when each was last written."""
        latest: dict[str, float] = {}
        for item in self.list_objects("uploads/"):
            upload = item.key.split("/")[1]
            latest[upload] = max(latest.get(upload, 0.0), item.modified)
        yield from sorted(latest.items())


class _PartsSource:
    """Objects that follow each other, read as one. Where two overlap, the later one counts."""

    def __init__(self, store: Any, parts: Sequence[tuple[int, int, str]]) -> None:
        self._store = store
        self._parts = parts
        self._offsets = [offset for offset, _, _ in parts]
        self.size = max(offset + size for offset, size, _ in parts)

    def read(self, start: int, end: int) -> bytes:
        pieces = []
        while start < min(end, self.size):
            offset, size, key = self._parts[bisect.bisect_right(self._offsets, start) - 1]
            stop = min(end, offset + size)
            if not offset <= start < stop:
                break
            with os_errors():
                pieces.append(
                    bytes(obstore.get_range(self._store, key, start=start - offset, end=stop - offset))
                )
            start = stop
        return b"".join(pieces)

    def close(self) -> None:
        pass


def _checked(upload: str, source: Source, size: int, sha256: str) -> Iterator[bytes]:
    """The bytes; fails after the last, before there is an object, when a part was written again."""
    sum_ = hashlib.sha256()
    for at in range(0, size, PIECE):
        piece = source.read(at, min(size, at + PIECE))
        sum_.update(piece)
        yield piece
    check_digest(upload, sha256, sum_.hexdigest())


def _part_key(upload: str, offset: int) -> str:
    return f"uploads/{upload}/{offset:020d}"
