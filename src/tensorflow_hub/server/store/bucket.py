"""Objects and trees of files in an S3, GCS or Azure bucket, accessed with obstore."""

from __future__ import annotations

import contextlib
import datetime
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import obstore
from obstore.exceptions import BaseError
from obstore.store import from_url

from tensorflow_hub.errors import SettingsError
from tensorflow_hub.server.store.interface import StoredObject

PART_SIZE = 8 << 20  # of multipart uploads; S3 allows 10,000 parts, so an object can have 80 GB
CHUNK_SIZE = 4 << 20


class Bucket:
    """Reads and writes objects and trees in a bucket, below a prefix.

    Credentials, region and endpoint come from the environment, as for any S3 client: `AWS_ACCESS_KEY_ID`,
    `AWS_SECRET_ACCESS_KEY`, `AWS_REGION`, `AWS_ENDPOINT_URL`, …

    Args:
      url: `s3://bucket/prefix`, `gs://bucket/prefix` or `az://container/prefix`.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._store = open_bucket(url)

    def size(self, key: str) -> int | None:
        """Returns the size of an object in bytes; None if it does not exist."""
        try:
            with os_errors():
                return int(obstore.head(self._store, key)["size"])
        except FileNotFoundError:
            return None

    def read(self, key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Yields the bytes of an object from `start` up to, but not including, `end`."""
        if end is not None and end <= start:
            return
        with os_errors():
            span: Any = None if start == 0 and end is None else ((start, end) if end else {"offset": start})
            result = obstore.get(self._store, key, options={"range": span} if span else {})
            for chunk in result.stream(min_chunk_size=CHUNK_SIZE):
                yield bytes(chunk)

    def write(self, key: str, chunks: Iterable[bytes]) -> None:
        """Writes an object with a single PUT or a multipart upload. Both are atomic.

        The chunks may come from this same store, so they are written one by one: obstore cannot read an
        object while it takes chunks from an iterator.
        """
        writer = None
        with os_errors():
            for chunk in chunks:
                writer = writer or obstore.open_writer(
                    self._store, key, buffer_size=PART_SIZE, max_concurrency=4
                )
                writer.write(chunk)
            if writer is None:
                obstore.put(self._store, key, b"")
            else:
                writer.close()

    def delete(self, key: str) -> None:
        """Removes an object. If it does not exist, nothing happens."""
        with contextlib.suppress(FileNotFoundError), os_errors():
            obstore.delete(self._store, key)

    def list_objects(self, prefix: str) -> Iterator[StoredObject]:
        """Yields the objects whose keys start with `prefix`."""
        folder = prefix.rpartition("/")[0]
        with os_errors():
            for batch in obstore.list(self._store, prefix=folder or None):
                for item in batch:
                    if item["path"].startswith(prefix):
                        modified = item["last_modified"].timestamp()
                        yield StoredObject(item["path"], item["size"], modified)

    def has_tree(self, name: str) -> bool:
        """Whether a complete tree with that name exists."""
        return self.size(_complete_key(name)) is not None

    def write_tree(self, name: str, source: Path, paths: Iterable[str]) -> None:
        """Copies the files `paths` of the folder `source`, then writes an object that marks completeness."""
        for path in paths:
            self.write(f"{name}/{path}", _chunks(source / path))
        self.write(_complete_key(name), [])

    def delete_tree(self, name: str) -> None:
        """Removes the object that marks a tree as complete, then the files of the tree."""
        self.delete(_complete_key(name))
        for item in [*self.list_objects(f"{name}/")]:
            self.delete(item.key)


def open_bucket(url: str) -> Any:
    """Opens the bucket, or the prefix in a bucket, of a URL.

    Raises:
      SettingsError: the URL or the configuration in the environment is not valid.
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
            f"The bucket {url!r} cannot be opened: {error}.", hint="Check the URL and the AWS_* variables."
        ) from error


@contextlib.contextmanager
def os_errors() -> Iterator[None]:
    """Turns errors of obstore into `OSError`s, which all stores raise."""
    try:
        yield
    except FileNotFoundError:
        raise
    except BaseError as error:
        if type(error).__name__ == "NotFoundError":
            raise FileNotFoundError(str(error)) from error
        raise OSError(f"The object store failed: {error}") from error


def _complete_key(name: str) -> str:
    return f"{name}.complete"


def _chunks(path: Path) -> Iterator[bytes]:
    with open(path, "rb") as file:
        while chunk := file.read(CHUNK_SIZE):
            yield chunk
