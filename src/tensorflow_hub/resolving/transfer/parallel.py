"""Running tasks in several threads. If the program is interrupted or fails, it does not wait for them."""

from __future__ import annotations

import collections
import threading
import time
from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

T = TypeVar("T")

_POLL = 0.5  # seconds
_FAREWELL = 1.0  # seconds in which threads should end, so that they write nothing afterwards


class Tasks(Generic[T]):
    """A list of tasks that several threads work on. A running task may add others."""

    def __init__(self, tasks: Iterable[T]) -> None:
        self._waiting = collections.deque(tasks)
        self._unfinished = len(self._waiting)
        self._changed = threading.Condition()

    def add_next(self, tasks: Iterable[T]) -> None:
        """Adds tasks, which are done before the waiting ones. A running task may call this."""
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
      tasks: the tasks, in the order in which they are started.
      work: a function that does a task. It should return early if `stop` is set.
      threads: the number of tasks at the same time.
      stop: an event that is set if a task fails, if the program is interrupted, and at the end.
      on_stop: a function that is called afterwards. It should wake threads that wait for a server.

    Raises:
      BaseException: the error of the first task that failed.
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
        except BaseException as problem:  # raised in the waiting thread
            if not stop.is_set():
                problems.append(problem)
        ended.release()

    # Daemon threads, so that the program does not wait for a slow server at its end.
    workers = [threading.Thread(target=run, name="tfhub-worker", daemon=True) for _ in range(count)]
    for worker in workers:
        worker.start()
    try:
        for _ in workers:
            while not ended.acquire(timeout=_POLL):  # with a timeout: otherwise Windows ignores Ctrl-C
                pass
            if problems:
                raise problems[0]
    finally:
        stop.set()
        on_stop()
        end = time.monotonic() + _FAREWELL
        for worker in workers:
            worker.join(max(0.0, end - time.monotonic()))
