"""The pictures of cards: `PUT /api/v1/pictures/…` adds one, `/<handle>?picture=<digest>` returns it."""

from __future__ import annotations

import re

import sqlalchemy as sa
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from tensorflow_hub.api import answers
from tensorflow_hub.api.requests import OfVersion, PicturePath
from tensorflow_hub.errors import RejectedError
from tensorflow_hub.format.card.picture_file import LARGEST_FILE, read_picture
from tensorflow_hub.format.card.pictures import pictures_of
from tensorflow_hub.server.catalogue import reading
from tensorflow_hub.server.catalogue.audit import add_entry
from tensorflow_hub.server.catalogue.changes import record_changes
from tensorflow_hub.server.catalogue.pictures import find_picture, list_pictures, set_picture
from tensorflow_hub.server.catalogue.records import Version
from tensorflow_hub.server.catalogue.writing import lock_version
from tensorflow_hub.server.core.endpoint import Answer, Call, Stream
from tensorflow_hub.server.core.json_forms import picture_json
from tensorflow_hub.server.core.lookup import find_readable_version
from tensorflow_hub.server.core.problems import Missing
from tensorflow_hub.server.core.requests import read_body
from tensorflow_hub.server.endpoints.publisher_of import versioned_name
from tensorflow_hub.server.http.asset_response import FOREVER, FOREVER_PRIVATE, matches

PARAMETER = "picture"
_DIGEST = re.compile(r"[0-9a-f]{64}")
# Forbids scripts and further requests if a picture is opened as a page, whatever its content is.
_POLICY = "default-src 'none'; sandbox"


async def put_picture(
    call: Call, path: OfVersion, query: PicturePath, body: Stream
) -> Answer[answers.Picture]:
    """Adds or replaces a picture that the card of a version refers to."""
    data = await read_body(call.request, LARGEST_FILE)
    return await run_in_threadpool(_put, call, path.handle, query.path, data)


def _put(call: Call, handle: str, path: str, data: bytes) -> Answer[answers.Picture]:
    name, caller = versioned_name(handle), call.caller
    picture = read_picture(data)
    with call.hub.database.writing() as connection:
        lock_version(connection, name)
        version = find_readable_version(connection, name, caller)
        card = reading.find_card(connection, version)
        wanted = pictures_of(card.text) if card else ()
        if path not in wanted:
            raise RejectedError(
                f"The card of {version.handle} refers to no picture {path!r}.",
                hint=f"It refers to: {', '.join(wanted)}." if wanted else "Send the card first.",
            )
        known = {record.path for record in list_pictures(connection, version)}
        record = set_picture(connection, version, path, picture)
        add_entry(connection, caller.name, caller.address, "picture", version.handle, path=path)
        record_changes(connection, [version.model.id])
    return Answer(picture_json(record, version, call.base), 200 if path in known else 201)


def show_picture(request: Request, connection: sa.Connection, version: Version) -> Response:
    """Returns the picture whose digest is in the URL.

    Raises:
      Missing: the version has no such picture.
    """
    digest = request.query_params[PARAMETER]
    found = find_picture(connection, version, digest) if _DIGEST.fullmatch(digest) else None
    if found is None:
        problem = f"The version {version.handle} has no picture {digest!r:.80}."
        raise Missing(problem, hint=f"See /{version.handle} for those of its card.")
    record, data = found
    headers = {
        "Cache-Control": FOREVER_PRIVATE if version.model.private else FOREVER,
        "Content-Security-Policy": _POLICY,
        "ETag": f'"{record.sha256}"',
    }
    if matches(request.headers.get("if-none-match"), headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return Response(data, headers=headers, media_type=record.media_type)
