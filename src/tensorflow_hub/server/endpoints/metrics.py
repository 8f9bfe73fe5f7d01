"""`GET /metrics`: for Prometheus. Serve it to the inside only; a proxy should not pass it on."""

from __future__ import annotations

import resource

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from tensorflow_hub.server.hub import hub_of
from tensorflow_hub.server.problems import Missing


def show_metrics(request: Request) -> Response:
    """The counters of this process."""
    hub = hub_of(request)
    if not hub.settings.metrics:
        raise Missing("Metrics are switched off.", hint="Set TFHUB_SERVER_METRICS=1.")
    usage = resource.getrusage(resource.RUSAGE_SELF)
    gauges = (
        ("process_cpu_seconds", usage.ru_utime + usage.ru_stime),
        ("process_max_resident_bytes", float(usage.ru_maxrss * 1024)),
    )
    return PlainTextResponse(
        hub.metrics.render(gauges),
        media_type="text/plain; version=0.0.4",
        headers={"Cache-Control": "no-store"},
    )
