"""How long a server may keep us waiting: without progress, and in all."""

from __future__ import annotations

import threading
import time

from tensorflow_hub.errors import UnreachableError
from tensorflow_hub.settings import Settings

# Bytes that count as progress: a server that sends one from time to time stands still as well.
LEAST_PROGRESS = 64 << 10
_SHORTEST = 0.05  # seconds; sockets take no timeout of 0


class TimeLimit:
    """The time that is left to a request with its repeats, or to a whole download.

    The requests and threads of a download share one: bytes that any of them gets are progress of all.

    Args:
      settings: how long nothing may come (`stall_timeout`), and when to send a request again
        (`connect_timeout`, `read_timeout`).
      total: seconds for everything together.
    """

    def __init__(self, settings: Settings, total: float = float("inf")) -> None:
        self._settings = settings
        # Who is patient with each single wait does not want to give up before its end.
        self.stall = max(settings.stall_timeout, settings.read_timeout)
        self._total = total
        self._started = self._progress_at = time.monotonic()
        self._fresh = self._received = self._timeouts = 0
        # After a standstill at so many bytes, the same ones are no progress when they come again.
        self._stood_at = 0
        self._fresh_since = self._started
        self._expected: int | None = None
        self._lock = threading.Lock()

    @classmethod
    def of_download(cls, settings: Settings) -> TimeLimit:
        """The limit of a download from one server."""
        return cls(settings, settings.download_timeout)

    @property
    def left(self) -> float:
        """Seconds until the server is given up, unless more comes; 0 when it is to be given up."""
        now = time.monotonic()
        return max(0.0, min(self._progress_at + self.stall, self._started + self._total) - now)

    def timeouts(self) -> tuple[float, float]:
        """Seconds that the next request may wait for a connection, and for bytes.

        The latter doubles with each request that waited in vain: the server may only be slow.
        """
        left = max(_SHORTEST, self.left)
        patience = self._settings.read_timeout * 2 ** min(self._timeouts, 10)
        return min(self._settings.connect_timeout, left), min(patience, left)

    def expect(self, count: int | None) -> None:
        """Tells how many bytes there will be from now on, None when that is not known."""
        self._expected, self._received = count, 0
        self._fresh, self._fresh_since = 0, time.monotonic()

    def note_bytes(self, count: int) -> None:
        """Tells that bytes came."""
        with self._lock:
            self._received += count
            self._fresh += count
            if self._fresh < LEAST_PROGRESS:
                return
            now = time.monotonic()
            if self._received > self._stood_at:
                self._progress_at, self._timeouts = now, 0
            else:  # they take no patience, and give none
                self._progress_at += now - self._fresh_since
            self._fresh, self._fresh_since = 0, now

    def note_timeout(self) -> None:
        """Tells that a request waited in vain."""
        with self._lock:
            self._timeouts += 1
            self._stood_at = max(self._stood_at, self._received)
            self._fresh, self._fresh_since = 0, time.monotonic()

    def allow(self, seconds: float) -> None:
        """Does not count `seconds`: the server asked for a pause, or we were busy ourselves."""
        with self._lock:
            self._progress_at += seconds

    def error(self, host: str) -> UnreachableError:
        """The error to raise when no time is left."""
        of = f" of {self._expected:,}" if self._expected else ""
        came = f"{self._received:,}{of} bytes had come"
        if time.monotonic() >= self._started + self._total:
            return UnreachableError(
                f"{host} did not send everything within {self._total:,.0f} s; {came}.",
                hint="Run it again; TFHUB_DOWNLOAD_TIMEOUT allows more time.",
            )
        return UnreachableError(
            f"{host} did not answer in time: there was no progress for {self.stall:,.0f} s; {came}.",
            hint="Check the network and run it again; TFHUB_STALL_TIMEOUT allows more patience.",
        )
