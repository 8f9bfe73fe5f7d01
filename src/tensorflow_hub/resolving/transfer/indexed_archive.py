"""Downloading an archive of our hub in parts, over several connections at the same time.

The index says which bytes of the archive contain which part of which file. Missing segments that are
neighbours are downloaded by one request. The thread that receives a segment inflates, hashes and writes it.
"""

from __future__ import annotations

import collections
import logging
import os
import threading
from collections.abc import Iterator
from typing import NamedTuple

import requests

from tensorflow_hub.errors import DigestError, DownloadError, HubError
from tensorflow_hub.format.archive.file_digests import digest_at
from tensorflow_hub.format.archive.index import LARGEST_SEGMENT, ArchiveIndex, Segment, module_digest
from tensorflow_hub.format.archive.segment_content import inflate_segment
from tensorflow_hub.network.answers import error_of_failure, is_timeout, shown_url
from tensorflow_hub.network.body import READ_FAILURES, Body, OpenBodies
from tensorflow_hub.network.credentials import host_of
from tensorflow_hub.network.session import HubSession
from tensorflow_hub.network.time_limit import TimeLimit
from tensorflow_hub.resolving.transfer.archive import receive_archive
from tensorflow_hub.resolving.transfer.job import Job, Received
from tensorflow_hub.resolving.transfer.offers import Archive, IndexedArchive
from tensorflow_hub.resolving.transfer.parallel import run_in_parallel
from tensorflow_hub.resolving.transfer.progress import DownloadProgress
from tensorflow_hub.resolving.transfer.ranges import ask_for_part, is_part
from tensorflow_hub.resolving.transfer.reuse import index_path, reuse_content
from tensorflow_hub.resolving.transfer.staged_segments import StagedFiles

_log = logging.getLogger("tensorflow_hub")

_SMALLEST_REQUEST = 4 << 20
_LARGEST_REQUEST = 32 << 20
# Bytes: smaller gaps between missing segments are downloaded too, which is faster than another request.
_GAP = 32 << 10
_BLOCK = 64 << 10
# How many segments with a wrong digest are requested again, before the download fails.
_WRONG_BYTES_ALLOWED = 2


def receive_indexed(offer: IndexedArchive, session: HubSession, job: Job) -> Received:
    """Downloads the missing segments of an archive.

    If the server does not send ranges, the whole archive is downloaded.

    Raises:
      DigestError: a segment does not have the digest of the index, or the module not that of the lock file.
      DownloadError, UnreachableError, …: the download failed, also after repetitions.
    """
    job.check_digest(offer.index.digest)
    if offer.index.largest_segment <= LARGEST_SEGMENT:
        try:
            return _receive_segments(offer, session, job)
        except RangesNotServedError:
            _log.debug("%s does not serve parts of files", shown_url(offer.location))
    response = session.request("GET", offer.url, what=job.handle, headers=offer.headers, stream=True)
    received = receive_archive(Archive(response), session, job)
    job.check_digest(module_digest(received.files), offer.index.digest)
    return received


def _receive_segments(offer: IndexedArchive, session: HubSession, job: Job) -> Received:
    index = offer.index
    staged = StagedFiles(job.staging, index)
    staged.open()
    try:
        reuse_content(job.cache, job.handle, staged)
        # Of several equal segments only the first one is downloaded, and counted.
        distinct = {staged.duplicates(number)[0] for number in range(len(index.segments))}
        total = sum(index.segments[number].length for number in distinct)
        missing = sum(index.segments[number].length for number in staged.missing_contents())
        job.check_free_space(sum(index.segments[number].size for number in staged.missing))
        job.progress.start(total, total - missing)
        _log.debug("%s: %d of %d bytes are to be fetched", job.handle, missing, total)
        transfer = IndexedDownload(session, offer, job.handle, staged, job.progress)
        transfer.run(max(1, job.settings.connections))
    finally:
        staged.close()
    if job.digest is not None:
        # The segments were compared with the index. The lock file has the digest of all files.
        for file in index.files:
            if digest_at(staged.path_of(file.path), 0, file.size) != file.sha256:
                raise job.other_digest(f"another content of {file.path!r}")
    _keep_index(job, index)
    return Received(index.files, index.archive_sha256)


class RangesNotServedError(Exception):
    """The server ignores ranges and sends the whole archive."""


class _Run(NamedTuple):
    """Segments that are downloaded by one request, in the order of the archive."""

    numbers: tuple[int, ...]
    start: int
    end: int  # exclusive


