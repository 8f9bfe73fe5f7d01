"""The list of endpoints on the page about the API, from the table of routes."""

from __future__ import annotations

import re
from collections.abc import Iterable

from markupsafe import Markup, escape

from tensorflow_hub.server.api_description import needs_of, plain_path
from tensorflow_hub.server.core.endpoint import Endpoint


def endpoint_rows(endpoints: Iterable[Endpoint]) -> list[tuple[str, Markup, Markup]]:
    """Returns for each endpoint its method and path, what it does, and which rights it needs."""
    return [
        (
            f"{endpoint.method} {plain_path(endpoint)}",
            _with_code(endpoint.summary),
            _with_code(needs_of(endpoint)),
        )
        for endpoint in endpoints
    ]


def _with_code(text: str) -> Markup:
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped
