"""Every URL of the hub. The first route that fits answers."""

from __future__ import annotations

from starlette.routing import BaseRoute, Route

from tensorflow_hub.server.endpoints import (
    audit,
    cards,
    handle,
    health,
    metrics,
    openapi,
    publish_upload,
    publishers,
    search,
    static_files,
    tokens,
    uploads,
    version_states,
    versions,
    web_pages,
)

READ = ["GET", "HEAD"]
EVERY = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]

ROUTES: list[BaseRoute] = [
    # running
    Route("/healthz", health.show_health),
    Route("/readyz", health.show_readiness),
    Route("/metrics", metrics.show_metrics),
    # the API: what is there
    Route("/api/v1/search", search.show_search),
    Route("/api/v1/similar/{handle:path}", search.show_similar),
    Route("/api/v1/downloads/{handle:path}", search.show_downloads),
    Route("/api/v1/models/{handle:path}", versions.show_model),
    Route("/api/v1/publishers", publishers.list_publishers),
    Route("/api/v1/publishers/{publisher}", publishers.show_publisher),
    Route("/api/v1/openapi.json", openapi.show_openapi),
    # the API: publishing
    Route("/api/v1/uploads", uploads.start_upload, methods=["POST"]),
    Route("/api/v1/uploads/{upload}", uploads.show_upload),
    Route("/api/v1/uploads/{upload}", uploads.continue_upload, methods=["PATCH"]),
    Route("/api/v1/uploads/{upload}", uploads.cancel_upload, methods=["DELETE"]),
    Route("/api/v1/uploads/{upload}/publish", publish_upload.publish_upload, methods=["POST"]),
    Route("/api/v1/cards", cards.put_card, methods=["PUT"]),
    Route("/api/v1/withdrawals", version_states.withdraw_version, methods=["POST"]),
    Route("/api/v1/restorations", version_states.restore_version, methods=["POST"]),
    Route("/api/v1/deletions", version_states.delete_version, methods=["POST"]),
    # the API: people and rights
    Route("/api/v1/publishers/{publisher}", publishers.change_publisher, methods=["PATCH"]),
    Route("/api/v1/tokens", tokens.list_tokens),
    Route("/api/v1/tokens", tokens.create_token, methods=["POST"]),
    Route("/api/v1/tokens/self", tokens.show_own_token),
    Route("/api/v1/tokens/{token:int}", tokens.revoke_token, methods=["DELETE"]),
    Route("/api/v1/audit", audit.show_audit),
    Route("/api/{path:path}", versions.show_nothing, methods=EVERY),
    # pages
    Route("/", web_pages.show_home),
    Route("/s", web_pages.show_search),
    Route("/help", web_pages.show_help),
    Route("/help/api", web_pages.show_api_help),
    Route("/static/{name}", static_files.show_static),
    Route("/favicon.ico", static_files.show_icon),
    Route("/robots.txt", static_files.show_robots),
    # /<publisher>, /<publisher>/<model…>, /<publisher>/<model…>/<version>: pages and downloads
    Route("/{path:path}", handle.show_handle, methods=READ),
    Route("/{path:path}", handle.allow_scripts, methods=["OPTIONS"]),
]
