"""`GET /api/v1/models/<publisher>/<model…>[/<version>]`: a model or a version as JSON."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from tensorflow_hub.api import answers
from tensorflow_hub.api.requests import OfModelOrVersion
from tensorflow_hub.handles import ModelName
from tensorflow_hub.server.core.endpoint import Answer, Call
from tensorflow_hub.server.core.json_forms import model_json, version_json
from tensorflow_hub.server.core.lookup import find_readable_model, find_readable_version
from tensorflow_hub.server.core.problems import Missing
from tensorflow_hub.server.mirroring.upstream_requests import fetch_from_upstream


async def show_model(call: Call, path: OfModelOrVersion) -> Answer[answers.Version | answers.Model]:
    """Returns a model with its versions, or a version with its card, signatures and downloads."""
    name = ModelName.parse(path.handle)
    await fetch_from_upstream(call.request, str(name))
    return Answer(await run_in_threadpool(_found, call, name))


def _found(call: Call, name: ModelName) -> answers.Version | answers.Model:
    with call.hub.database.reading() as connection:
        if name.version is None:
            return model_json(connection, find_readable_model(connection, name, call.caller), call.base)
        version = find_readable_version(connection, name, call.caller)
        return version_json(connection, version, call.base, call.caller)


def show_nothing(request: Request) -> Response:
    """Answers 404 for all other paths below `/api/`, which is not the name of a publisher."""
    raise Missing(f"The API has nothing at {request.url.path!r}.", hint="See /api/v1/openapi.json.")
