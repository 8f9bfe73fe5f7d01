"""`GET /robots.txt` and `/sitemap.xml`: which pages crawlers may read, and the list of these pages."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from tensorflow_hub.server.core.base_url import base_url
from tensorflow_hub.server.core.hub import hub_of
from tensorflow_hub.server.core.problems import Missing
from tensorflow_hub.server.web.sitemap import sitemap

# Combinations of filters (too many), the content of versions, downloads, and the pages of accounts.
_NOT_FOR_CRAWLERS = (
    *("/s?", "/api/", "/login", "/settings", "/device"),
    *("/*-format=", "/*?inside=", "/*?feed=", "/*?badge=", "/*?cite=", "/*?notebook=", "/*?sbom="),
)
_HOUR = "public, max-age=3600"


def show_robots(request: Request) -> Response:
    """Returns the rules for crawlers."""
    lines = [
        "User-agent: *",
        *(f"Disallow: {path}" for path in _NOT_FOR_CRAWLERS),
        f"Sitemap: {base_url(request)}/sitemap.xml",
    ]
    return PlainTextResponse("\n".join(lines) + "\n")


def show_sitemap(request: Request) -> Response:
    """Returns the sitemap. It has only public pages, also for a signed-in reader."""
    text = request.query_params.get("page")
    page = int(text) if text and text.isascii() and text.isdigit() and len(text) < 7 else None
    with hub_of(request).database.reading() as connection:
        found = sitemap(connection, base_url(request), page) if text is None or page else None
    if found is None:
        raise Missing(f"There is no page {text!r:.20} of the sitemap.", hint="See /sitemap.xml.")
    return Response(found, headers={"Cache-Control": _HOUR}, media_type="application/xml")
