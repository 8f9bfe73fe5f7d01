"""`/api/v1/uploads`: send an archive in parts that can be resumed.

POST   /api/v1/uploads                  what will be sent → where to send it, and from which byte on
HEAD   /api/v1/uploads/<id>             Upload-Offset: how much came
PATCH  /api/v1/uploads/<id>             Upload-Offset: n, body: the bytes from there on
POST   /api/v1/uploads/<id>/publish     check and publish (publish_upload.py)
DELETE /api/v1/uploads/<id>             give up
"""

from __future__ import annotations

import re
from typing import Any

import sqlalchemy as sa
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tensorflow_hub.handles import ModelName, is_publisher_name
from tensorflow_hub.server.catalogue import reading
from tensorflow_hub.server.catalogue.records import Upload
from tensorflow_hub.server.catalogue.tokens import PUBLISH
from tensorflow_hub.server.catalogue.uploads import (
    change_upload_card,
    create_upload,
    find_resumable,
    find_upload,
)
from tensorflow_hub.server.catalogue.writing import check_spelling
from tensorflow_hub.server.core.base_url import base_url
from tensorflow_hub.server.core.callers import Caller, caller_of
from tensorflow_hub.server.core.hub import Hub, hub_of
from tensorflow_hub.server.core.json_forms import iso
from tensorflow_hub.server.core.problems import Malformed, Missing, TooLarge, WrongOffset
from tensorflow_hub.server.core.requests import field, no_other_fields, read_json
from tensorflow_hub.server.core.rights import has_scope, require_publish, require_token
from tensorflow_hub.server.http.upload_body import receive_part
from tensorflow_hub.server.publishing.cards import DEPLOYMENT_OF_KIND, checked_card
from tensorflow_hub.server.publishing.storing_steps import check_same, existing_deployment
from tensorflow_hub.server.publishing.upload_removal import forget_upload

_SHA256 = re.compile(r"[0-9a-f]{64}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


async def start_upload(request: Request) -> Response:
    """Begins an upload, or goes on with one of the same bytes; says when nothing needs to be sent."""
    caller = await run_in_threadpool(caller_of, request)
    body = await read_json(request)
    no_other_fields(body, "handle", "size", "sha256", "digest", "card", "deployment")
    return await run_in_threadpool(_start, request, caller, body)


def _start(request: Request, caller: Caller, body: dict[str, Any]) -> Response:
    hub = hub_of(request)
    name = versioned_name(field(body, "handle", str))
    require_publish(caller, name.publisher)
    assert caller.token is not None
    size, sha256 = _promised(hub, body)
    text = field(body, "card", str, "")
    card = checked_card(text, name) if text else None
    by_card = DEPLOYMENT_OF_KIND.get(card.kind if card else "module", "")
    deployment = field(body, "deployment", str, by_card)
    if deployment not in DEPLOYMENT_OF_KIND.values():
        raise Malformed(
            f"Expected a deployment of {', '.join(DEPLOYMENT_OF_KIND.values())}, got {deployment!r}.",
            hint="Placeholders and collections have no files: send their card to /api/v1/cards.",
        )
    with hub.database.writing() as connection:
        check_spelling(connection, name)
        done = _published_already(connection, name, deployment, body.get("digest"))
        if done is not None:
            return JSONResponse({"published": True, "handle": done, "url": f"{base_url(request)}/{done}"})
        promised: dict[str, str | int] = {"handle": str(name), "deployment": deployment}
        promised |= {"token_id": caller.token.id, "size": size, "sha256": sha256}
        upload = find_resumable(connection, **promised)
        if upload is None:
            hub.limits.publish(caller.token.id)
            upload = create_upload(connection, hours=hub.settings.upload_hours, card=text, **promised)
            return _upload_answer(request, upload, 201)
        change_upload_card(connection, upload, text)
    return _upload_answer(request, upload, 200)


def show_upload(request: Request) -> Response:
    """How much of an upload came."""
    return _upload_answer(request, _find(request, caller_of(request)), 200)


def cancel_upload(request: Request) -> Response:
    """Gives an upload up."""
    upload = _find(request, caller_of(request))
    forget_upload(hub_of(request), upload.id)
    return Response(status_code=204)


async def continue_upload(request: Request) -> Response:
    """Takes the bytes from `Upload-Offset` on; what came before a break stays."""
    upload = await run_in_threadpool(lambda: _find(request, caller_of(request)))
    offset = request.headers.get("upload-offset", "")
    if not offset.isascii() or not offset.isdigit() or len(offset) > 18:
        raise Malformed("Expected a header Upload-Offset with a number.", hint="Ask with HEAD for it.")
    if int(offset) != upload.received:
        raise WrongOffset(upload.received, int(offset))
    received = await receive_part(request, hub_of(request), upload)
    return Response(status_code=204, headers={"Upload-Offset": str(received), "Cache-Control": "no-store"})


def versioned_name(handle: str) -> ModelName:
    """The name of a version that may be published.

    Raises:
      Malformed: it has no version, or its publisher's name is reserved.
    """
    name = ModelName.parse(handle)
    if name.version is None or not is_publisher_name(name.publisher):
        raise Malformed(
            f"Expected a handle of the form publisher/model/version, got {handle!r}.",
            hint="Versions start at 1, for example 'acme/text-embedding/1'.",
        )
    return name


def find_own_upload(hub: Hub, upload_id: str, caller: Caller) -> Upload:
    """The upload of that number, when the caller may publish under its name.

    Raises:
      AuthenticationError: there is no token.
      Missing: there is none that the token may publish, or it expired.
    """
    require_token(caller)
    with hub.database.reading() as connection:
        upload = find_upload(connection, upload_id)
    if upload is None or not has_scope(caller, PUBLISH, ModelName.parse(upload.handle).publisher):
        raise Missing("There is no such upload, or it expired.", hint="Start a new one.")
    return upload


def _find(request: Request, caller: Caller) -> Upload:
    return find_own_upload(hub_of(request), request.path_params["upload"], caller)


def _promised(hub: Hub, body: dict[str, Any]) -> tuple[int, str]:
    size, sha256 = field(body, "size", int), field(body, "sha256", str)
    if size < 1 or not _SHA256.fullmatch(sha256):
        raise Malformed(
            "Expected the size of the archive and its SHA-256 in hex.", hint="See /api/v1/openapi.json."
        )
    if size > hub.settings.max_archive:
        raise TooLarge(
            f"Expected an archive of at most {hub.settings.max_archive} bytes, got {size}.",
            hint="Ask the administrator to raise TFHUB_SERVER_MAX_ARCHIVE.",
        )
    return size, sha256


def _published_already(
    connection: sa.Connection, name: ModelName, deployment: str, digest: Any
) -> str | None:
    """The handle when the same content is published there; other content is refused before it is sent."""
    if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
        return None
    version = reading.find_version(connection, name)
    existing = existing_deployment(connection, version, deployment) if version else None
    if version is None or existing is None:
        return None
    check_same(version, existing, digest)
    return version.handle


def _upload_answer(request: Request, upload: Upload, status: int) -> Response:
    url = f"{base_url(request)}/api/v1/uploads/{upload.id}"
    headers = {"Upload-Offset": str(upload.received), "Upload-Length": str(upload.size)}
    headers["Cache-Control"] = "no-store"
    if status == 201:
        headers["Location"] = url
    body = {
        "id": upload.id,
        "url": url,
        "handle": upload.handle,
        "size": upload.size,
        "received": upload.received,
        "expires_at": iso(upload.expires_at),
    }
    return JSONResponse(body, status, headers=headers)
