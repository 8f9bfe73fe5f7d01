"""Downloading a list of files, several at the same time. The digest of each is checked.

A long file is downloaded in parts, by range requests (RFC 9110 §14). The first response says whether the
server sends ranges, the URL after redirects, and the ETag or date of the file. If the connection is slow, the
other parts are requested at the same time. If it is fast, they are requested one after the other, and hashed
while they arrive.
"""

from __future__ import annotations

import dataclasses
import logging
import os
import re
import threading
import time
from typing import NamedTuple

import requests

from tensorflow_hub.errors import DigestError, DownloadError, HubError
from tensorflow_hub.format.archive.crc32 import crc32
from tensorflow_hub.network.answers import error_of_failure, is_timeout, is_web_page, shown_url
from tensorflow_hub.network.body import READ_FAILURES, Body, OpenBodies
from tensorflow_hub.network.credentials import host_of
from tensorflow_hub.network.session import HubSession
from tensorflow_hub.network.time_limit import TimeLimit
from tensorflow_hub.resolving.transfer.checksums import promised_in
from tensorflow_hub.resolving.transfer.job import Job, Received
from tensorflow_hub.resolving.transfer.offers import FileList, RemoteFile
from tensorflow_hub.resolving.transfer.parallel import Tasks, run_in_parallel
from tensorflow_hub.resolving.transfer.ranges import ask_for_part, validator_of
from tensorflow_hub.resolving.transfer.staged_parts import StagedFile, StagedParts, checked
from tensorflow_hub.resolving.transfer.staged_segments import write_at

_log = logging.getLogger("tensorflow_hub")

_SMALLEST_PART, _LARGEST_PART = 4 << 20, 32 << 20  # bytes
_CHUNK = 1 << 18  # bytes
# A connection is slow if, some time after its beginning, most of this time passed with waiting for bytes.
_MEASURED_SECONDS = 0.03
_SLOW_SHARE = 0.75
_FAST = 500e6  # bytes per second of all connections together; more connections would not be faster


def receive_files(offer: FileList, session: HubSession, job: Job) -> Received:
    """Downloads all files of a list.

    Raises:
      ArchiveError: a path leads outside of the module, two files have one path, or the files are too large.
      DigestError: a file does not have the digest that the source gave.
      DownloadError, UnreachableError, …: the download failed, also after repetitions.
    """
    files = checked(offer.files, job.limits)
    staged = StagedParts(job.staging, files)
    with staged.explaining_disk_errors():
        staged.open()
    try:
        total, received = sum(file.size for file in files), sum(file.received for file in staged.files)
        job.check_free_space(total - received)
        job.progress.start(total, received)
        with staged.explaining_disk_errors():
            _Transfer(session, staged, job, total).run()
    finally:
        staged.close()
    entries = tuple(file.entry for file in staged.files if file.entry is not None)
    assert len(entries) == len(files), "the digest of every file was checked"
    return Received(entries)


class _Part(NamedTuple):
    """The bytes of a file that one request asks for.

    Attributes:
      file: the file.
      start: the first byte.
      end: the byte after the last one.
      is_first: whether it is the first request for its file. The headers of its response decide how the rest
        of the file is downloaded.
    """

    file: StagedFile
    start: int
    end: int
    is_first: bool

    @property
    def is_whole(self) -> bool:
        """Whether it is the whole file."""
        return self.start == 0 and self.end == self.file.file.size


@dataclasses.dataclass
class _Progress:
    """The progress of a part.

    Attributes:
      at: the next byte to receive.
      crc: the CRC-32 of the bytes of the part before it.
      began: the time when the body of the response began, by `time.monotonic`.
      received: the number of bytes since then.
      waited: the seconds since then that passed with waiting for bytes.
    """

    at: int
    crc: int = 0
    began: float = 0.0
    received: int = 0
    waited: float = 0.0

    def is_slow(self, connections: int) -> bool:
        """Whether the connection is much slower than hashing and writing the bytes.

        Args:
          connections: the number of open connections. Many fast ones wait for each other, and for the
            processor.
        """
        passed = time.monotonic() - self.began
        waits = passed > _MEASURED_SECONDS and self.waited > _SLOW_SHARE * passed
        return waits and connections * self.received < _FAST * passed


