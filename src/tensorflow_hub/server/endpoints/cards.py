"""`PUT /api/v1/cards`: correct a version's documentation, or publish an entry that has no files."""

from __future__ import annotations

import sqlalchemy as sa
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tensorflow_hub.errors import RejectedError
from tensorflow_hub.server.catalogue import reading, writing
from tensorflow_hub.server.catalogue.audit import add_entry
from tensorflow_hub.server.catalogue.changes import record_changes
from tensorflow_hub.server.catalogue.records import Version
from tensorflow_hub.server.core.base_url import base_url
from tensorflow_hub.server.core.callers import Caller, caller_of
from tensorflow_hub.server.core.hub import hub_of
from tensorflow_hub.server.core.json_forms import version_json
from tensorflow_hub.server.core.lookup import find_readable_version
from tensorflow_hub.server.core.requests import field, no_other_fields, read_json
from tensorflow_hub.server.core.rights import require_publish
from tensorflow_hub.server.endpoints.uploads import versioned_name
from tensorflow_hub.server.publishing.cards import DEPLOYMENT_OF_KIND, checked_card

# Kinds of cards that stand for themselves.
_WITHOUT_FILES = {"placeholder", "collection"}


async def put_card(request: Request) -> Response:
    """Replaces the card of `handle`, or adds the placeholder or collection that the card describes."""
    caller = await run_in_threadpool(caller_of, request)
    body = await read_json(request)
    no_other_fields(body, "handle", "card")
    return await run_in_threadpool(
        _put, request, caller, field(body, "handle", str), field(body, "card", str)
    )


def _put(request: Request, caller: Caller, handle: str, text: str) -> Response:
    name = versioned_name(handle)
    require_publish(caller, name.publisher)
    card = checked_card(text, name)
    with hub_of(request).database.writing() as connection:
        writing.check_spelling(connection, name)
        is_new = reading.find_version(connection, name) is None
        if is_new:
            if card.kind not in _WITHOUT_FILES:
                raise RejectedError(
                    f"There is no version {name}, and a card of the kind {card.kind!r} needs files.",
                    hint="Publish them with the card: `tfhub publish`.",
                )
            version = writing.add_version(connection, name, card.kind, caller.name)
        else:
            version = find_readable_version(connection, name, caller)
            _check_kind(connection, version, card.kind)
        writing.set_card(connection, version, card)
        add_entry(connection, caller.name, caller.address, "card", version.handle)
        record_changes(connection, [version.model.id])
        facts = version_json(connection, version, base_url(request))
    return JSONResponse(facts, 201 if is_new else 200, headers={"Cache-Control": "no-store"})


def _check_kind(connection: sa.Connection, version: Version, kind: str) -> None:
    """A version with files keeps a card of a kind of files: else its page would show none."""
    deployments = [item.kind for item in reading.list_deployments(connection, version)]
    fitting = {kind for kind, deployment in DEPLOYMENT_OF_KIND.items() if deployment in deployments}
    if deployments and kind not in fitting:
        raise RejectedError(
            f"Expected a card of the kind {' or '.join(sorted(fitting))} for {version.handle}, "
            f"which has files of its own, got {kind}.",
            hint=f"Begin it with `# {max(fitting).capitalize()} {version.handle}`.",
        )
