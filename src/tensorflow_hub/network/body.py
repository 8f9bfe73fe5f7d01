"""Reading the bodies of answers as they arrive, with a time limit if nothing arrives."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator

import requests
import urllib3.exceptions

from tensorflow_hub.network.time_limit import LEAST_PROGRESS, TimeLimit

# The errors that reading a body can raise.
READ_FAILURES = (OSError, urllib3.exceptions.HTTPError, requests.exceptions.RequestException)


class Body:
    """The body of one answer.

    Args:
      response: the answer, of which only the headers were read.
      limit: the time limit for progress. It counts the bytes, because a server that sends a few bytes from
        time to
        time does not reach the timeout of the socket.
      decode: whether to decode a `Content-Encoding`.
    """

    def __init__(self, response: requests.Response, limit: TimeLimit, *, decode: bool = False) -> None:
        self.response = response
        self._limit, self._decode = limit, decode
        self._patience = limit.timeouts()[1]
        self._progress_at = self._returned_at = time.monotonic()
        self._fresh = 0

    def read(self, size: int) -> bytes:
        """The next bytes, at most `size`; empty at the end. Waits until some arrive.

        Raises:
          READ_FAILURES: the connection broke, nothing arrives, or the time is over.
        """
        self._progress_at += time.monotonic() - self._returned_at  # without the time that the caller took
        data = bytes(self.response.raw.read1(size, decode_content=self._decode) or b"")
        self._returned_at = now = time.monotonic()
        self._limit.note_bytes(len(data))
        self._fresh += len(data)
        if self._fresh >= LEAST_PROGRESS or not data:
            self._progress_at, self._fresh = now, 0
        elif now - self._progress_at > self._patience:
            raise requests.exceptions.ReadTimeout("the bytes only trickle")
        if data and not self._limit.left:
            raise requests.exceptions.ReadTimeout("the time is over")
        return data

    def abort(self) -> None:
        """Closes the connection at once, also while another thread waits for bytes.

        `close` would wait for that thread, because it holds the buffer.
        """
        with contextlib.suppress(OSError, RuntimeError, ValueError):  # it is closed already
            self.response.raw.shutdown()


class OpenBodies:
    """The bodies that the threads of a download are reading, so that all of them can be closed."""

    def __init__(self, limit: TimeLimit) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._open: set[Body] = set()

    def __len__(self) -> int:
        """How many are open."""
        return len(self._open)

    @contextlib.contextmanager
    def reading(self, response: requests.Response) -> Iterator[Body]:
        """A context with the body of an answer, which is closed at the end."""
        body = Body(response, self._limit)
        with self._lock:
            self._open.add(body)
        try:
            yield body
        finally:
            with self._lock:
                self._open.discard(body)
            response.close()

    def abort(self) -> None:
        """Closes all of them at once."""
        with self._lock:
            for body in self._open:
                body.abort()
