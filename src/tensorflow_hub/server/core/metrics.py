"""Provides metrics for Prometheus, as sums over all processes of a hub on this machine.

`tfhub serve` sets `PROMETHEUS_MULTIPROC_DIR` to a folder before this module is imported. Then each process
counts in a file there, and the process that answers `/metrics` adds them up. Otherwise there is one process.
"""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from tensorflow_hub.process_usage import peak_memory

FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
# Upper bounds of the histogram of request times, in seconds.
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0)
_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
_COUNTS = {
    "published_versions": "Versions and deployments that were published.",
    "published_again": "Publications of content that was published already.",
    "mirrored_versions": "Deployments that were fetched from the upstream hub.",
    "uploaded_bytes": "Bytes of uploads that were stored.",
    "unknown_tokens": "Requests with a token that is unknown, revoked or expired.",
}


class Metrics:
    """Counts the events of this process, and returns the sums over all processes."""

    def __init__(self) -> None:
        self._folder = os.environ.get(FOLDER_VARIABLE)
        self._registry = own = CollectorRegistry()
        labels = ("endpoint", "method", "status")
        self._requests = Counter("tfhub_requests", "Answered requests.", labels, registry=own)
        self._seconds = Histogram(
            "tfhub_request_seconds", "Time to answer.", ("endpoint",), buckets=_BUCKETS, registry=own
        )
        self._counts = {name: Counter(f"tfhub_{name}", text, registry=own) for name, text in _COUNTS.items()}
        self._cpu, self._memory = (
            Gauge(f"tfhub_process_{name}", text, registry=own, multiprocess_mode="livesum")
            for name, text in (
                ("cpu_seconds", "Processor time of the server processes."),
                ("max_resident_bytes", "Peak memory of the server processes."),
            )
        )

    def request(self, endpoint: str, method: str, status: int, seconds: float) -> None:
        """Counts an answered request."""
        method = method if method in _METHODS else "other"  # a client can send any method
        self._requests.labels(endpoint, method, str(status)).inc()
        self._seconds.labels(endpoint).observe(seconds)

    def count(self, name: str, by: int = 1) -> None:
        """Adds to the counter `tfhub_<name>_total`."""
        self._counts[name].inc(by)

    def measure(self) -> None:
        """Records the memory and processor time of this process; to be called regularly in each process."""
        self._cpu.set(time.process_time())
        self._memory.set(peak_memory())

    def render(self) -> str:
        """Returns the metrics in the text format of Prometheus."""
        self.measure()
        if not self._folder:
            return generate_latest(self._registry).decode()
        _remove_ended_processes(Path(self._folder))
        every = CollectorRegistry()
        MultiProcessCollector(every, self._folder)  # type: ignore[no-untyped-call]
        return generate_latest(every).decode()


def _remove_ended_processes(folder: Path) -> None:
    """Removes the gauges of processes that have ended; their counters stay in the sums."""
    for path in folder.glob("gauge_live*_*.db"):
        pid = int(path.stem.rpartition("_")[2])
        try:
            os.kill(pid, 0)
        except (
            ProcessLookupError,
            PermissionError,
        ):  # PermissionError: another user's process has its number
            with contextlib.suppress(FileNotFoundError):  # another process has removed it
                mark_process_dead(pid, str(folder))  # type: ignore[no-untyped-call]
