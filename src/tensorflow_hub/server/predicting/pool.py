"""A pool of processes that run modules. A process is kept for the next request of the same version."""

from __future__ import annotations

import contextlib
import dataclasses
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from tensorflow_hub.errors import RejectedError
from tensorflow_hub.server.core.problems import Unavailable
from tensorflow_hub.server.predicting.running_module import RunningModule
from tensorflow_hub.server.settings import MIB, ServerSettings
from tensorflow_hub.server.store.interface import Store

# How many requests may wait for a process. Each uses a thread of the hub, so more are refused.
MOST_WAITING = 8
# A process is ended after so many seconds without a request.
IDLE_SECONDS = 120.0


@dataclasses.dataclass(frozen=True)
class Runnable:
    """A version that can be run. Two versions never share a process, even if their content is equal.

    Attributes:
      version: its id in the catalogue.
      handle: its handle.
      archive_sha256: the SHA-256 of its archive.
      size: the size of the unpacked files in bytes.
    """

    version: int
    handle: str
    archive_sha256: str
    size: int


class Pool:
    """The pool of processes of one server process.

    Args:
      settings: the number of processes and their limits.
      store: the store of the archives.
      folder: a folder for the unpacked modules.
    """

    def __init__(self, settings: ServerSettings, store: Store, folder: Path) -> None:
        self._settings = settings
        self._store = store
        self._folder = folder
        self._turns = threading.Semaphore(settings.predict_processes)
        self._lock = threading.Lock()
        self._waiting = 0
        self._busy = 0
        self._idle: list[tuple[Runnable, RunningModule]] = []  # used longest ago first

    def ask(self, version: Runnable, request: bytes) -> bytes:
        """Sends a request to a version and returns its answer as JSON. The rights were checked before.

        Raises:
          Unavailable: too many requests are waiting, or no process became free in time.
          RejectedError: the module is too large, fails, or exceeds a limit.
          Malformed: the request does not fit the module.
        """
        if version.size > self._settings.predict_memory:
            raise RejectedError(
                f"The module {version.handle} is too large for this hub to run: it has "
                f"{version.size // MIB} MiB, the limit is {self._settings.predict_memory // MIB} MiB.",
                hint="Download it and run it yourself.",
            )
        with self._turn():
            module = self._take(version)
            try:
                return module.ask(request)
            finally:
                self._give_back(version, module)

    def end_idle(self, seconds: float = IDLE_SECONDS) -> None:
        """Ends the processes that were not used for `seconds`. Has to be called regularly."""
        now = time.monotonic()
        with self._lock:
            old = [pair for pair in self._idle if now - pair[1].used_at >= seconds]
            self._idle = [pair for pair in self._idle if pair not in old]
        for _, module in old:
            module.end()

    @contextlib.contextmanager
    def _turn(self) -> Iterator[None]:
        """Waits until one of the processes is free."""
        with self._lock:
            if self._waiting >= MOST_WAITING:
                raise _all_busy()
            self._waiting += 1
        try:
            came = self._turns.acquire(timeout=self._settings.predict_seconds)
        finally:
            with self._lock:
                self._waiting -= 1
        if not came:
            raise _all_busy()
        try:
            yield
        finally:
            self._turns.release()

    def _take(self, version: Runnable) -> RunningModule:
        """Returns an idle process of the version, or a new one instead of the least recently used."""
        ended = []
        with self._lock:
            warm = next((pair for pair in self._idle if pair[0] == version), None)
            if warm is not None:
                self._idle.remove(warm)
            self._busy += 1
            while len(self._idle) + self._busy > self._settings.predict_processes:
                ended.append(self._idle.pop(0))
        for _, module in ended:
            module.end()
        if warm is not None and warm[1].is_alive:
            return warm[1]
        if warm is not None:
            warm[1].end()
        try:
            return RunningModule(
                version.handle, version.archive_sha256, self._store, self._settings, self._folder
            )
        except BaseException:
            with self._lock:
                self._busy -= 1
            raise

    def _give_back(self, version: Runnable, module: RunningModule) -> None:
        """Keeps the process for other requests, unless it has ended or its state may have changed."""
        is_kept = module.is_alive and not module.remembers
        with self._lock:
            self._busy -= 1
            if is_kept:
                self._idle.append((version, module))
        if not is_kept:
            module.end()


def remove_left_modules(folder: Path) -> None:
    """Removes the folders that a killed hub has left. No hub may be running with this folder."""
    for left in folder.glob("tfhub-run-*"):
        shutil.rmtree(left, ignore_errors=True)


def _all_busy() -> Unavailable:
    return Unavailable("All processes that run models are busy.", hint="Try again in a few seconds.")
