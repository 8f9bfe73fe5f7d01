"""The publishing steps for the archive: check that it is complete, unpack it, check its index, repack it."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import hashlib
import os

from tensorflow_hub.errors import ArchiveError, DigestError, RejectedError
from tensorflow_hub.format.archive.index import LARGEST_SEGMENT, LARGEST_SENT_INDEX, ArchiveIndex, Segment
from tensorflow_hub.format.archive.limits import ArchiveLimits
from tensorflow_hub.format.archive.reader import extract_archive
from tensorflow_hub.format.archive.segment_content import inflate_segment
from tensorflow_hub.format.archive.writer import write_archive
from tensorflow_hub.server.catalogue.records import Upload
from tensorflow_hub.server.core.hub import Hub
from tensorflow_hub.server.core.problems import WrongOffset
from tensorflow_hub.server.publishing.publication import Publication
from tensorflow_hub.server.publishing.upload_removal import abandon_upload
from tensorflow_hub.server.settings import ServerSettings
from tensorflow_hub.server.store.interface import Source

_THREADS = min(4, os.cpu_count() or 1)


def archive_limits(settings: ServerSettings) -> ArchiveLimits:
    """Returns the limits of an uploaded archive: unpacked size, number of files, size of its index."""
    return ArchiveLimits(
        total_bytes=settings.max_unpacked, files=settings.max_files, index_bytes=LARGEST_SENT_INDEX
    )


def check_complete(hub: Hub, publication: Publication) -> Publication:
    """Checks that all bytes of the upload have arrived.

    Raises:
      WrongOffset: bytes are missing; it tells the client from where to continue.
    """
    upload = publication.upload
    if upload.received != upload.size:
        raise WrongOffset(upload.received, upload.size)
    return publication


def unpack(hub: Hub, publication: Publication) -> Publication:
    """Unpacks the archive and checks its SHA-256.

    Raises:
      ArchiveError: the archive is malformed, unsafe or too large. The upload is removed.
      RejectedError: the SHA-256 differs from the one that the client announced. The upload is removed.
    """
    reader = _HashingReader(publication.source, publication.upload.size)
    try:
        files = extract_archive(reader, publication.unpacked, archive_limits(hub.settings))
        _check_sha256(publication.upload, reader.hexdigest())
    except (ArchiveError, RejectedError):
        # The bytes were perhaps damaged on the network, so the next attempt has to send all of them again.
        abandon_upload(hub, publication.upload.id)
        raise
    return dataclasses.replace(publication, sha256=reader.hexdigest(), files=files)


def _check_sha256(upload: Upload, sha256: str) -> None:
    if sha256 != upload.sha256:
        raise RejectedError(
            f"Expected bytes with the SHA-256 {upload.sha256}, got {sha256}.",
            hint="It was damaged on the network, or the file changed while it was sent. Publish it again.",
        )


def check_index(hub: Hub, publication: Publication) -> Publication:
    """Checks that the index describes the archive: its size, its SHA-256, its files and each segment.

    An index with segments too large to be fetched or checked one by one is ignored: `repack` makes a new one.

    Raises:
      RejectedError: the index does not describe this archive.
    """
    index = publication.unchecked_index
    if index is None or index.largest_segment > LARGEST_SEGMENT:
        return publication
    if (index.archive_size, index.archive_sha256) != (publication.upload.size, publication.sha256):
        raise RejectedError(
            f"Expected the index of the archive {publication.sha256} ({publication.upload.size} bytes), got "
            f"that of {index.archive_sha256} ({index.archive_size} bytes).",
            hint="Publish with `tfhub publish`.",
        )
    if sorted(index.files, key=lambda file: file.path) != sorted(
        publication.files, key=lambda file: file.path
    ):
        raise RejectedError(
            "The files in the index are not the files in the archive.", hint="Publish with `tfhub publish`."
        )
    with concurrent.futures.ThreadPoolExecutor(_THREADS) as pool:
        for _ in pool.map(lambda segment: _check_segment(publication.source, segment), index.segments):
            pass
    return dataclasses.replace(publication, index=index)


def repack(hub: Hub, publication: Publication) -> Publication:
    """Packs an archive without a usable index again, so that its files can be fetched one by one."""
    if publication.index is not None:
        return publication
    packed = publication.workspace / "packed.tar.gz"
    index = write_archive(publication.unpacked, packed, limits=archive_limits(hub.settings))
    return dataclasses.replace(publication, index=index, packed=packed)


def _check_segment(source: Source, segment: Segment) -> None:
    try:
        inflate_segment(segment, source.read(segment.offset, segment.offset + segment.length))
    except DigestError as error:
        raise RejectedError(
            error.problem, hint="The index is wrong. Publish with `tfhub publish`."
        ) from error


class _HashingReader:
    """A stream over a source that computes the SHA-256 of what is read."""

    def __init__(self, source: Source, size: int) -> None:
        self._source = source
        self._size = size
        self._at = 0
        self._sha256 = hashlib.sha256()

    def read(self, size: int, /) -> bytes:
        data = self._source.read(self._at, min(self._size, self._at + size))
        self._at += len(data)
        self._sha256.update(data)
        return data

    def hexdigest(self) -> str:
        """Returns the SHA-256 of all bytes, after reading those that the extraction left unread."""
        while self.read(1 << 20):
            pass
        return self._sha256.hexdigest()


def checked_index(publication: Publication) -> ArchiveIndex:
    """Returns the checked index of the archive, which is there after the steps above."""
    assert publication.index is not None
    return publication.index