class _Transfer:
    """The download of the missing parts of a list of files."""

    def __init__(self, session: HubSession, staged: StagedParts, job: Job, total: int) -> None:
        self._session, self._staged, self._job = session, staged, job
        self._limit = session.limit or TimeLimit.of_download(session.settings)
        self._limit.expect(total - sum(file.received for file in staged.files))
        self._bodies = OpenBodies(self._limit)
        self._stop = threading.Event()
        # More than for an archive: many files are short, and each request waits for its response.
        self._connections = max(1, 3 * job.settings.connections)
        self._longest = min(_LARGEST_PART, max(_SMALLEST_PART, total // (4 * self._connections)))
        for file in staged.files:
            try:
                file.finish_if_complete()
            except DigestError:  # it is damaged on the disk, or the file at the source has changed
                file.discard()
        # Long files first: if a long one came last, all other connections would wait for it.
        waiting = sorted(staged.files, key=lambda file: -file.file.size)
        self._tasks = Tasks([self._first_part(file) for file in waiting if file.entry is None])

    def run(self) -> None:
        """Downloads all missing parts."""
        run_in_parallel(
            self._tasks,
            self._fetch,
            threads=self._connections,
            stop=self._stop,
            on_stop=self._bodies.abort,
        )

    def _first_part(self, file: StagedFile) -> _Part:
        start, end = file.missing(self._longest)[0]
        return _Part(file, start, end, is_first=True)

    def _fetch(self, part: _Part) -> None:
        """Downloads a part, and then the parts after it, if no other connection does."""
        end = self._fetch_one(part)
        while not (part.file.is_shared or self._stop.is_set()):
            following = part.file.missing(_LARGEST_PART, since=end)
            if not following:
                return
            end = self._fetch_one(_Part(part.file, *following[0], is_first=False))

    def _share(self, part: _Part) -> None:
        """Lets other connections download the parts after this one."""
        part.file.is_shared = True
        others = part.file.missing(self._longest, since=part.end)
        self._tasks.add_next(_Part(part.file, *other, is_first=False) for other in others)

    def _fetch_one(self, part: _Part) -> int:
        """Downloads a part. If the connection breaks, continues there. Returns the end of the part.

        The end is another one if the server sent the whole file in place of the part.
        """
        breaks, reached = 0, _Progress(part.start)
        while reached.at < part.end and not self._stop.is_set():
            before = reached.at
            try:
                part = self._receive(part, reached)
            except HubError:
                raise
            except READ_FAILURES as failure:
                if self._stop.is_set():
                    break
                breaks = 1 if reached.at > before else breaks + 1
                self._wait_after_break(part.file, failure, breaks)
        if not self._stop.is_set():
            self._finish(part, reached.crc)
        return part.end

    def _wait_after_break(self, file: StagedFile, failure: Exception, breaks: int) -> None:
        url = file.location or file.file.url
        if is_timeout(failure):
            self._limit.note_timeout()
            if not self._limit.left:
                raise self._limit.error(host_of(url)) from failure
        reason = error_of_failure(failure, url).problem
        if breaks > self._session.policy.retries:
            raise DownloadError(
                f"The download of {file.file.path!r} of {self._job.handle!r} broke again and again. {reason}",
                hint="Run it again: the bytes received so far are kept.",
            ) from failure
        _log.debug("%s Asking again for what is missing of %s.", reason, file.file.path)
        self._stop.wait(min(self._session.policy.pause(breaks - 1) or 0, self._limit.left))

    def _finish(self, part: _Part, crc: int) -> None:
        try:
            part.file.note_part(part.start, part.end, crc)
        except DigestError:  # the next attempt downloads this file again, and only this one
            part.file.discard()
            raise

    def _receive(self, part: _Part, reached: _Progress) -> _Part:
        """Sends a request, and writes what it receives.

        Returns:
          The part; or the whole file as a part, if the server sent that.
        """
        response = self._request(part, reached.at)
        if part.is_first and response.status_code == 206 and not _detects_changes(part.file.file, response):
            # A change of the file between two parts would not be noticed, so it is downloaded in one piece.
            response.close()
            part, reached.at, reached.crc = self._whole_file(part, reached), 0, 0
            response = self._request(part, 0)
        with self._bodies.reading(response) as body:
            part = self._checked_part(part, reached, response)
            with self._staged.explaining_disk_errors():
                descriptor = part.file.open()
            try:
                self._copy(body, descriptor, part, reached)
            finally:
                os.close(descriptor)
        return part

    def _copy(self, body: Body, descriptor: int, part: _Part, reached: _Progress) -> None:
        reached.began, reached.received, reached.waited = time.monotonic(), 0, 0.0
        while reached.at < part.end and not self._stop.is_set():
            before = time.monotonic()
            data = body.read(min(_CHUNK, part.end - reached.at))
            reached.waited += time.monotonic() - before
            if not data:
                raise ConnectionResetError(104, "the connection was closed too early")
            with self._staged.explaining_disk_errors():
                write_at(descriptor, reached.at, [memoryview(data)])
            part.file.hash_next(reached.at, data)
            reached.at += len(data)
            reached.received += len(data)
            reached.crc = crc32(data, reached.crc)
            self._job.progress.advance(len(data))
            if not part.file.is_shared and reached.is_slow(len(self._bodies)):
                self._share(part)

    def _request(self, part: _Part, at: int) -> requests.Response:
        """Requests the bytes of a part from byte `at` on.

        The request goes to the URL after redirects. If that refuses it, because its signature has expired for
        example, it goes to the URL in the list.
        """
        file, whole = part.file, part.is_whole and not at
        response = ask_for_part(
            self._session,
            (file.location or file.file.url, file.file.url),
            None if whole else at,
            part.end,
            origin=file.file.url,
            validator=file.validator,
        )
        if not part.is_whole:
            file.location = response.url
        return response

    def _whole_file(self, part: _Part, reached: _Progress) -> _Part:
        """The whole file as a part. All that was downloaded of it is discarded."""
        self._job.progress.advance(part.start - reached.at - part.file.received)
        part.file.discard()
        return part._replace(start=0, end=part.file.file.size)

    def _checked_part(self, part: _Part, reached: _Progress, response: requests.Response) -> _Part:
        """The part that a response contains: the requested one, or the whole file.

        The headers of the first response for a file are stored.

        Raises:
          DownloadError: the file has another size than in the list, or it has changed.
        """
        file = part.file
        if not _has_size(response, reached.at, part.end, file.file):
            with response:
                raise self._session.refusal_in(response) or _other_size(response, file.file, self._job.handle)
        if response.status_code == 200 and (reached.at or not part.is_whole):
            if file.is_shared or not (part.is_first or part.is_whole):
                raise DownloadError(
                    f"{file.file.path!r} of {self._job.handle!r} changed while it was read.",
                    hint="Run it again.",
                )
            part, reached.at, reached.crc = self._whole_file(part, reached), 0, 0
        if part.is_first:
            checksums = promised_in(response.headers)
            file.use_headers(validator_of(response) or "", checksums, resumable=not part.is_whole)
        return part._replace(is_first=False)


def _detects_changes(file: RemoteFile, response: requests.Response) -> bool:
    """Whether a change of the file during the download is noticed: by a validator, or by the digest."""
    return bool(validator_of(response) or file.checksums or promised_in(response.headers))


def _has_size(response: requests.Response, at: int, end: int, file: RemoteFile) -> bool:
    """Whether the size of the file in the headers of a response is that of the list."""
    if response.status_code == 206:
        content_range = response.headers.get("Content-Range", "")
        return re.fullmatch(rf"bytes {at}-{end - 1}/({file.size}|\*)", content_range) is not None
    length = response.headers.get("Content-Length", str(file.size))
    return response.status_code == 200 and length == str(file.size)


def _other_size(response: requests.Response, file: RemoteFile, handle: str) -> DownloadError:
    """The error for a response with another size."""
    expected = f"Expected {file.path!r} of {handle!r} with {file.size:,} bytes"
    if response.status_code == 200 and is_web_page(response):
        url = shown_url(response.url)
        return DownloadError(
            f"{expected} from {url}, got a web page.",
            hint=f"Open {url} in a browser: the network or a proxy may want a login.",
        )
    length = response.headers.get("Content-Length", "")
    got = f"{int(length):,}" if response.status_code == 200 and length.isdecimal() else "others"
    if response.status_code == 206:
        got = f"{response.headers.get('Content-Range', '')!r:.99}"
    return DownloadError(
        f"{expected}, got {got}.",
        hint="The source says one thing and sends another: run it again, or tell its owner.",
    )
