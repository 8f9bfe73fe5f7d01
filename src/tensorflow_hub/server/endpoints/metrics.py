"""`GET /metrics`: metrics for Prometheus, which has to send a token, because they are not public."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from tensorflow_hub.server.core.callers import caller_of
from tensorflow_hub.server.core.hub import hub_of
from tensorflow_hub.server.core.problems import Missing
from tensorflow_hub.server.core.rights import require_reader


def show_metrics(request: Request) -> Response:
    """Returns the sums of the metrics of all server processes of this machine."""
    hub = hub_of(request)
    if hub.settings.metrics == "off":
        raise Missing("Metrics are switched off.", hint="Set TFHUB_SERVER_METRICS=token.")
    if hub.settings.metrics == "token":
        require_reader(caller_of(request))
    return PlainTextResponse(
        hub.metrics.render(),
        media_type="text/plain; version=0.0.4",
        headers={"Cache-Control": "no-store"},
    )
