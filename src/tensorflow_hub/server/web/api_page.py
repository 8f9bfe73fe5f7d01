"""What the page on the API lists: its endpoints, from the table of routes."""

from __future__ import annotations

import re
from collections.abc import Iterable

from markupsafe import Markup, escape

from tensorflow_hub.server.api_description import plain_path
from tensorflow_hub.server.core.endpoint import Endpoint


def endpoint_rows(endpoints: Iterable[Endpoint]) -> list[tuple[str, Markup]]:
    """Method and path, and what the endpoint does, of each."""
    return [
        (f"{endpoint.method} {plain_path(endpoint)}", _with_code(endpoint.summary)) for endpoint in endpoints
    ]


def _with_code(text: str) -> Markup:
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped
