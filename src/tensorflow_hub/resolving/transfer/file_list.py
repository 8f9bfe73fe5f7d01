"""Single files into the staging directory, several at the same time, each verified.

A long file comes in parts (RFC 9110 §14): the first answer says whether its server sends parts, where the
file is after redirects, and what tells that it did not change. Over a slow connection, the other parts are
asked for at the same time; over a fast one, one after the other: they are hashed as they come.
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
_PROBE = 0.03  # seconds after which it is known whether a connection is slow
_SLOW = 0.75  # part of the time that passes with waiting for a slow one
_FAST = 500e6  # bytes per second of all connections together, which more of them would not make faster


def receive_files(offer: FileList, session: HubSession, job: Job) -> Received:
    """Fetches all files of a list.

    Raises:
      ArchiveError: a path leaves the module, two fall on each other, or there is too much.
      DigestError: a file is not what the source promised.
      DownloadError, UnreachableError, …: after retries.
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
    assert len(entries) == len(files), "every file was verified"
    return Received(entries)


class _Part(NamedTuple):
    """Bytes of a file that are asked for at once.

    Attributes:
      start: the first byte.
      end: the byte after the last one.
      is_first: of those of its file: the head of its answer decides how the others are fetched.
    """

    file: StagedFile
    start: int
    end: int
    is_first: bool

    @property
    def is_whole(self) -> bool:
        """Whether it is all of the file."""
        return self.start == 0 and self.end == self.file.file.size


@dataclasses.dataclass
class _Reached:
    """How far a part is.

    Attributes:
      at: the next byte.
      crc: the CRC-32 of the bytes before it.
      began: when the body of the answer began.
      came: bytes that came since then.
      waited: seconds of the time since then that passed with waiting for the server.
    """

    at: int
    crc: int = 0
    began: float = 0.0
    came: int = 0
    waited: float = 0.0

    def is_slow(self, connections: int) -> bool:
        """Whether the connection is much slower than what is done with the bytes.

        Args:
          connections: how many are open. Many fast ones wait for each other, and for the processor.
        """
        passed = time.monotonic() - self.began
        waits = passed > _PROBE and self.waited > _SLOW * passed
        return waits and connections * self.came < _FAST * passed


