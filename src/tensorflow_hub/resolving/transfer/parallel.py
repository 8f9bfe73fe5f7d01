"""Tasks shared out among threads that an interrupted or failed program does not wait for."""

from __future__ import annotations

import collections
import threading
import time
from collections.abc import Callable, Iterable
from typing import TypeVar

T = TypeVar("T")

_POLL = 0.5  # seconds
_FAREWELL = 1.0  # seconds that threads have to come to their end: they should write nothing afterwards


def run_in_parallel(
    tasks: Iterable[T],
    work: Callable[[T], object],
    *,
    threads: int,
    stop: threading.Event | None = None,
    on_stop: Callable[[], None] = lambda: None,
) -> None:
    """Does all tasks, several at the same time.

    Args:
      tasks: taken in their order.
      work: does one of them; ends early once `stop` is set.
      threads: how many tasks at the same time.
      stop: set when one fails or the program is interrupted, and at the end.
      on_stop: called after that: wakes threads that wait for a server.

    Raises:
      BaseException: what the first task that failed raised.
    """
    stop = stop or threading.Event()
    waiting = collections.deque(tasks)
    count = min(max(1, threads), len(waiting))
    problems: list[BaseException] = []
    ended = threading.Semaphore(0)

    def run() -> None:
        try:
            _take_on(waiting, work, stop)
        except BaseException as problem:  # handed over to the thread that waits
            if not stop.is_set():
                problems.append(problem)
        ended.release()

    # Daemons: nobody waits at the end of the program for a server that stalls.
    workers = [threading.Thread(target=run, name="tfhub-worker", daemon=True) for _ in range(count)]
    for worker in workers:
        worker.start()
    try:
        for _ in workers:
            while not ended.acquire(timeout=_POLL):  # in pieces: Windows hears no Ctrl-C meanwhile
                pass
            if problems:
                raise problems[0]
    finally:
        stop.set()
        on_stop()
        end = time.monotonic() + _FAREWELL
        for worker in workers:
            worker.join(max(0.0, end - time.monotonic()))


def _take_on(waiting: collections.deque[T], work: Callable[[T], object], stop: threading.Event) -> None:
    while not stop.is_set():
        try:
            task = waiting.popleft()
        except IndexError:
            return
        work(task)
