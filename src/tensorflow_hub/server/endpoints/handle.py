"""`GET /<publisher>[/<model…>[/<version>]]`: the page in a browser, and the download for a program."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from tensorflow_hub.format.kinds.kind import DeploymentKind, Form
from tensorflow_hub.format.kinds.table import KIND_BY_NAME
from tensorflow_hub.handles import ModelName
from tensorflow_hub.network.withdrawal import withdrawal_headers
from tensorflow_hub.server.catalogue.records import WITHDRAWN, Version
from tensorflow_hub.server.core.base_url import base_url
from tensorflow_hub.server.core.callers import Caller, caller_of
from tensorflow_hub.server.core.hub import hub_of
from tensorflow_hub.server.core.json_forms import publisher_json, version_json
from tensorflow_hub.server.core.lookup import (
    find_readable_model,
    find_readable_publisher,
    find_readable_version,
    other_place,
    parse_name,
)
from tensorflow_hub.server.core.negotiation import JSON, PAGE, VARY, Representation, representations
from tensorflow_hub.server.core.problems import FeedNeedsToken, Missing, NotOffered
from tensorflow_hub.server.endpoints import downloads
from tensorflow_hub.server.endpoints.pictures import PARAMETER as PICTURE
from tensorflow_hub.server.endpoints.pictures import show_picture
from tensorflow_hub.server.http.asset_response import cors
from tensorflow_hub.server.mirroring.upstream_requests import fetch_from_upstream
from tensorflow_hub.server.web import pages
from tensorflow_hub.server.web.feeds import event_feed, wants_feed
from tensorflow_hub.server.web.inside_pages import PARAMETER, inside
from tensorflow_hub.server.web.version_documents import version_document

Answer = Callable[[Request, sa.Connection, Version, DeploymentKind], Response | None]

# The formats of a download. Each function returns None if the version does not have the format.
_DOWNLOADS: dict[Form, Answer] = {
    Form.ARCHIVE: downloads.archive,
    Form.INDEX: downloads.index,
    Form.UNPACKED: downloads.unpacked,
    Form.FILE: downloads.single_file,
}

_HEADERS = {"Cache-Control": "no-cache", "Vary": VARY}


async def show_handle(request: Request) -> Response:
    """Answers in the first requested format that the version has."""
    forms = representations(request.query_params, request.headers.get("accept", ""))
    passed_on = await fetch_from_upstream(request, request.path_params["path"], forms)
    if passed_on is not None:
        return passed_on
    return await run_in_threadpool(_show, request, forms)


async def allow_scripts(request: Request) -> Response:
    """Answers a CORS preflight request: scripts of all sites may send a token or a range (TF.js does)."""
    headers = {
        "Access-Control-Allow-Methods": "GET, HEAD",
        "Access-Control-Allow-Headers": "Authorization, Range, If-None-Match",
        "Access-Control-Max-Age": "86400",
    }
    return Response(status_code=204, headers={**cors(), **headers})


def _show(request: Request, forms: tuple[Representation, ...]) -> Response:
    caller = caller_of(request)
    return _for_browser(_answer(request, caller, forms), caller)


def _for_browser(answer: Response, caller: Caller) -> Response:
    """Forbids caching of private pages, so that the next user of the same browser cannot see them."""
    kept = answer.headers.get("Cache-Control", "")
    if caller.session is not None and not kept.startswith("public"):
        answer.headers["Cache-Control"] = "no-store"
    return answer


def _answer(request: Request, caller: Caller, forms: tuple[Representation, ...]) -> Response:
    path = request.path_params["path"]
    with hub_of(request).database.reading() as connection:
        member = next((wanted for wanted in forms if wanted.form is Form.MEMBER), None)
        if member is not None:
            return downloads.member(request, connection, caller, path, KIND_BY_NAME[member.kind])
        name = parse_name(path)
        if wants_feed(request):
            return _feed(request, connection, caller, name)
        if isinstance(name, str):
            return _publisher(request, connection, caller, name, forms)
        try:
            version = find_readable_version(connection, name, caller)
        except Missing:
            moved = other_place(connection, name, caller)
            if moved is None:
                raise
            return _to_latest(request, name, moved)
        if name.version is None and not version.model.name.startswith("collection/"):
            return _to_latest(request, name, version)
        document = version_document(request, connection, version)
        if document is not None:
            return document
        if PICTURE in request.query_params:
            return _with_state(show_picture(request, connection, version), version)
        answer = _version(request, connection, caller, version, forms)
        return _with_state(answer, version)


def _with_state(answer: Response, version: Version) -> Response:
    """Adds the header of withdrawn versions. Caches have to revalidate, because a version may be restored."""
    if version.state == WITHDRAWN:
        answer.headers.update(withdrawal_headers(version.reason))
        kept, _, rest = answer.headers.get("Cache-Control", "").partition(",")
        if "immutable" in rest:
            answer.headers["Cache-Control"] = f"{kept}, no-cache"
    return answer


def _version(
    request: Request,
    connection: sa.Connection,
    caller: Caller,
    version: Version,
    forms: tuple[Representation, ...],
) -> Response:
    for wanted in forms:
        if wanted in (PAGE, JSON) and PARAMETER in request.query_params:
            return inside(request, connection, caller, version, as_json=wanted == JSON)
        if wanted == PAGE:
            return pages.version(request, connection, caller, version)
        if wanted == JSON:
            return JSONResponse(
                version_json(connection, version, base_url(request), caller), headers=_HEADERS
            )
        assert isinstance(wanted.form, Form)
        answer = _DOWNLOADS[wanted.form](request, connection, version, KIND_BY_NAME[wanted.kind])
        if answer is not None:
            return answer
    offered = downloads.offered(request, connection, version)
    if not offered:
        raise NotOffered(
            f"This hub has only the documentation of {version.handle}, not its files.",
            hint="Ask its publisher or the hub's administrator to publish them here.",
        )
    raise NotOffered(
        f"The version {version.handle} is not offered in the form that was asked for ({request.url.query}).",
        hint=f"The available formats are: {', '.join(offered)}.",
    )


def _feed(request: Request, connection: sa.Connection, caller: Caller, name: ModelName | str) -> Response:
    """Returns the feed of a publisher, or of a model."""
    try:
        if isinstance(name, str):
            below = find_readable_publisher(connection, name, caller).name
        else:
            below = find_readable_model(connection, name, caller).handle
    except Missing as error:
        if caller.is_known:
            raise
        raise FeedNeedsToken(
            "There is no such feed, or it is private.",
            hint="Enter any user name, and a token of this hub as the password, in the feed reader.",
        ) from error
    return event_feed(request, connection, caller, below)


def _publisher(
    request: Request, connection: sa.Connection, caller: Caller, name: str, forms: tuple[Representation, ...]
) -> Response:
    publisher = find_readable_publisher(connection, name, caller)
    if JSON in forms:
        return JSONResponse(publisher_json(publisher, base_url(request)), headers=_HEADERS)
    return pages.publisher(request, connection, caller, publisher)


def _to_latest(request: Request, name: ModelName, version: Version) -> Response:
    """Redirects to the latest version, so that the client learns its number."""
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(f"/{version.handle}{query}", 302, headers=_HEADERS)