class IndexedDownload:
    """The download of the missing segments of an archive."""

    def __init__(
        self,
        session: HubSession,
        offer: IndexedArchive,
        what: str,
        staged: StagedFiles,
        progress: DownloadProgress,
    ) -> None:
        self._session, self._what, self._origin = session, what, offer.url
        self._staged, self._progress = staged, progress
        self._location = self._url = offer.location
        self._limit = session.limit or TimeLimit.of_download(session.settings)
        self._bodies = OpenBodies(self._limit)
        self._stop = threading.Event()

    def run(self, connections: int) -> None:
        """Downloads all missing segments.

        Raises:
          RangesNotServedError: the server does not send ranges. Nothing was downloaded.
          DownloadError, DigestError, UnreachableError, …: the download failed, also after repetitions.
        """
        segments = self._staged.index.segments
        missing = self._staged.missing_contents()
        self._limit.expect(sum(segments[number].length for number in missing))
        runs = _plan(segments, missing, connections)
        run_in_parallel(runs, self._fetch, threads=connections, stop=self._stop, on_stop=self._bodies.abort)

    def _fetch(self, run: _Run) -> None:
        """Downloads the segments of a run. If the connection breaks, goes on after the last complete one."""
        breaks = wrong = 0
        todo = collections.deque(run.numbers)
        while todo and not self._stop.is_set():
            before = len(todo)
            try:
                self._receive(todo, run.end)
            except DigestError:
                wrong += 1
                if wrong > _WRONG_BYTES_ALLOWED:
                    raise
            except HubError:
                raise
            except READ_FAILURES as failure:
                if is_timeout(failure):
                    self._limit.note_timeout()
                    if not self._limit.left:
                        raise self._limit.error(host_of(self._location)) from failure
                breaks = 0 if len(todo) < before else breaks + 1  # in a row, without a new segment
                reason = error_of_failure(failure, self._url).problem
                if breaks > self._session.policy.retries:
                    raise DownloadError(
                        f"The download of {self._what!r} broke again and again. {reason}",
                        hint="Run it again: the bytes received so far are kept.",
                    ) from failure
                _log.debug("%s Asking again for what is missing.", reason)
                self._stop.wait(min(self._session.policy.pause(breaks) or 0, self._limit.left))

    def _receive(self, todo: collections.deque[int], end: int) -> None:
        """Sends one request. Removes the segments that were written from `todo`."""
        segments = self._staged.index.segments
        position = segments[todo[0]].offset
        with self._bodies.reading(self._request(position, end)) as body:
            blocks = _Blocks(body)
            while todo and not self._stop.is_set():
                segment = segments[todo[0]]
                blocks.next(segment.offset - position)
                content = blocks.next(segment.length)
                position = segment.offset + segment.length
                self._staged.write(todo[0], inflate_segment(segment, content))
                self._progress.advance(segment.length)
                todo.popleft()

    def _request(self, start: int, end: int) -> requests.Response:
        response = ask_for_part(
            self._session,
            (self._location, self._url),
            start,
            end,
            origin=self._origin,
            headers={"Accept": "application/gzip, */*;q=0.1"},
            what=self._what,
        )
        if response.status_code == 200:
            response.close()
            raise RangesNotServedError
        if not is_part(response, start, end):
            response.close()
            raise DownloadError(
                f"Expected bytes {start} to {end - 1} of {self._what!r}, "
                f"got {response.headers.get('Content-Range')!r} (status {response.status_code}).",
                hint="The hub or a proxy before it answers wrongly: tell its owner.",
            )
        self._location = response.url
        return response


class _Blocks:
    """The bytes of an answer, read in blocks: small segments come many at a time."""

    def __init__(self, body: Body) -> None:
        self._body = body
        self._block, self._at = b"", 0

    def next(self, count: int) -> bytes:
        """The next `count` bytes."""
        pieces, missing = [], count
        while missing:
            if self._at == len(self._block):
                self._block, self._at = self._body.read(max(missing, _BLOCK)), 0
                if not self._block:
                    raise ConnectionResetError(104, "the connection was closed too early")
            pieces.append(self._block[self._at : self._at + missing])
            self._at += len(pieces[-1])
            missing -= len(pieces[-1])
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def _plan(segments: tuple[Segment, ...], missing: list[int], connections: int) -> Iterator[_Run]:
    """Groups missing segments into requests: few large ones, but enough for all connections."""
    total = sum(segments[number].length for number in missing)
    largest = min(_LARGEST_REQUEST, max(_SMALLEST_REQUEST, total // (connections * 4)))
    numbers: list[int] = []
    for number in missing:
        segment = segments[number]
        if numbers:
            first, last = segments[numbers[0]], segments[numbers[-1]]
            apart = segment.offset - (last.offset + last.length) > _GAP
            if apart or segment.offset + segment.length - first.offset > largest:
                yield _run_of(segments, numbers)
                numbers = []
        numbers.append(number)
    if numbers:
        yield _run_of(segments, numbers)


def _run_of(segments: tuple[Segment, ...], numbers: list[int]) -> _Run:
    first, last = segments[numbers[0]], segments[numbers[-1]]
    return _Run(tuple(numbers), first.offset, last.offset + last.length)


def _keep_index(job: Job, index: ArchiveIndex) -> None:
    """Stores the index, so that later versions can reuse equal segments. The cache works without it."""
    path = index_path(job.cache, job.handle)
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        os.replace(os.path.join(job.staging, "index.json"), path)
    except OSError as error:
        _log.debug("The index of %s is not kept: %s", job.handle, error)
