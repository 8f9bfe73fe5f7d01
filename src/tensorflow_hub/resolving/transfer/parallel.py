"""Tasks shared out among threads that an interrupted or failed program does not wait for."""

from __future__ import annotations

import collections
import threading
import time
from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

T = TypeVar("T")

_POLL = 0.5  # seconds
_FAREWELL = 1.0  # seconds that threads have to come to their end: they should write nothing afterwards


class Tasks(Generic[T]):
    """Tasks that several threads take from; one that is being done may add others."""

    def __init__(self, tasks: Iterable[T]) -> None:
        self._waiting = collections.deque(tasks)
        self._unfinished = len(self._waiting)
        self._changed = threading.Condition()

    def add_next(self, tasks: Iterable[T]) -> None:
        """Adds tasks that are done before those that wait. Called while a task is being done."""
        added = list(tasks)
        with self._changed:
            self._waiting.extendleft(reversed(added))
            self._unfinished += len(added)
            self._changed.notify_all()

    def do(self, work: Callable[[T], object], stop: threading.Event) -> None:
        """Does tasks until all are done, or `stop` is set."""
        while not stop.is_set():
            with self._changed:
                if not self._waiting:
                    if not self._unfinished:
                        return
                    self._changed.wait(_POLL)
                    continue
                task = self._waiting.popleft()
            work(task)
            with self._changed:
                self._unfinished -= 1
                if not self._unfinished:
                    self._changed.notify_all()


def run_in_parallel(
    tasks: Iterable[T] | Tasks[T],
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
    count = max(1, threads)
    if not isinstance(tasks, Tasks):
        listed = list(tasks)
        count = min(count, len(listed))
        tasks = Tasks(listed)
    problems: list[BaseException] = []
    ended = threading.Semaphore(0)

    def run() -> None:
        try:
            tasks.do(work, stop)
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
