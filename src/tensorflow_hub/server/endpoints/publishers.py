"""`/api/v1/publishers`: who publishes here, their titles, cards and privacy."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tensorflow_hub.handles import is_publisher_name
from tensorflow_hub.server.catalogue import reading, writing
from tensorflow_hub.server.catalogue.audit import add_entry
from tensorflow_hub.server.catalogue.changes import record_changes
from tensorflow_hub.server.catalogue.digests import digests_of_publisher, digests_without_readers
from tensorflow_hub.server.catalogue.records import Publisher
from tensorflow_hub.server.core.base_url import base_url
from tensorflow_hub.server.core.callers import Caller, caller_of
from tensorflow_hub.server.core.hub import hub_of
from tensorflow_hub.server.core.json_forms import iso, publisher_json
from tensorflow_hub.server.core.lookup import find_readable_publisher
from tensorflow_hub.server.core.problems import Malformed
from tensorflow_hub.server.core.requests import field, no_other_fields, read_json
from tensorflow_hub.server.core.rights import audience_of, require_admin, require_owner
from tensorflow_hub.server.store.unpacked import remove_copy

_HEADERS = {"Cache-Control": "no-cache", "Vary": "Authorization"}
_FIELDS = {"title": str, "description": str, "card": str, "private": bool}


def list_publishers(request: Request) -> Response:
    """All publishers that the caller may see."""
    caller, base = caller_of(request), base_url(request)
    with hub_of(request).database.reading() as connection:
        shown = reading.list_publishers(connection, audience_of(caller))
    facts = [publisher_json(publisher, base) for publisher in shown]
    return JSONResponse({"publishers": facts}, headers=_HEADERS)


def show_publisher(request: Request) -> Response:
    """A publisher and its models."""
    caller, base = caller_of(request), base_url(request)
    with hub_of(request).database.reading() as connection:
        publisher = find_readable_publisher(connection, request.path_params["publisher"], caller)
        models = reading.list_models(connection, publisher.name)
    listed = [
        {
            "handle": model.handle,
            "url": f"{base}/{model.handle}",
            "kind": model.kind,
            "newest": model.newest,
            "updated_at": iso(model.updated_at),
        }
        for model in models
        if model.newest is not None
    ]
    facts = {**publisher_json(publisher, base), "card": publisher.card, "models": listed}
    return JSONResponse(facts, headers=_HEADERS)


async def change_publisher(request: Request) -> Response:
    """Sets title, description, card and privacy; an administrator's call adds a publisher that is new."""
    caller = await run_in_threadpool(caller_of, request)
    body = await read_json(request)
    no_other_fields(body, *_FIELDS)
    values: dict[str, Any] = {name: field(body, name, kind) for name, kind in _FIELDS.items() if name in body}
    if len(values.get("title", "")) > 200:
        raise Malformed("Expected a title of at most 200 characters.", hint="Shorten it.")
    return await run_in_threadpool(_change, request, caller, values)


def _readerless_copies(request: Request, connection: sa.Connection, publisher: Publisher) -> list[str]:
    """The unpacked copies that may no longer be there once the publisher is private."""
    if not publisher.private or not hub_of(request).settings.uncompressed_url:
        return []
    return digests_without_readers(connection, digests_of_publisher(connection, publisher.id))


def _change(request: Request, caller: Caller, values: dict[str, Any]) -> Response:
    name = request.path_params["publisher"]
    require_owner(caller, name)
    with hub_of(request).database.writing() as connection:
        publisher = reading.find_publisher(connection, name)
        is_new = publisher is None
        if publisher is None:
            require_admin(caller)
            if not is_publisher_name(name):
                raise Malformed(
                    f"Expected the name of a publisher, got {name!r}.", hint="For example 'acme'."
                )
            publisher = writing.ensure_publisher(connection, name)
        if values:
            writing.change_publisher(connection, publisher, **values)
        shown = {key: value for key, value in values.items() if key != "card"}
        add_entry(connection, caller.name, caller.address, "publisher", publisher.name, **shown)
        record_changes(connection, writing.model_ids(connection, publisher))
        publisher = reading.find_publisher(connection, name)
        assert publisher is not None
        readerless = _readerless_copies(request, connection, publisher)
    for digest in readerless:
        remove_copy(hub_of(request).settings.uncompressed_url, digest)
    return JSONResponse(publisher_json(publisher, base_url(request)), 201 if is_new else 200)
