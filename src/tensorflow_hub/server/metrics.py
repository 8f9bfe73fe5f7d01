"""Counters of this process in the text form that Prometheus reads."""

from __future__ import annotations

import threading
from collections.abc import Iterable

# Upper bounds of the histogram of request times, in seconds.
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0)


class Metrics:
    """What happened in this process since it started."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: dict[tuple[str, str, int], int] = {}
        self._seconds: dict[str, list[float]] = {}  # endpoint → bucket counts…, sum
        self._counts: dict[str, int] = {}

    def request(self, endpoint: str, method: str, status: int, seconds: float) -> None:
        """Counts an answered request."""
        with self._lock:
            key = (endpoint, method, status)
            self._requests[key] = self._requests.get(key, 0) + 1
            row = self._seconds.setdefault(endpoint, [0.0] * (len(BUCKETS) + 2))
            for i, bound in enumerate(BUCKETS):
                if seconds <= bound:
                    row[i] += 1
                    break
            else:
                row[len(BUCKETS)] += 1
            row[-1] += seconds

    def count(self, name: str, by: int = 1) -> None:
        """Adds to the counter `tfhub_<name>_total`."""
        with self._lock:
            self._counts[name] = self._counts.get(name, 0) + by

    def render(self, gauges: Iterable[tuple[str, float]] = ()) -> str:
        """The metrics as Prometheus reads them, with `gauges` measured by the caller."""
        lines = ["# TYPE tfhub_requests_total counter"]
        with self._lock:
            for (endpoint, method, status), number in sorted(self._requests.items()):
                labels = f'endpoint="{endpoint}",method="{method}",status="{status}"'
                lines.append(f"tfhub_requests_total{{{labels}}} {number}")
            lines.append("# TYPE tfhub_request_seconds histogram")
            for endpoint, row in sorted(self._seconds.items()):
                lines.extend(_histogram(endpoint, row))
            for name, number in sorted(self._counts.items()):
                lines += [f"# TYPE tfhub_{name}_total counter", f"tfhub_{name}_total {number}"]
        for name, value in gauges:
            lines += [f"# TYPE tfhub_{name} gauge", f"tfhub_{name} {value:g}"]
        return "\n".join(lines) + "\n"


def _histogram(endpoint: str, row: list[float]) -> Iterable[str]:
    below = 0
    for bound, number in zip((*map(str, BUCKETS), "+Inf"), row, strict=False):
        below += int(number)
        yield f'tfhub_request_seconds_bucket{{endpoint="{endpoint}",le="{bound}"}} {below}'
    yield f'tfhub_request_seconds_count{{endpoint="{endpoint}"}} {below}'
    yield f'tfhub_request_seconds_sum{{endpoint="{endpoint}"}} {row[-1]:.6f}'
