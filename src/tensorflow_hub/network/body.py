"""The bytes of answers as they come, with an end to every standstill."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator

import requests
import urllib3.exceptions

from tensorflow_hub.network.time_limit import LEAST_PROGRESS, TimeLimit

# The transport errors that reading from an answer can raise.
READ_FAILURES = (OSError, urllib3.exceptions.HTTPError, requests.exceptions.RequestException)


class Body:
    """The body of one answer.

    Args:
      response: of which only the head was read.
      limit: told about the bytes; how long some progress may take, since bytes that trickle do not run into
        the timeout of a socket.
      decode: whether a `Content-Encoding` is undone.
    """

    def __init__(self, response: requests.Response, limit: TimeLimit, *, decode: bool = False) -> None:
        self.response = response
        self._limit, self._decode = limit, decode
        self._patience = limit.timeouts()[1]
        self._progress_at = self._returned_at = time.monotonic()
        self._fresh = 0

    def read(self, size: int) -> bytes:
        """What has come, at most `size` bytes; waits for the first of them; none at the end.

        Raises:
          READ_FAILURES: the connection broke or stands still, or the time is over.
        """
        self._progress_at += time.monotonic() - self._returned_at  # what the reader did meanwhile
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
        """Ends the answer at once, also while another thread waits for its next bytes.

        `close` would wait for that thread, which holds the buffer, and so for a silent server.
        """
        with contextlib.suppress(OSError, RuntimeError, ValueError):  # it is over
            self.response.raw.shutdown()


class OpenBodies:
    """The bodies that the threads of a download are reading, so that all can be ended at once."""

    def __init__(self, limit: TimeLimit) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._open: set[Body] = set()

    @contextlib.contextmanager
    def reading(self, response: requests.Response) -> Iterator[Body]:
        """The body of an answer, which is closed in the end."""
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
        """Ends all of them at once."""
        with self._lock:
            for body in self._open:
                body.abort()
