"""What the page on the API lists; the whole is in the OpenAPI description."""

from __future__ import annotations

ENDPOINTS = (
    ("/api/v1/search", "models that match words and filters, best first, with counts of the facets"),
    ("/api/v1/models/{publisher}/{model}", "a model and its versions"),
    (
        "/api/v1/models/{publisher}/{model}/{version}",
        "a version: card, signatures, sizes, digests, downloads",
    ),
    ("/api/v1/similar/{publisher}/{model}", "models that are like it"),
    ("/api/v1/downloads/{publisher}/{model}", "how often it was downloaded, by day"),
)
