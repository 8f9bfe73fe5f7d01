"""`/api/v1/uploads`: send an archive in parts that can be resumed.

POST   /api/v1/uploads                  what will be sent → where to send it, and from which byte on
HEAD   /api/v1/uploads/<id>             Upload-Offset: how much came
PATCH  /api/v1/uploads/<id>             Upload-Offset: n, body: the bytes from there on
POST   /api/v1/uploads/<id>/publish     check and publish (publish_upload.py)
DELETE /api/v1/uploads/<id>             give up
"""

from __future__ import annotations

import sqlalchemy as sa
from starlette.concurrency import run_in_threadpool

from tensorflow_hub.api import answers
from tensorflow_hub.api.headers import UPLOAD_LENGTH, UPLOAD_OFFSET
from tensorflow_hub.api.requests import FromOffset, NewUpload, OfUpload
from tensorflow_hub.format.kinds.table import KIND_BY_CARD, KIND_BY_NAME
from tensorflow_hub.handles import ModelName
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
from tensorflow_hub.server.core.endpoint import Answer, Call, Stream
from tensorflow_hub.server.core.json_forms import iso
from tensorflow_hub.server.core.problems import Malformed, Missing, TooLarge, WrongOffset
from tensorflow_hub.server.core.rights import has_scope
from tensorflow_hub.server.endpoints.publisher_of import versioned_name
from tensorflow_hub.server.http.upload_body import receive_part
from tensorflow_hub.server.publishing.cards import checked_card
from tensorflow_hub.server.publishing.storing_steps import check_same_content, existing_deployment
from tensorflow_hub.server.publishing.upload_removal import abandon_upload


def start_upload(call: Call, body: NewUpload) -> Answer[answers.Upload]:
    """Begins an upload, resumes one of the same bytes, or answers that the version is published already."""
    hub, token, name = call.hub, call.caller.token, versioned_name(body.handle)
    assert token is not None
    if body.size > hub.settings.max_archive:
        raise TooLarge(
            f"Expected an archive of at most {hub.settings.max_archive} bytes, got {body.size}.",
            hint="Ask the administrator to raise TFHUB_SERVER_MAX_ARCHIVE.",
        )
    deployment = _deployment(body, name)
    with hub.database.writing() as connection:
        check_spelling(connection, name)
        done = _published_already(connection, name, deployment, body.digest)
        if done is not None:
            return Answer({"published": True, "handle": done, "url": f"{call.base}/{done}"})
        announced: dict[str, str | int] = {"handle": str(name), "deployment": deployment}
        announced |= {"token_id": token.id, "size": body.size, "sha256": body.sha256}
        upload = find_resumable(connection, **announced)
        if upload is None:
            upload = create_upload(connection, hours=hub.settings.upload_hours, card=body.card, **announced)
            return _answer(call, upload, 201)
        change_upload_card(connection, upload, body.card)
    return _answer(call, upload, 200)


def show_upload(call: Call, path: OfUpload) -> Answer[answers.Upload]:
    """Returns how many bytes of an upload have arrived."""
    return _answer(call, find_own_upload(call, path.upload), 200)


def cancel_upload(call: Call, path: OfUpload) -> Answer[None]:
    """Removes an upload."""
    abandon_upload(call.hub, find_own_upload(call, path.upload).id)
    return Answer(None, 204)


async def continue_upload(call: Call, path: OfUpload, headers: FromOffset, body: Stream) -> Answer[None]:
    """Receives bytes from `Upload-Offset` on. If the connection breaks, the bytes before that are kept."""
    upload = await run_in_threadpool(find_own_upload, call, path.upload)
    if headers.offset != upload.received:
        raise WrongOffset(upload.received, headers.offset)
    received = await receive_part(call.request, call.hub, upload)
    return Answer(None, 204, {UPLOAD_OFFSET: str(received)})


def find_own_upload(call: Call, upload_id: str) -> Upload:
    """Returns an upload if the caller may publish under its name.

    Raises:
      Missing: there is none that the token may publish, or it expired.
    """
    with call.hub.database.reading() as connection:
        upload = find_upload(connection, upload_id)
    if upload is None or not has_scope(call.caller, PUBLISH, ModelName.parse(upload.handle).publisher):
        raise Missing("There is no such upload, or it expired.", hint="Start a new one.")
    return upload


def _deployment(body: NewUpload, name: ModelName) -> str:
    """Returns the kind of deployment: the requested one, or else that of the card."""
    card = checked_card(body.card, name) if body.card else None
    by_card = KIND_BY_CARD.get(card.kind if card else "module")
    deployment = body.deployment or (by_card.name if by_card else "")
    if deployment not in KIND_BY_NAME:
        raise Malformed(
            f"Expected a deployment of {', '.join(KIND_BY_NAME)}, got {deployment!r}.",
            hint="Placeholders and collections have no files: send their card to /api/v1/cards.",
        )
    return deployment


def _published_already(
    connection: sa.Connection, name: ModelName, deployment: str, digest: str | None
) -> str | None:
    """Returns the handle if the same content is published already. Other content raises an error."""
    if digest is None:
        return None
    version = reading.find_version(connection, name)
    existing = existing_deployment(connection, version, deployment) if version else None
    if version is None or existing is None:
        return None
    check_same_content(version, existing, digest)
    return version.handle


def _answer(call: Call, upload: Upload, status: int) -> Answer[answers.Upload]:
    url = f"{call.base}/api/v1/uploads/{upload.id}"
    headers = {UPLOAD_OFFSET: str(upload.received), UPLOAD_LENGTH: str(upload.size)}
    if status == 201:
        headers["Location"] = url
    body: answers.Upload = {
        "id": upload.id,
        "url": url,
        "handle": upload.handle,
        "size": upload.size,
        "received": upload.received,
        "expires_at": iso(upload.expires_at),
    }
    return Answer(body, status, headers)
