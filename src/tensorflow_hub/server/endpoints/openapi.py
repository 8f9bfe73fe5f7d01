"""`GET /api/v1/openapi.json`: the description of the API."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tensorflow_hub.server.api_description import describe_api
from tensorflow_hub.server.core.base_url import base_url


def show_openapi(request: Request) -> Response:
    """Returns the OpenAPI document."""
    described = describe_api(request.app.state.api, base_url(request))
    return JSONResponse(described, headers={"Cache-Control": "no-cache"})
