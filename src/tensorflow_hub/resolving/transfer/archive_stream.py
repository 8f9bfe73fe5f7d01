"""Downloading one archive as a stream of bytes, in their order.

If the connection breaks, a new request continues where it broke (RFC 9110 §14). If more time passes with
waiting for bytes than with unpacking them, the rest is downloaded over several connections.
"""

from __future__ import annotations

import logging
import time

import requests

from tensorflow_hub.errors import DownloadError
from tensorflow_hub.network.answers import error_of_failure, is_timeout
from tensorflow_hub.network.body import READ_FAILURES, Body
from tensorflow_hub.network.credentials import host_of
from tensorflow_hub.network.session import HubSession
from tensorflow_hub.network.time_limit import TimeLimit
from tensorflow_hub.resolving.transfer.checksums import Checksums, promised_in
from tensorflow_hub.resolving.transfer.offers import Archive
from tensorflow_hub.resolving.transfer.progress import DownloadProgress
from tensorflow_hub.resolving.transfer.ranges import ask_for_part, is_part, validator_of
from tensorflow_hub.resolving.transfer.read_ahead import ReadAhead

_log = logging.getLogger("tensorflow_hub")

# All in bytes.
_PROGRESS = 1 << 20  # a break after more bytes than this counts as the first one again
_MEASURED = 2 << 20  # the number after which it is known whether the connection is slow
_LEAD = 2 << 20  # the number that the first connection still receives while the others are opened
_WORTH_IT = 4 << 20  # the least number for which other connections are opened


class ArchiveStream:
    """The bytes of an archive from a web server. Its method `read(n)` continues after broken connections.

    Attributes:
      total: the number of all bytes; None if the server does not say it.
      received: the number of bytes that `read` has returned.
    """

    def __init__(self, session: HubSession, offer: Archive, what: str, progress: DownloadProgress) -> None:
        response = offer.response
        self.received = 0
        self._session, self._what, self._progress = session, what, progress
        self._limit = session.limit or TimeLimit.of_download(session.settings)
        # The URL of the request, and the URL after redirects, which may expire.
        self._origin = (*response.history, response)[0].url
        self._location = response.request.url or response.url
        self._validator = validator_of(response)
        self.total = _content_length(response)
        self._limit.expect(self.total)
        self._body = Body(response, self._limit)
        self._ahead: ReadAhead | None = None
        self._ahead_from = 0
        self._may_use_several = self._validator is not None and session.settings.connections > 1
        self._began, self._began_at, self._waited = time.monotonic(), 0, 0.0
        self._checksums = Checksums(
            offer.checksums or promised_in(response.headers), self.total or 0, threads=True
        )
        self._breaks = self._broke_at = 0
        self._returned_at = time.monotonic()
        self._closed = False
        progress.start(self.total)

    def verify(self) -> str:
        """Compares the digest of all bytes with the one in the headers of the response, if any.

        Returns:
          The SHA-256 of the archive in hex.

        Raises:
          DigestError: the digests differ.
        """
        return self._checksums.verify(self._what)

    def read(self, size: int, /) -> bytes:
        """The next bytes, at most `size`; empty at the end.

        Raises:
          UnreachableError: the server sends nothing for too long.
          DownloadError: the connection broke, and the download cannot be continued.
        """
        self._limit.allow(time.monotonic() - self._returned_at)  # the time that the caller needed to unpack
        while True:
            try:
                # The body as it is sent: some servers send a tar.gz with `Content-Encoding: gzip`, which
                # the caller inflates.
                data = self._next(size)
            except READ_FAILURES as failure:
                self._continue_after(failure)
                continue
            if not data and self.total is not None and self.received < self.total:
                self._continue_after(None)
                continue
            self.received += len(data)
            self._checksums.update(data)
            self._progress.advance(len(data))
            self._returned_at = time.monotonic()
            return data

    def close(self) -> None:
        """Closes all connections, also while another thread waits in `read`."""
        self._closed = True
        self._checksums.close()
        if self._ahead is not None:
            self._ahead.abort()
        self._body.abort()
        self._body.response.close()

    def _next(self, size: int) -> bytes:
        """The next bytes: of the first connection, and later of several if the first one is slow."""
        if self._ahead is None:
            self._open_several_if_slow()
        elif self.received == self._ahead_from and not self._ahead.begun():
            self._ahead.abort()  # the server does not send ranges, although it says so
            self._ahead, self._may_use_several = None, False
        started = time.monotonic()
        if self._ahead is None:
            data = self._body.read(size)
        elif self.received < self._ahead_from:
            data = self._body.read(min(size, self._ahead_from - self.received))
        else:
            self._body.response.close()
            data = self._ahead.read(size)
        self._waited += time.monotonic() - started
        return data

    def _open_several_if_slow(self) -> None:
        """Opens more connections for the rest if the first one is slow."""
        if not self._may_use_several or self.total is None or self.total - self.received < _LEAD + _WORTH_IT:
            return
        is_slow = self._waited > (time.monotonic() - self._began) / 2
        if self.received - self._began_at >= _MEASURED and is_slow:
            self._ahead_from = self.received + _LEAD
            connections = self._session.settings.connections
            self._ahead = ReadAhead(self._request, self._ahead_from, self.total, connections, self._limit)

    def _continue_after(self, failure: Exception | None) -> None:
        """Requests the rest after a connection broke.

        Args:
          failure: the error of the connection; None if it was closed before the last byte.
        """
        self._body.response.close()
        if self._ahead is not None:
            self._ahead.abort()
            self._ahead = None
        if self._closed:
            raise DownloadError(f"The download of {self._what!r} was given up.", hint="Run it again.")
        if failure is not None and is_timeout(failure):
            self._limit.note_timeout()
            if not self._limit.left:
                raise self._limit.error(host_of(self._location))
        reason = (
            error_of_failure(failure, self._location).problem
            if failure
            else "The connection was closed too early."
        )
        if self.received - self._broke_at > _PROGRESS:
            self._breaks = 0
        if self._breaks >= self._session.policy.retries or self._validator is None:
            raise DownloadError(
                f"The download of {self._what!r} broke after {self.received:,} bytes. {reason}",
                hint="Run it again; the server does not allow to continue a broken download."
                if self._validator is None
                else "Run it again, with larger values of TFHUB_RETRIES and TFHUB_READ_TIMEOUT.",
            )
        _log.debug("%s Continuing at byte %d.", reason, self.received)
        time.sleep(min(self._session.policy.pause(self._breaks) or 0, self._limit.left))
        self._breaks, self._broke_at = self._breaks + 1, self.received
        self._body = Body(self._request_rest(), self._limit)
        self._began, self._began_at, self._waited = time.monotonic(), self.received, 0.0

    def _request_rest(self) -> requests.Response:
        """Requests all bytes that were not received yet."""
        response = self._request(self.received)
        if not is_part(response, self.received):
            response.close()
            raise DownloadError(
                f"The download of {self._what!r} broke after {self.received:,} bytes, and the "
                "server does not send the rest of the same file.",
                hint="Run it again.",
            )
        self._location = response.url
        return response

    def _request(self, start: int, end: int | None = None) -> requests.Response:
        """Requests the bytes from `start`, up to `end` (exclusive) if that is given."""
        return ask_for_part(
            self._session,
            (self._location, self._origin),
            start,
            end,
            origin=self._origin,
            validator=self._validator,
            what=self._what,
        )


def _content_length(response: requests.Response) -> int | None:
    value = response.headers.get("Content-Length", "")
    return int(value) if value.isascii() and value.isdigit() else None
