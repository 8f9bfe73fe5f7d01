"""`GET /api/v1/openapi.json`: the description of the API."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tensorflow_hub.server.core.base_url import base_url
from tensorflow_hub.server.openapi import describe_api


def show_openapi(request: Request) -> Response:
    """The OpenAPI document."""
    return JSONResponse(describe_api(base_url(request)), headers={"Cache-Control": "no-cache"})
