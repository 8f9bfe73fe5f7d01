"""A store in an S3, GCS or Azure bucket, by obstore.

Parts of an upload are objects of their own (`uploads/<id>/<offset>`), so that each may reach another
process or machine; committing streams them into the final object.
"""

from __future__ import annotations

import bisect
import contextlib
import datetime
import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import obstore
from obstore.exceptions import BaseError
from obstore.store import from_url

from tensorflow_hub.errors import SettingsError
from tensorflow_hub.server.store.interface import Source, StoredObject, check_digest

PART = 8 << 20  # of multipart writes; S3 takes at most 10,000 parts, which makes 80 GB
PIECE = 4 << 20


def open_bucket(url: str) -> Any:
    """The bucket, or a prefix in it, that a URL names.

    Raises:
      SettingsError: for a malformed URL or configuration.
    """
    plain_http = os.environ.get("AWS_ENDPOINT_URL", "").startswith("http://")
    options: dict[str, Any] = {
        "retry_config": {"max_retries": 6, "retry_timeout": datetime.timedelta(seconds=30)}
    }
    if plain_http:
        options["client_options"] = {"allow_http": True}
    try:
        return from_url(url, **options)
    except (BaseError, ValueError) as error:
        raise SettingsError(
            f"The store {url!r} cannot be opened: {error}.", hint="Check the URL and the AWS_* variables."
        ) from error


class ObjectStore:
    """Keeps objects in the bucket and below the prefix that `url` names.

    Keys, region and endpoint come from the environment, as for any S3 client: `AWS_ACCESS_KEY_ID`,
    `AWS_SECRET_ACCESS_KEY`, `AWS_REGION`, `AWS_ENDPOINT_URL`, …

    Args:
      url: `s3://bucket/prefix`, `gs://bucket/prefix` or `az://container/prefix`.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._store = open_bucket(url)

    def describe(self) -> str:
        """What and where it is, for people."""
        return self.url

    def check(self) -> None:
        """Raises an `OSError` when the bucket does not answer."""
        with _os_errors():
            next(iter(obstore.list(self._store, prefix="archives", chunk_size=1)), None)

    def size(self, key: str) -> int | None:
        """The size of an object in bytes; None when it is absent."""
        try:
            with _os_errors():
                return int(obstore.head(self._store, key)["size"])
        except FileNotFoundError:
            return None

    def read(self, key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """The bytes of an object from `start` up to and without `end`."""
        if end is not None and end <= start:
            return
        with _os_errors():
            span: Any = None if start == 0 and end is None else ((start, end) if end else {"offset": start})
            result = obstore.get(self._store, key, options={"range": span} if span else {})
            for piece in result.stream(min_chunk_size=PIECE):
                yield bytes(piece)

    def write(self, key: str, pieces: Iterable[bytes]) -> None:
        """Stores an object: a single PUT, or a multipart upload, both atomic.

        The pieces may come from this very store, so they are pushed: obstore cannot call itself while
        it pulls from an iterator.
        """
        writer = None
        with _os_errors():
            for piece in pieces:
                writer = writer or obstore.open_writer(self._store, key, buffer_size=PART, max_concurrency=4)
                writer.write(piece)
            if writer is None:
                obstore.put(self._store, key, b"")
            else:
                writer.close()

    def delete(self, key: str) -> None:
        """Removes an object."""
        with contextlib.suppress(FileNotFoundError), _os_errors():
            obstore.delete(self._store, key)

    def list_objects(self, prefix: str) -> Iterator[StoredObject]:
        """The objects whose keys start with `prefix`."""
        folder = prefix.rpartition("/")[0]
        with _os_errors():
            for batch in obstore.list(self._store, prefix=folder or None):
                for item in batch:
                    if item["path"].startswith(prefix):
                        modified = item["last_modified"].timestamp()
                        yield StoredObject(item["path"], item["size"], modified)

    def local_path(self, key: str) -> Path | None:
        """None: an object in a bucket is no file."""
        return None

    def presigned_url(self, key: str, seconds: int) -> str | None:
        """A URL anybody can GET the object from for a while."""
        with _os_errors():
            url: str = obstore.sign(self._store, "GET", key, datetime.timedelta(seconds=seconds))
            return url

    def append(self, upload: str, offset: int, data: bytes | bytearray) -> None:
        """Writes a part of an upload as an object that is named by its offset."""
        with _os_errors():
            obstore.put(self._store, _part_key(upload, offset), bytes(data), chunk_size=PART)

    def open_upload(self, upload: str) -> Source:
        """What was uploaded so far."""
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
            with _os_errors():
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


@contextlib.contextmanager
def _os_errors() -> Iterator[None]:
    """Turns obstore's errors into `OSError`s, which all stores raise."""
    try:
        yield
    except FileNotFoundError:
        raise
    except BaseError as error:
        if type(error).__name__ == "NotFoundError":
            raise FileNotFoundError(str(error)) from error
        raise OSError(f"The object store failed: {error}") from error
