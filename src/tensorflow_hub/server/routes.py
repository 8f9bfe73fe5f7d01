"""Every URL of the hub. The first route that fits answers."""

from __future__ import annotations

from starlette.routing import BaseRoute, Route

from tensorflow_hub.server.endpoints import (
    handle,
    health,
    metrics,
    versions,
    web_pages,
)

READ = ["GET", "HEAD"]

ROUTES: list[BaseRoute] = [
    # running
    Route("/healthz", health.show_health),
    Route("/readyz", health.show_readiness),
    Route("/metrics", metrics.show_metrics),
    # the API
    Route("/api/v1/models/{handle:path}", versions.show_model),
    # pages
    Route("/", web_pages.show_home),
    Route("/s", web_pages.show_search),
    Route("/help", web_pages.show_help),
    # /<publisher>, /<publisher>/<model…>, /<publisher>/<model…>/<version>: pages and downloads
    Route("/{path:path}", handle.show_handle, methods=READ),
]
