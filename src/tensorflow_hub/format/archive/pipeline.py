"""Threads for long streams: one reads chunks ahead, one computes checksums while data is written.

zlib, hashlib and file writes release the interpreter's lock, so both really run beside the rest.
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


class SumLane:
    """Computes checksums in a thread, at most `depth` pieces behind the caller, which limits memory."""

    def __init__(self, depth: int = 1) -> None:
        self._waiting: queue.Queue[tuple[Hash, bytes | memoryview] | None] = queue.Queue(depth)
        self._problem: BaseException | None = None
        threading.Thread(target=self._run, name="sum", daemon=True).start()

    def update(self, sum_: Hash, data: bytes | memoryview) -> None:
        """Starts to update a checksum with `data`, which must not be changed any more."""
        self._waiting.put((sum_, data))

    def wait(self) -> None:
        """Waits until all data is in the checksums."""
        self._waiting.join()
        if self._problem is not None:
            raise self._problem

    def close(self) -> None:
        """Ends the thread, after what it was given."""
        self._waiting.put(None)

    def _run(self) -> None:
        while (item := self._waiting.get()) is not None:
            try:
                item[0].update(item[1])
            except BaseException as problem:  # raised again by who waits
                self._problem = problem
            del item  # the data is free while the next one is waited for
            self._waiting.task_done()


@contextlib.contextmanager
def ahead(chunks: Iterator[bytes], depth: int = 8) -> Iterator[Iterator[bytes]]:
    """Runs an iterator in a thread, at most `depth` items ahead of the consumer."""
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
        except BaseException as error:  # raised again where the chunks are taken
            put(error)

    thread = threading.Thread(target=run, name="ahead", daemon=True)
    thread.start()
    try:
        yield _taken(waiting)
    finally:  # not waited for: it may be reading from a connection that stalls, and ends with that
        stop.set()


def _taken(waiting: queue.Queue[bytes | BaseException | None]) -> Iterator[bytes]:
    while True:
        try:
            item = waiting.get(timeout=0.5)  # in pieces: Windows hears no Ctrl-C meanwhile
        except queue.Empty:
            continue
        if item is None:
            return
        if isinstance(item, BaseException):
            raise item
        yield item
