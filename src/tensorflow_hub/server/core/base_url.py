"""Finds the base URL of this hub as its clients see it."""

from __future__ import annotations

import re

from starlette.requests import Request

from tensorflow_hub.server.core.addresses import is_trusted_proxy
from tensorflow_hub.server.core.hub import hub_of

# A host name or address, with or without a port. Other characters could end a header or start a path.
_HOST = re.compile(r"(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")


def base_url(request: Request) -> str:
    """Returns the URL of this hub as the client sees it, without a slash at the end."""
    settings = hub_of(request).settings
    if settings.public_url:
        return settings.public_url
    scheme, hosts = request.url.scheme, [request.headers.get("host", "")]
    if request.client and is_trusted_proxy(request, request.client.host):
        forwarded = request.headers.get("x-forwarded-proto", scheme)
        scheme = forwarded if forwarded in {"http", "https"} else scheme
        hosts.insert(0, request.headers.get("x-forwarded-host", ""))
    host = next((host for host in hosts if _HOST.fullmatch(host)), f"{settings.host}:{settings.port}")
    return f"{scheme}://{host}"
