"""Modules in object stores: `gs://…`, `s3://…`, `az://…`, directories or archives.

Keys, regions and endpoints are read from the environment variables that the tools of each store use, such as
`AWS_ACCESS_KEY_ID`, `AWS_ENDPOINT_URL` and `GOOGLE_APPLICATION_CREDENTIALS`.
"""

from __future__ import annotations

import hashlib
import os
import re
import urllib.parse
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, TypeVar

from tensorflow_hub.errors import (
    AuthenticationError,
    DownloadError,
    ForbiddenError,
    HubError,
    MissingDependencyError,
    NotFoundError,
)
from tensorflow_hub.format.archive.file_digests import digest_at
from tensorflow_hub.format.archive.index import FileEntry
from tensorflow_hub.format.archive.limits import ArchiveLimits
from tensorflow_hub.format.archive.member_names import NamesSeen, check_path
from tensorflow_hub.format.archive.reader import extract_archive
from tensorflow_hub.handles import names_archive
from tensorflow_hub.resolving.transfer.job import Job, Received
from tensorflow_hub.resolving.transfer.offers import BucketDirectory
from tensorflow_hub.resolving.transfer.parallel import run_in_parallel
from tensorflow_hub.resolving.transfer.progress import DownloadProgress

T = TypeVar("T")

_PART = 16 << 20
_ENDPOINTS = (
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT",
    "GOOGLE_BASE_URL",
    "AZURE_ENDPOINT",
    "AZURE_STORAGE_ENDPOINT",
)
# Servers that give credentials to machines of a cloud. They are asked if the environment has no credentials.
_METADATA_HOSTS = ("169.254.169.254", "metadata.google.internal")


class RemoteObject(NamedTuple):
    """An object below the prefix of a module: its path from there, its size in bytes, its ETag."""

    path: str
    size: int
    etag: str


def receive_objects(offer: BucketDirectory, job: Job) -> Received:
    """Downloads a directory or an archive from an object store.

    Raises:
      NotFoundError, AuthenticationError, …: it cannot be read.
      DownloadError: it changed during the download.
    """
    job.begin_anew()
    remote = RemoteDirectory(offer.url)
    if names_archive(offer.url):
        return Received(*remote.extract(job.files, job.limits, job.progress))
    objects = remote.objects(job.limits)
    job.check_free_space(sum(item.size for item in objects))
    files = remote.fetch(job.files, objects, job.settings.connections, job.progress)
    if remote.objects(job.limits) != objects:
        raise DownloadError(f"{offer.url!r} changed while it was read.", hint="Run it again.")
    return Received(files)


