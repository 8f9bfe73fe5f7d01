"""The list of endpoints on the page about the API, from the table of routes."""

from __future__ import annotations

from collections.abc import Iterable

from markupsafe import Markup

from tensorflow_hub.server.api_description import needs_of, plain_path
from tensorflow_hub.server.core.endpoint import Endpoint
from tensorflow_hub.server.web.rendering import with_code


def endpoint_rows(endpoints: Iterable[Endpoint]) -> list[tuple[str, Markup, Markup]]:
    """Returns for each endpoint its method and path, what it does, and which rights it needs."""
    return [
        (
            f"{endpoint.method} {plain_path(endpoint)}",
            with_code(endpoint.summary),
            with_code(needs_of(endpoint)),
        )
        for endpoint in endpoints
    ]
