"""Objects and trees of files in an S3, GCS or Azure bucket, by obstore."""

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

PART = 8 << 20  # of multipart writes; S3 takes at most 10,000 parts, which makes 80 GB
PIECE = 4 << 20


class Bucket:
    """Keeps objects and trees in the bucket and below the prefix that `url` names.

    Keys, region and endpoint come from the environment, as for any S3 client: `AWS_ACCESS_KEY_ID`,
    `AWS_SECRET_ACCESS_KEY`, `AWS_REGION`, `AWS_ENDPOINT_URL`, …

    Args:
      url: `s3://bucket/prefix`, `gs://bucket/prefix` or `az://container/prefix`.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._store = open_bucket(url)

    def size(self, key: str) -> int | None:
        """The size of an object in bytes; None when it is absent."""
        try:
            with os_errors():
                return int(obstore.head(self._store, key)["size"])
        except FileNotFoundError:
            return None

    def read(self, key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """The bytes of an object from `start` up to and without `end`."""
        if end is not None and end <= start:
            return
        with os_errors():
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
        with os_errors():
            for piece in pieces:
                writer = writer or obstore.open_writer(self._store, key, buffer_size=PART, max_concurrency=4)
                writer.write(piece)
            if writer is None:
                obstore.put(self._store, key, b"")
            else:
                writer.close()

    def delete(self, key: str) -> None:
        """Removes an object."""
        with contextlib.suppress(FileNotFoundError), os_errors():
            obstore.delete(self._store, key)

    def list_objects(self, prefix: str) -> Iterator[StoredObject]:
        """The objects whose keys start with `prefix`."""
        folder = prefix.rpartition("/")[0]
        with os_errors():
            for batch in obstore.list(self._store, prefix=folder or None):
                for item in batch:
                    if item["path"].startswith(prefix):
                        modified = item["last_modified"].timestamp()
                        yield StoredObject(item["path"], item["size"], modified)

    def has_tree(self, name: str) -> bool:
        """Whether a tree is there, complete."""
        return self.size(_complete_key(name)) is not None

    def write_tree(self, name: str, source: Path, paths: Iterable[str]) -> None:
        """Copies the files `paths` of the folder `source`, then writes the object that says so."""
        for path in paths:
            self.write(f"{name}/{path}", _pieces(source / path))
        self.write(_complete_key(name), [])

    def delete_tree(self, name: str) -> None:
        """Removes what says that the tree is complete, then its files."""
        self.delete(_complete_key(name))
        for item in [*self.list_objects(f"{name}/")]:
            self.delete(item.key)


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
            f"The bucket {url!r} cannot be opened: {error}.", hint="Check the URL and the AWS_* variables."
        ) from error


@contextlib.contextmanager
def os_errors() -> Iterator[None]:
    """Turns obstore's errors into `OSError`s, which all stores raise."""
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


def _pieces(path: Path) -> Iterator[bytes]:
    with open(path, "rb") as file:
        while piece := file.read(PIECE):
            yield piece