class RemoteDirectory:
    """A directory (or one object) in a bucket.

    Args:
      url: `s3://bucket/path`; the path may be empty.

    Raises:
      MissingDependencyError: obstore is not installed.
      DownloadError: the URL or the configuration of the store is malformed.
    """

    def __init__(self, url: str) -> None:
        try:
            import obstore
        except ImportError as error:
            raise MissingDependencyError(
                f"Reading {url!r} needs the package obstore, which is not installed.",
                hint="Install it: pip install 'tensorflow-hub[cloud]'.",
            ) from error
        parts = urllib.parse.urlsplit(url)
        self.url = url
        self._prefix = parts.path.strip("/")
        plain = any(os.environ.get(name, "").startswith("http://") for name in _ENDPOINTS)
        options: dict[str, Any] = {"client_options": {"allow_http": True}} if plain else {}
        self._obstore: Any = obstore
        self._store: Any = self._call(
            lambda: obstore.store.from_url(f"{parts.scheme}://{parts.netloc}", **options)
        )

    def objects(self, limits: ArchiveLimits) -> list[RemoteObject]:
        """The objects below the directory, by path.

        Raises:
          NotFoundError: there are none.
          ArchiveError: a name leaves the directory, or there are too many.
        """
        found, seen = [], NamesSeen(limits)
        base = f"{self._prefix}/" if self._prefix else ""
        for chunk in self._chunks(lambda: self._obstore.list(self._store, prefix=self._prefix or None)):
            for meta in chunk:
                path = meta["path"][len(base) :] if meta["path"].startswith(base) else ""
                if not path or path.endswith("/"):
                    continue
                seen.add(check_path(path, limits), is_directory=False)
                found.append(RemoteObject(path, int(meta["size"]), str(meta.get("e_tag") or "")))
        if not found:
            raise NotFoundError(
                f"There is nothing at {self.url!r}.",
                hint="Check the spelling, and which account the store is read with.",
            )
        return sorted(found)

    def fetch(
        self, target: str, objects: list[RemoteObject], connections: int, progress: DownloadProgress
    ) -> tuple[FileEntry, ...]:
        """Downloads objects into a new directory, several parts at the same time, and hashes them."""
        progress.start(sum(item.size for item in objects))
        for item in objects:
            path = os.path.join(target, *item.path.split("/"))
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as file:
                file.truncate(item.size)
        parts = [(item, at) for item in objects for at in range(0, item.size, _PART)]
        run_in_parallel(
            parts, lambda part: self._fetch_part(target, part[0], part[1], progress), threads=connections
        )
        return tuple(_entry(target, item) for item in objects)

    def read(self, path: str) -> bytes:
        """The bytes of an object below the directory."""
        data: bytes = self._call(lambda: bytes(self._obstore.get(self._store, self._key(path)).bytes()))
        return data

    def write(self, path: str, source: str | bytes) -> None:
        """Writes bytes, or the file at a path, to an object below the directory."""
        if isinstance(source, bytes):
            self._call(lambda: self._obstore.put(self._store, self._key(path), source))
            return
        with open(source, "rb") as file:
            self._call(lambda: self._obstore.put(self._store, self._key(path), file))

    def extract(
        self, target: str, limits: ArchiveLimits, progress: DownloadProgress
    ) -> tuple[tuple[FileEntry, ...], str]:
        """Unpacks the archive at the URL. Returns its files and its SHA-256."""
        result = self._call(lambda: self._obstore.get(self._store, self._prefix))
        progress.start(int(result.meta["size"]))
        stream = _Chunks(self._chunks(lambda: result.stream(min_chunk_size=1 << 20)), progress)
        files = extract_archive(stream, target, limits)
        return files, stream.sha256.hexdigest()

    def fingerprint(self, limits: ArchiveLimits) -> str:
        """A digest of names, sizes and ETags, which changes if the directory or archive does."""
        if names_archive(self.url):
            meta = self._call(lambda: self._obstore.head(self._store, self._prefix))
            objects = [RemoteObject("", int(meta["size"]), str(meta.get("e_tag") or meta["last_modified"]))]
        else:
            objects = self.objects(limits)
        return hashlib.sha256(repr([tuple(item) for item in objects]).encode()).hexdigest()[:32]

    def _key(self, path: str) -> str:
        return f"{self._prefix}/{path}".strip("/")

    def _fetch_part(self, target: str, item: RemoteObject, start: int, progress: DownloadProgress) -> None:
        length = min(_PART, item.size - start)
        data = self._call(
            lambda: self._obstore.get_range(self._store, self._key(item.path), start=start, length=length)
        )
        view = memoryview(data)
        if len(view) != length:
            raise DownloadError(f"{self.url}/{item.path} changed while it was read.", hint="Run it again.")
        with open(os.path.join(target, *item.path.split("/")), "r+b") as file:
            file.seek(start)
            file.write(view)
        progress.advance(length)

    def _chunks(self, start: Callable[[], Any]) -> Iterator[Any]:
        chunks = iter(self._call(start))
        while (chunk := self._call(lambda: next(chunks, None))) is not None:
            yield chunk

    def _call(self, action: Callable[[], T]) -> T:
        """Runs a function of obstore, and replaces its errors by those of this library."""
        from obstore import exceptions

        try:
            return action()
        except (FileNotFoundError, exceptions.BaseError, ValueError) as error:
            if isinstance(error, HubError):
                raise
            raise self._error_of(error) from error

    def _error_of(self, error: Exception) -> HubError:
        from obstore import exceptions

        # Errors of listing objects have no class of their own: the status is in the message.
        status = re.search(r"status code: (\d{3})", str(error))
        told = int(status[1]) if status else 0
        if isinstance(error, FileNotFoundError) or told == 404:
            return NotFoundError(f"There is nothing at {self.url!r}.", hint="Check the spelling.")
        unknown = isinstance(error, exceptions.UnauthenticatedError) or told == 401
        if unknown or isinstance(error, exceptions.PermissionDeniedError) or told == 403:
            return (AuthenticationError if unknown else ForbiddenError)(
                f"The store does not let you read {self.url!r}.",
                hint="Check the credentials in the environment.",
            )
        if any(host in str(error) for host in _METADATA_HOSTS):
            return AuthenticationError(
                f"There are no credentials for {self.url!r} in the environment.",
                hint="Set those of the store (AWS_ACCESS_KEY_ID, GOOGLE_APPLICATION_CREDENTIALS, …); "
                "for a public bucket AWS_SKIP_SIGNATURE=true or GOOGLE_SKIP_SIGNATURE=true.",
            )
        reason = str(error).partition("\n")[0][:300]
        return DownloadError(
            f"{self.url!r} cannot be used: {reason}.",
            hint="Check the URL, the network and the store's settings.",
        )


class _Chunks:
    """A stream of chunks with a method `read(n)`."""

    def __init__(self, chunks: Iterator[Any], progress: DownloadProgress) -> None:
        self.sha256 = hashlib.sha256()
        self._chunks, self._progress = chunks, progress
        self._rest = memoryview(b"")

    def read(self, size: int, /) -> bytes:
        if not self._rest:
            self._rest = memoryview(bytes(next(self._chunks, b"")))
            self.sha256.update(self._rest)
            self._progress.advance(len(self._rest))
        data, self._rest = self._rest[:size], self._rest[size:]
        return bytes(data)


def _entry(target: str, item: RemoteObject) -> FileEntry:
    sha256 = digest_at(os.path.join(target, *item.path.split("/")), 0, item.size)
    assert sha256 is not None, item.path
    return FileEntry(item.path, item.size, sha256)
