"""The time limits of requests and downloads: without progress, and in total."""

from __future__ import annotations

import threading
import time

from tensorflow_hub.errors import UnreachableError
from tensorflow_hub.settings import Settings

# So many bytes count as progress. A server that sends one byte from time to time makes none.
LEAST_PROGRESS = 64 << 10
_SHORTEST = 0.05  # seconds; sockets take no timeout of 0


class TimeLimit:
    """The time limit of a request with its repetitions, or of a whole download.

    All requests and threads of a download share one object. Bytes of any of them are progress for all.

    Args:
      settings: the longest time without progress (`stall_timeout`), and the timeouts after which a request is
        repeated (`connect_timeout`, `read_timeout`).
      total: the limit in total, in seconds.
    """

    def __init__(self, settings: Settings, total: float = float("inf")) -> None:
        self._settings = settings
        # Not shorter than the timeout of a single request.
        self.stall = max(settings.stall_timeout, settings.read_timeout)
        self._total = total
        self._started = self._progress_at = time.monotonic()
        self._fresh = self._received = self._timeouts = 0
        # The number of bytes at the last break. Bytes that arrive again after it are not progress.
        self._stood_at = 0
        self._fresh_since = self._started
        self._expected: int | None = None
        self._lock = threading.Lock()

    @classmethod
    def of_download(cls, settings: Settings) -> TimeLimit:
        """The time limit of a download from one server."""
        return cls(settings, settings.download_timeout)

    @property
    def left(self) -> float:
        """The seconds that are left without further progress; 0 if the limit is reached."""
        now = time.monotonic()
        return max(0.0, min(self._progress_at + self.stall, self._started + self._total) - now)

    def timeouts(self) -> tuple[float, float]:
        """The timeouts of the next request in seconds: for the connection, and for the next bytes.

        The latter is doubled after each timeout, because the server may only be slow.
        """
        left = max(_SHORTEST, self.left)
        patience = self._settings.read_timeout * 2 ** min(self._timeouts, 10)
        return min(self._settings.connect_timeout, left), min(patience, left)

    def expect(self, count: int | None) -> None:
        """Sets the number of bytes that are still to come; None if it is not known."""
        self._expected, self._received = count, 0
        self._fresh, self._fresh_since = 0, time.monotonic()

    def note_bytes(self, count: int) -> None:
        """Records that bytes arrived."""
        with self._lock:
            self._received += count
            self._fresh += count
            if self._fresh < LEAST_PROGRESS:
                return
            now = time.monotonic()
            if self._received > self._stood_at:
                self._progress_at, self._timeouts = now, 0
            else:  # bytes that arrive again: neither progress nor a delay
                self._progress_at += now - self._fresh_since
            self._fresh, self._fresh_since = 0, now

    def note_timeout(self) -> None:
        """Records that a request timed out."""
        with self._lock:
            self._timeouts += 1
            self._stood_at = max(self._stood_at, self._received)
            self._fresh, self._fresh_since = 0, time.monotonic()

    def allow(self, seconds: float) -> None:
        """Adds `seconds` that do not count: the server asked for a pause, or this program was busy."""
        with self._lock:
            self._progress_at += seconds

    def error(self, host: str) -> UnreachableError:
        """The error to raise if no time is left."""
        of = f" of {self._expected:,}" if self._expected else ""
        most = max(self._received, self._stood_at)  # a later attempt may have got less
        came = f"{min(most, self._expected or most):,}{of} bytes had come"
        if time.monotonic() >= self._started + self._total:
            return UnreachableError(
                f"{host} did not send everything within {self._total:,.0f} s; {came}.",
                hint="Run it again; TFHUB_DOWNLOAD_TIMEOUT allows more time.",
            )
        return UnreachableError(
            f"{host} did not answer in time: there was no progress for {self.stall:,.0f} s; {came}.",
            hint="Check the network and run it again; TFHUB_STALL_TIMEOUT allows more patience.",
        )
