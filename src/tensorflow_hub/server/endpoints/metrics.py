"""`GET /metrics`: for Prometheus. Serve it to the inside only; a proxy should not pass it on."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from tensorflow_hub.server.core.hub import hub_of
from tensorflow_hub.server.core.problems import Missing


def show_metrics(request: Request) -> Response:
    """What all server processes of this machine counted."""
    hub = hub_of(request)
    if not hub.settings.metrics:
        raise Missing("Metrics are switched off.", hint="Set TFHUB_SERVER_METRICS=1.")
    return PlainTextResponse(
        hub.metrics.render(),
        media_type="text/plain; version=0.0.4",
        headers={"Cache-Control": "no-store"},
    )
