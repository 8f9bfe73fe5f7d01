"""Threads for long streams: one reads chunks ahead, and one computes checksums while data is written.

zlib, hashlib and file writes release the GIL, so the threads run in parallel.
"""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Iterator
from typing import Protocol


class Hash(Protocol):
    """A checksum that is updated with pieces of data, such as `hashlib.sha256()`."""

    def update(self, data: bytes | memoryview, /) -> None:
        """Updates the checksum with the data."""
        ...


class HashThread:
    """A thread that updates checksums. At most `depth` pieces wait in its queue, which limits memory."""

    def __init__(self, depth: int = 1) -> None:
        self._queue: queue.Queue[tuple[Hash, bytes | memoryview] | None] = queue.Queue(depth)
        self._error: BaseException | None = None
        threading.Thread(target=self._run, name="hash", daemon=True).start()

    def update(self, checksum: Hash, data: bytes | memoryview) -> None:
        """Queues an update of a checksum with data, which must not be changed afterwards."""
        self._queue.put((checksum, data))

    def wait(self) -> None:
        """Waits until all updates are done, and raises the error of an update that failed."""
        self._queue.join()
        if self._error is not None:
            raise self._error

    def close(self) -> None:
        """Ends the thread after all queued updates."""
        self._queue.put(None)

    def _run(self) -> None:
        while (item := self._queue.get()) is not None:
            try:
                item[0].update(item[1])
            except BaseException as error:  # raised again by `wait`
                self._error = error
            del item  # frees the data before the thread waits for the next item
            self._queue.task_done()


@contextlib.contextmanager
def read_ahead(chunks: Iterator[bytes], depth: int = 8) -> Iterator[Iterator[bytes]]:
    """A context that runs an iterator in a thread, at most `depth` items ahead of the consumer.

    Yields:
      An iterator over the same items.
    """
    waiting: queue.Queue[bytes | BaseException | None] = queue.Queue(depth)
    stop = threading.Event()

    def put(item: bytes | BaseException | None) -> None:
        while not stop.is_set():
            with contextlib.suppress(queue.Full):
                waiting.put(item, timeout=0.1)
                return

    def run() -> None:
        try:
            for chunk in chunks:
                put(chunk)
                if stop.is_set():
                    return
            put(None)
        except BaseException as error:  # raised again in the consumer
            put(error)

    thread = threading.Thread(target=run, name="read-ahead", daemon=True)
    thread.start()
    try:
        yield _items(waiting)
    finally:  # the thread is not joined, because it may be reading from a stalled connection
        stop.set()


def _items(waiting: queue.Queue[bytes | BaseException | None]) -> Iterator[bytes]:
    while True:
        try:
            item = waiting.get(timeout=0.5)  # on Windows, Ctrl-C does not interrupt a wait without timeout
        except queue.Empty:
            continue
        if item is None:
            return
        if isinstance(item, BaseException):
            raise item
        yield item
