"""`GET /static/<name>` and `/favicon.ico`: the style sheet, script and icon of the pages."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from tensorflow_hub.server.core.problems import Missing
from tensorflow_hub.server.web.rendering import static_file
from tensorflow_hub.server.web.site import site_of

_TYPES = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
_YEAR = 31_536_000


def show_static(request: Request) -> Response:
    """Returns a file. Browsers may cache it for ever if its URL has the digest."""
    return _answer(request, request.path_params["name"])


def show_icon(request: Request) -> Response:
    """Returns the icon, for browsers that request `/favicon.ico`."""
    return _answer(request, "icon.svg")


def _answer(request: Request, name: str) -> Response:
    site = site_of(request)
    own = {"logo": site.logo, "site.css": site.style}.get(name)
    found = (own.data, own.digest) if own is not None else static_file(name)
    if found is None:
        raise Missing(f"There is nothing at {request.url.path!r}.", hint="See /help.")
    data, digest = found
    media_type = own.media_type if own is not None else _TYPES[name.rsplit(".", 1)[1]]
    lasting = request.query_params.get("v") == digest
    headers = {
        "ETag": f'"{digest}"',
        "Cache-Control": f"public, max-age={_YEAR}, immutable" if lasting else "public, max-age=300",
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    }
    if f'"{digest}"' in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(data, headers=headers, media_type=media_type)
