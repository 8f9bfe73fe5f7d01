"""`GET /api/v1/models/<publisher>/<model…>[/<version>]`: facts of a model or of a version."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tensorflow_hub.handles import ModelName
from tensorflow_hub.server.callers import caller_of
from tensorflow_hub.server.facts import base_url, model_facts, version_facts
from tensorflow_hub.server.hub import hub_of
from tensorflow_hub.server.lookup import find_readable_model, find_readable_version
from tensorflow_hub.server.mirroring.asking import bring_from_upstream
from tensorflow_hub.server.problems import Missing


async def show_model(request: Request) -> Response:
    """A model with its versions, or one version with its card, signatures and downloads."""
    name = ModelName.parse(request.path_params["handle"])
    await bring_from_upstream(request, str(name))
    return await run_in_threadpool(_show, request, name)


def _show(request: Request, name: ModelName) -> Response:
    caller, base = caller_of(request), base_url(request)
    with hub_of(request).database.reading() as connection:
        if name.version is None:
            facts = model_facts(connection, find_readable_model(connection, name, caller), base)
        else:
            facts = version_facts(connection, find_readable_version(connection, name, caller), base)
    return JSONResponse(facts, headers={"Cache-Control": "no-cache", "Vary": "Authorization"})


def show_nothing(request: Request) -> Response:
    """Whatever else is asked for below `/api/`: nothing is there, and no publisher has this name."""
    raise Missing(f"The API has nothing at {request.url.path!r}.", hint="See /api/v1/openapi.json.")
