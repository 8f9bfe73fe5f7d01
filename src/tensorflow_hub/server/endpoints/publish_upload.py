"""`POST /api/v1/uploads/<id>/publish`: check what was uploaded and make it visible."""

from __future__ import annotations

import json
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tensorflow_hub.format.archive_index import ArchiveIndex
from tensorflow_hub.server.core.base_url import base_url
from tensorflow_hub.server.core.callers import Caller, caller_of
from tensorflow_hub.server.core.hub import hub_of
from tensorflow_hub.server.core.json_forms import version_json
from tensorflow_hub.server.core.requests import no_other_fields, read_json
from tensorflow_hub.server.endpoints.uploads import find_own_upload
from tensorflow_hub.server.publishing.archive_steps import archive_limits
from tensorflow_hub.server.publishing.steps import publish


async def publish_upload(request: Request) -> Response:
    """Publishes; the body may hold the archive's index as `index`."""
    caller = await run_in_threadpool(caller_of, request)
    body = await read_json(request)
    no_other_fields(body, "index")
    return await run_in_threadpool(_publish, request, caller, body.get("index"))


def _publish(request: Request, caller: Caller, index: Any) -> Response:
    hub = hub_of(request)
    upload = find_own_upload(hub, request.path_params["upload"], caller)
    claimed = None
    if index is not None:
        claimed = ArchiveIndex.from_json(json.dumps(index).encode(), archive_limits(hub.settings))
    publication = publish(hub, upload, claimed, caller)
    assert publication.version is not None
    with hub.database.reading() as connection:
        facts = version_json(connection, publication.version, base_url(request))
    return JSONResponse(facts, 201 if publication.is_new else 200, headers={"Cache-Control": "no-store"})
