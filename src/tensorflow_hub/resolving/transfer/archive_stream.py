"""The bytes of one archive in their order. A stream that breaks goes on where it broke (RFC 9110 §14).

Where more time passes with waiting for bytes than with their use, the rest comes over several connections.
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

_PROGRESS = 1 << 20  # bytes between two breaks after which patience begins anew
_ALONE = 2 << 20  # bytes over one connection, after which it is known to be slow or not
_LEAD = 2 << 20  # more bytes that it brings while the other connections are made
_WORTH_IT = 4 << 20  # bytes left, for fewer of which no others are made


class ArchiveStream:
    """The bytes of an archive as they come over the network; has `read(n)` and repairs breaks.

    Attributes:
      total: bytes in all, None when the server does not say.
      received: bytes handed out.
    """

    def __init__(self, session: HubSession, offer: Archive, what: str, progress: DownloadProgress) -> None:
        response = offer.response
        self.received = 0
        self._session, self._what, self._progress = session, what, progress
        self._limit = session.limit or TimeLimit.of_download(session.settings)
        # What was asked for, and where redirects led: an address in a store runs out.
        self._origin = (*response.history, response)[0].url
        self._location = response.request.url or response.url
        self._validator = validator_of(response)
        self.total = _content_length(response)
        self._limit.expect(self.total)
        self._body = Body(response, self._limit)
        self._ahead: ReadAhead | None = None
        self._ahead_from = 0
        self._may_spread = self._validator is not None and session.settings.connections > 1
        self._began, self._began_at, self._waited = time.monotonic(), 0, 0.0
        self._checksums = Checksums(
            offer.checksums or promised_in(response.headers), self.total or 0, threads=True
        )
        self._breaks = self._broke_at = 0
        self._returned_at = time.monotonic()
        self._closed = False
        progress.start(self.total)

    def verify(self) -> str:
        """Compares what was handed out, all of it, with what the head of the answer promised.

        Returns:
          The SHA-256 in hex.

        Raises:
          DigestError: it is not the same.
        """
        return self._checksums.verify(self._what)

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes, none at the end.

        Raises:
          UnreachableError: the server stands still.
          DownloadError: the stream broke and cannot be continued.
        """
        self._limit.allow(time.monotonic() - self._returned_at)  # who unpacks may be slower than the server
        while True:
            try:
                # Raw: some servers label a tar.gz with `Content-Encoding: gzip`: not to be undone twice.
                data = self._next(size)
            except READ_FAILURES as failure:
                self._reopen(failure)
                continue
            if not data and self.total is not None and self.received < self.total:
                self._reopen(None)
                continue
            self.received += len(data)
            self._checksums.update(data)
            self._progress.advance(len(data))
            self._returned_at = time.monotonic()
            return data

    def close(self) -> None:
        """Gives the connection back; a thread that is still reading comes to its end."""
        self._closed = True
        self._checksums.close()
        if self._ahead is not None:
            self._ahead.abort()
        self._body.abort()
        self._body.response.close()

    def _next(self, size: int) -> bytes:
        """What comes next: over the first connection, and then over several when that one is slow."""
        if self._ahead is None:
            self._spread_if_slow()
        elif self.received == self._ahead_from and not self._ahead.begun():
            self._ahead.abort()  # the server does not send parts, whatever it says
            self._ahead, self._may_spread = None, False
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

    def _spread_if_slow(self) -> None:
        if not self._may_spread or self.total is None or self.total - self.received < _LEAD + _WORTH_IT:
            return
        is_slow = self._waited > (time.monotonic() - self._began) / 2
        if self.received - self._began_at >= _ALONE and is_slow:
            self._ahead_from = self.received + _LEAD
            connections = self._session.settings.connections
            self._ahead = ReadAhead(self._ask, self._ahead_from, self.total, connections, self._limit)

    def _reopen(self, failure: Exception | None) -> None:
        """Asks for the rest after a break."""
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
                hint="Run it again; the server does not let a broken download go on."
                if self._validator is None
                else "Run it again; TFHUB_RETRIES and TFHUB_READ_TIMEOUT allow more patience.",
            )
        _log.debug("%s Going on at byte %d.", reason, self.received)
        time.sleep(min(self._session.policy.pause(self._breaks) or 0, self._limit.left))
        self._breaks, self._broke_at = self._breaks + 1, self.received
        self._body = Body(self._rest(), self._limit)
        self._began, self._began_at, self._waited = time.monotonic(), self.received, 0.0

    def _rest(self) -> requests.Response:
        response = self._ask(self.received)
        if not is_part(response, self.received):
            response.close()
            raise DownloadError(
                f"The download of {self._what!r} broke after {self.received:,} bytes, and the rest of the "
                "same file is not to be had.",
                hint="Run it again.",
            )
        self._location = response.url
        return response

    def _ask(self, start: int, end: int | None = None) -> requests.Response:
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
