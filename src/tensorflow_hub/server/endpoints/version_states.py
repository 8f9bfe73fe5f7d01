"""`POST /api/v1/withdrawals`, `/restorations`, `/deletions`: take a version out of sight, or away."""

from __future__ import annotations

from collections.abc import Callable

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tensorflow_hub.errors import ConflictError
from tensorflow_hub.server.catalogue import reading
from tensorflow_hub.server.catalogue.audit import add_entry
from tensorflow_hub.server.catalogue.changes import record_changes
from tensorflow_hub.server.catalogue.digests import digests_without_readers
from tensorflow_hub.server.catalogue.records import DELETED, VISIBLE, WITHDRAWN
from tensorflow_hub.server.catalogue.writing import set_state
from tensorflow_hub.server.core.callers import Caller, caller_of
from tensorflow_hub.server.core.hub import hub_of
from tensorflow_hub.server.core.lookup import find_readable_version
from tensorflow_hub.server.core.requests import field, no_other_fields, read_json
from tensorflow_hub.server.core.rights import require_admin, require_owner
from tensorflow_hub.server.endpoints.uploads import versioned_name
from tensorflow_hub.server.store.unpacked import remove_copy


async def withdraw_version(request: Request) -> Response:
    """Out of search and no longer the newest; still served to those who pinned it."""
    return await _change(request, WITHDRAWN, "withdraw", require_owner)


async def restore_version(request: Request) -> Response:
    """Takes a withdrawal back."""
    return await _change(request, VISIBLE, "restore", require_owner)


async def delete_version(request: Request) -> Response:
    """Away for good: 410 with the reason from now on. Its bytes go with `tfhub admin check --repair`."""
    return await _change(request, DELETED, "delete", lambda caller, _: require_admin(caller))


async def _change(
    request: Request, state: str, action: str, require: Callable[[Caller, str], None]
) -> Response:
    caller = await run_in_threadpool(caller_of, request)
    body = await read_json(request)
    no_other_fields(body, "handle", "reason")
    name, reason = versioned_name(field(body, "handle", str)), field(body, "reason", str, "")
    if len(reason) > 1000:
        raise ConflictError("Expected a reason of at most 1000 characters.", hint="Shorten it.")

    def change() -> Response:
        require(caller, name.publisher)
        with hub_of(request).database.writing() as connection:
            version = find_readable_version(connection, name, caller)
            found = reading.find_archive(connection, version, "saved_model")
            set_state(connection, version, state, reason)
            add_entry(connection, caller.name, caller.address, action, version.handle, reason=reason)
            record_changes(connection, [version.model.id])
            doomed = digests_without_readers(connection, [found.digest] if found else [])
        base = hub_of(request).settings.uncompressed_url
        for digest in doomed if base else ():
            remove_copy(base, digest)
        return JSONResponse({"handle": version.handle, "state": state, "reason": reason})

    return await run_in_threadpool(change)
