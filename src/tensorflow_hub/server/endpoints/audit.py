"""`GET /api/v1/audit`: who did what."""

from __future__ import annotations

import dataclasses

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tensorflow_hub.server.catalogue.audit import list_entries
from tensorflow_hub.server.core.callers import caller_of
from tensorflow_hub.server.core.hub import hub_of
from tensorflow_hub.server.core.json_forms import iso
from tensorflow_hub.server.core.problems import Malformed
from tensorflow_hub.server.core.rights import require_admin, require_owner

_PAGE = 100


def show_audit(request: Request) -> Response:
    """The newest lines, of a publisher for its owner, of all for an administrator; `before` pages on."""
    caller = caller_of(request)
    publisher = request.query_params.get("publisher")
    if publisher is None and caller.token is not None:
        publisher = caller.token.publisher
    if publisher is None:
        require_admin(caller)
    else:
        require_owner(caller, publisher)
    before = request.query_params.get("before")
    if before is not None and not (before.isascii() and before.isdigit() and len(before) < 19):
        raise Malformed(f"Expected a number as 'before', got {before!r}.", hint="Use the last line's id.")
    with hub_of(request).database.reading() as connection:
        entries = list_entries(connection, publisher, _PAGE, int(before) if before else None)
    lines = [{"id": number, **dataclasses.asdict(entry), "at": iso(entry.at)} for number, entry in entries]
    return JSONResponse({"entries": lines}, headers={"Cache-Control": "no-store"})
