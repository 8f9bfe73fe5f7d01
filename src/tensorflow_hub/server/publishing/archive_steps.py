"""The steps that look at the archive: is it all there, is it harmless, does it say of itself what is true."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import hashlib
import os

from tensorflow_hub.errors import ArchiveError, DigestError, RejectedError
from tensorflow_hub.format.archive.index import LARGEST_SEGMENT, ArchiveIndex, Segment
from tensorflow_hub.format.archive.limits import ArchiveLimits
from tensorflow_hub.format.archive.reader import extract_archive
from tensorflow_hub.format.archive.segment_content import inflate_segment
from tensorflow_hub.format.archive.writer import write_archive
from tensorflow_hub.server.catalogue.records import Upload
from tensorflow_hub.server.core.hub import Hub
from tensorflow_hub.server.core.problems import WrongOffset
from tensorflow_hub.server.publishing.publication import Publication
from tensorflow_hub.server.publishing.upload_removal import forget_upload
from tensorflow_hub.server.settings import ServerSettings
from tensorflow_hub.server.store.interface import Source

_THREADS = min(4, os.cpu_count() or 1)


def archive_limits(settings: ServerSettings) -> ArchiveLimits:
    """What an uploaded archive may be at most."""
    return ArchiveLimits(
        total_bytes=settings.max_unpacked, files=settings.max_files, index_bytes=settings.max_request
    )


def check_complete(hub: Hub, publication: Publication) -> Publication:
    """All bytes that were promised came."""
    upload = publication.upload
    if upload.received != upload.size:
        raise WrongOffset(upload.received, upload.size)
    return publication


def unpack(hub: Hub, publication: Publication) -> Publication:
    """The archive is safe to unpack, and its bytes are those that were promised."""
    reader = _HashingReader(publication.source, publication.upload.size)
    try:
        files = extract_archive(reader, publication.unpacked, archive_limits(hub.settings))
        _check_promise(publication.upload, reader.hexdigest())
    except (ArchiveError, RejectedError):
        # Perhaps damaged on the way: the next attempt sends it anew.
        forget_upload(hub, publication.upload.id)
        raise
    return dataclasses.replace(publication, sha256=reader.hexdigest(), files=files)


def _check_promise(upload: Upload, sha256: str) -> None:
    if sha256 != upload.sha256:
        raise RejectedError(
            f"Expected bytes with the SHA-256 {upload.sha256}, got {sha256}.",
            hint="The upload was damaged on its way, or the file changed meanwhile: send it again.",
        )


def check_index(hub: Hub, publication: Publication) -> Publication:
    """The index promises what unpacking gives, file by file and segment by segment."""
    index = publication.claimed_index
    if index is None or index.largest_segment > LARGEST_SEGMENT:
        return publication  # packed anew below: nobody could fetch such segments alone, nor check them here
    if (index.archive_size, index.archive_sha256) != (publication.upload.size, publication.sha256):
        raise RejectedError("The index is of another archive.", hint="Publish with `tfhub publish`.")
    if sorted(index.files, key=lambda file: file.path) != sorted(
        publication.files, key=lambda file: file.path
    ):
        raise RejectedError(
            "The index lists other files than the archive holds.", hint="Publish with `tfhub publish`."
        )
    with concurrent.futures.ThreadPoolExecutor(_THREADS) as pool:
        for _ in pool.map(lambda segment: _check_segment(publication.source, segment), index.segments):
            pass
    return dataclasses.replace(publication, index=index)


def repack(hub: Hub, publication: Publication) -> Publication:
    """An archive of anybody's making becomes one of ours: cut into segments that can be fetched alone."""
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
            error.problem, hint="The index is wrong: publish with `tfhub publish`."
        ) from error


class _HashingReader:
    """A source as a stream, hashed while it is read."""

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
        """Of all bytes, also of those that the unpacking did not need."""
        while self.read(1 << 20):
            pass
        return self._sha256.hexdigest()


def index_of(publication: Publication) -> ArchiveIndex:
    """The checked index, after the steps above."""
    assert publication.index is not None
    return publication.index
