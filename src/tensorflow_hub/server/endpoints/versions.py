"""`GET /api/v1/models/<publisher>/<model…>[/<version>]`: facts of a model or of a version."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tensorflow_hub.handles import ModelName
from tensorflow_hub.server.core.base_url import base_url
from tensorflow_hub.server.core.callers import caller_of
from tensorflow_hub.server.core.hub import hub_of
from tensorflow_hub.server.core.json_forms import model_json, version_json
from tensorflow_hub.server.core.lookup import find_readable_model, find_readable_version
from tensorflow_hub.server.core.problems import Missing
from tensorflow_hub.server.mirroring.asking import bring_from_upstream


async def show_model(request: Request) -> Response:
    """A model with its versions, or one version with its card, signatures and downloads."""
    name = ModelName.parse(request.path_params["handle"])
    await bring_from_upstream(request, str(name))
    return await run_in_threadpool(_show, request, name)


def _show(request: Request, name: ModelName) -> Response:
    caller, base = caller_of(request), base_url(request)
    with hub_of(request).database.reading() as connection:
        if name.version is None:
            facts = model_json(connection, find_readable_model(connection, name, caller), base)
        else:
            facts = version_json(connection, find_readable_version(connection, name, caller), base)
    return JSONResponse(facts, headers={"Cache-Control": "no-cache", "Vary": "Authorization"})


def show_nothing(request: Request) -> Response:
    """Whatever else is asked for below `/api/`: nothing is there, and no publisher has this name."""
    raise Missing(f"The API has nothing at {request.url.path!r}.", hint="See /api/v1/openapi.json.")
