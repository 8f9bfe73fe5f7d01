"""Reading ahead: the next parts of a file are downloaded over several connections.

Many servers and networks limit the speed of each connection.
"""

from __future__ import annotations

import collections
import concurrent.futures
import queue
import threading
from collections.abc import Callable

import requests

from tensorflow_hub.network.body import Body, OpenBodies
from tensorflow_hub.network.time_limit import TimeLimit
from tensorflow_hub.resolving.transfer.ranges import is_part

_PART = 1 << 19  # bytes; each connection has one part in memory
_CHUNK = 1 << 17  # bytes
_POLL = 0.5  # seconds


class ReadAhead:
    """The bytes of a part of a file, with a method `read(n)`.

    Args:
      ask: a function that requests the bytes from `start` to `end` (exclusive).
      start: the first byte.
      end: the byte after the last one.
      connections: the number of parts that are downloaded at the same time.
      limit: the time limit of the download.
    """

    def __init__(
        self,
        ask: Callable[[int, int], requests.Response],
        start: int,
        end: int,
        connections: int,
        limit: TimeLimit,
    ) -> None:
        self._ask, self._next, self._end = ask, start, end
        self._bodies = OpenBodies(limit)
        self._stopped = threading.Event()
        self._todo: queue.SimpleQueue[_Part | None] = queue.SimpleQueue()
        self._parts: collections.deque[_Part] = collections.deque()
        self._first = memoryview(b"")
        self._threads = connections
        for _ in range(connections):
            self._order()
            # Daemon threads, so that the program does not wait for a slow server at its end.
            threading.Thread(target=self._work, name="tfhub-ahead", daemon=True).start()

    def begun(self) -> bool:
        """Whether the server sends parts. Waits for the first one."""
        return self._wait().exception() is None

    def read(self, size: int) -> bytes:
        """The next bytes, at most `size`; empty at the end.

        Raises:
          ConnectionError: the next part did not arrive. The caller has to request it in another way.
        """
        if not self._first and self._parts:
            part = self._wait()
            if part.exception() is not None:
                raise ConnectionError("a part of the file did not come") from part.exception()
            self._first = memoryview(part.result())
            self._parts.popleft()
            self._order()
        data, self._first = self._first[:size], self._first[size:]
        return bytes(data)

    def abort(self) -> None:
        """Closes all connections, also while another thread waits in `read`."""
        self._stopped.set()
        for _ in range(self._threads):
            self._todo.put(None)
        self._bodies.abort()

    def _wait(self) -> _Part:
        """The next part, after it arrived or failed."""
        part = self._parts[0]
        while not part.done():  # with a timeout: otherwise Windows ignores Ctrl-C
            concurrent.futures.wait([part], _POLL)
            if self._stopped.is_set():
                raise ConnectionAbortedError("the download was given up")
        return part

    def _order(self) -> None:
        if self._next < self._end:
            part = _Part(self._next, min(self._next + _PART, self._end))
            self._next = part.end
            self._parts.append(part)
            self._todo.put(part)

    def _work(self) -> None:
        while (part := self._todo.get()) is not None and not self._stopped.is_set():
            try:
                part.set_result(self._fetch(part))
            except BaseException as problem:  # raised in the thread that reads
                part.set_exception(problem)

    def _fetch(self, part: _Part) -> bytearray:
        response = self._ask(part.start, part.end)
        if not is_part(response, part.start, part.end):
            response.close()
            raise ConnectionError("the server sent something else than the part that was asked for")
        with self._bodies.reading(response) as body:
            return _all_of(body, part.end - part.start)


class _Part(concurrent.futures.Future[bytearray]):
    """A part of a file that is being downloaded."""

    def __init__(self, start: int, end: int) -> None:
        super().__init__()
        self.start, self.end = start, end


def _all_of(body: Body, count: int) -> bytearray:
    data, at = bytearray(count), 0
    while at < count:
        piece = body.read(min(_CHUNK, count - at))
        if not piece:
            raise ConnectionResetError(104, "the connection was closed too early")
        data[at : at + len(piece)] = piece
        at += len(piece)
    return data
