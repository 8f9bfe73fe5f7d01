"""The bytes of one answer as they come. A stream that breaks goes on where it broke (RFC 9110 §14)."""

from __future__ import annotations

import logging
import time

import requests

from tensorflow_hub.errors import DownloadError, HubError
from tensorflow_hub.network.answers import error_of_failure, is_timeout
from tensorflow_hub.network.body import READ_FAILURES, Body
from tensorflow_hub.network.credentials import host_of
from tensorflow_hub.network.session import HubSession
from tensorflow_hub.network.time_limit import TimeLimit
from tensorflow_hub.resolving.transfer.checksums import Checksums, promised_in
from tensorflow_hub.resolving.transfer.progress import Progress

_log = logging.getLogger("tensorflow_hub")

_PROGRESS = 1 << 20  # bytes between two breaks after which patience begins anew


class ArchiveStream:
    """The bytes of an archive as they come over the network; has `read(n)` and repairs breaks.

    Attributes:
      total: bytes in all, None when the server does not say.
      received: bytes handed out.
    """

    def __init__(
        self, session: HubSession, response: requests.Response, what: str, progress: Progress
    ) -> None:
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
        self._checksums = Checksums(promised_in(response.headers), self.total or 0)
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
                data = self._body.read(size)
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
        self._body.abort()
        self._body.response.close()

    def _reopen(self, failure: Exception | None) -> None:
        """Asks for the rest after a break."""
        self._body.response.close()
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
        self._body = Body(self._rest(self._validator), self._limit)

    def _rest(self, validator: str) -> requests.Response:
        try:
            response = self._ask_for_rest(self._location, validator)
        except HubError:
            if self._location == self._origin:
                raise
            # An address with a signature that ran out: a new one is given where that one was.
            response = self._ask_for_rest(self._origin, validator)
            self._location = response.url
        expected = f"bytes {self.received}-"
        if response.status_code != 206 or not response.headers.get("Content-Range", "").startswith(expected):
            response.close()
            raise DownloadError(
                f"The download of {self._what!r} broke after {self.received:,} bytes, and the rest of the "
                "same file is not to be had.",
                hint="Run it again.",
            )
        return response

    def _ask_for_rest(self, url: str, validator: str) -> requests.Response:
        headers = {
            "Range": f"bytes={self.received}-",
            "If-Range": validator,
            "Accept-Encoding": "identity",
        }
        return self._session.request(
            "GET",
            url,
            what=self._what,
            origin=self._origin,
            headers=headers,
            stream=True,
            accept_statuses=frozenset({200, 206, 412, 416}),
        )


def validator_of(response: requests.Response) -> str | None:
    """What tells that a file did not change between two requests; None when its parts cannot be asked for."""
    if response.status_code != 206 and response.headers.get("Accept-Ranges", "").lower() != "bytes":
        return None
    etag = response.headers.get("ETag")
    if etag and not etag.startswith("W/"):
        return etag
    return response.headers.get("Last-Modified")


def _content_length(response: requests.Response) -> int | None:
    value = response.headers.get("Content-Length", "")
    return int(value) if value.isascii() and value.isdigit() else None