class _Transfer:
    """The transfer of what is missing of a list of files."""

    def __init__(self, session: HubSession, staged: StagedParts, job: Job, total: int) -> None:
        self._session, self._staged, self._job = session, staged, job
        self._limit = session.limit or TimeLimit.of_download(session.settings)
        self._limit.expect(total - sum(file.received for file in staged.files))
        self._bodies = OpenBodies(self._limit)
        self._stop = threading.Event()
        # Each answer is waited for: more of them at once than parts of one archive.
        self._connections = max(1, 3 * job.settings.connections)
        self._longest = min(_LARGEST_PART, max(_SMALLEST_PART, total // (4 * self._connections)))
        for file in staged.files:
            try:
                file.finish_if_whole()
            except DigestError:  # damaged on the disk, or of another state of the source
                file.forget()
        # The long ones first: at the end, short ones fill the connections evenly.
        waiting = sorted(staged.files, key=lambda file: -file.file.size)
        self._tasks = Tasks([self._first_part(file) for file in waiting if file.entry is None])

    def run(self) -> None:
        """Fetches all that is missing."""
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
        """Fetches a part, and those that follow while no other connection does."""
        end = self._fetch_one(part)
        while not (part.file.is_shared or self._stop.is_set()):
            following = part.file.missing(_LARGEST_PART, since=end)
            if not following:
                return
            end = self._fetch_one(_Part(part.file, *following[0], is_first=False))

    def _share(self, part: _Part) -> None:
        """Gives the parts that follow to other connections."""
        part.file.is_shared = True
        others = part.file.missing(self._longest, since=part.end)
        self._tasks.add_next(_Part(part.file, *other, is_first=False) for other in others)

    def _fetch_one(self, part: _Part) -> int:
        """Fetches a part; goes on where the connection broke. Returns where it ends."""
        breaks, reached = 0, _Reached(part.start)
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
                hint="Run it again: what has come is kept.",
            ) from failure
        _log.debug("%s Asking again for what is missing of %s.", reason, file.file.path)
        self._stop.wait(min(self._session.policy.pause(breaks - 1) or 0, self._limit.left))

    def _finish(self, part: _Part, crc: int) -> None:
        try:
            part.file.note_part(part.start, part.end, crc)
        except DigestError:  # the next try fetches this file again, and only this one
            part.file.forget()
            raise

    def _receive(self, part: _Part, reached: _Reached) -> _Part:
        """One request; gives the part as it became by the answer, which may bring the whole file."""
        response = self._ask(part, reached.at)
        if part.is_first and response.status_code == 206 and not _tells_state(part.file.file, response):
            # Parts of two states of the file could not be told apart: it is fetched in one piece.
            response.close()
            part, reached.at, reached.crc = self._anew(part, reached), 0, 0
            response = self._ask(part, 0)
        with self._bodies.reading(response) as body:
            part = self._heed_answer(part, reached, response)
            with self._staged.explaining_disk_errors():
                descriptor = part.file.open()
            try:
                self._copy(body, descriptor, part, reached)
            finally:
                os.close(descriptor)
        return part

    def _copy(self, body: Body, descriptor: int, part: _Part, reached: _Reached) -> None:
        reached.began, reached.came, reached.waited = time.monotonic(), 0, 0.0
        while reached.at < part.end and not self._stop.is_set():
            asked = time.monotonic()
            data = body.read(min(_CHUNK, part.end - reached.at))
            reached.waited += time.monotonic() - asked
            if not data:
                raise ConnectionResetError(104, "the connection was closed too early")
            with self._staged.explaining_disk_errors():
                write_at(descriptor, reached.at, [memoryview(data)])
            part.file.hash_next(reached.at, data)
            reached.at += len(data)
            reached.came += len(data)
            reached.crc = crc32(data, reached.crc)
            self._job.progress.advance(len(data))
            if not part.file.is_shared and reached.is_slow(len(self._bodies)):
                self._share(part)

    def _ask(self, part: _Part, at: int) -> requests.Response:
        """Asks where the file was last; when that place refuses, where it had been redirected from."""
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

    def _anew(self, part: _Part, reached: _Reached) -> _Part:
        """The whole file, of which nothing counts any more."""
        self._job.progress.advance(part.start - reached.at - part.file.received)
        part.file.forget()
        return part._replace(start=0, end=part.file.file.size)

    def _heed_answer(self, part: _Part, reached: _Reached, response: requests.Response) -> _Part:
        """Compares the head of an answer with what was asked for; keeps what the first one of a file tells.

        Raises:
          DownloadError: the source has another size than it said, or the file changed.
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
            part, reached.at, reached.crc = self._anew(part, reached), 0, 0
        if part.is_first:
            file.learn(validator_of(response) or "", promised_in(response.headers), keep=not part.is_whole)
        return part._replace(is_first=False)


def _tells_state(file: RemoteFile, response: requests.Response) -> bool:
    """Whether it shows that parts are of one state of the file: by a validator, or a digest in the end."""
    return bool(validator_of(response) or file.checksums or promised_in(response.headers))


def _has_size(response: requests.Response, at: int, end: int, file: RemoteFile) -> bool:
    """Whether an answer tells the size that the list tells."""
    if response.status_code == 206:
        told = response.headers.get("Content-Range", "")
        return re.fullmatch(rf"bytes {at}-{end - 1}/({file.size}|\*)", told) is not None
    told = response.headers.get("Content-Length", str(file.size))
    return response.status_code == 200 and told == str(file.size)


def _other_size(response: requests.Response, file: RemoteFile, handle: str) -> DownloadError:
    """The error for an answer with another size."""
    expected = f"Expected {file.path!r} of {handle!r} with {file.size:,} bytes"
    if response.status_code == 200 and is_web_page(response):
        url = shown_url(response.url)
        return DownloadError(
            f"{expected} from {url}, got a web page.",
            hint=f"Open {url} in a browser: the network or a proxy may want a login.",
        )
    told = response.headers.get("Content-Length", "")
    got = f"{int(told):,}" if response.status_code == 200 and told.isdecimal() else "others"
    if response.status_code == 206:
        got = f"{response.headers.get('Content-Range', '')!r:.99}"
    return DownloadError(
        f"{expected}, got {got}.",
        hint="The source says one thing and sends another: run it again, or tell its owner.",
    )
