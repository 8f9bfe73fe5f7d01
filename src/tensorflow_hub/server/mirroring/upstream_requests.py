"""Decides for each request whether a version has to be fetched from the upstream hub before it is served."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse

from tensorflow_hub.errors import (
    DownloadError,
    ForbiddenError,
    HubError,
    NotFoundError,
    UnreachableError,
)
from tensorflow_hub.format.kinds import saved_model
from tensorflow_hub.format.kinds.kind import Form
from tensorflow_hub.format.kinds.table import KIND_BY_NAME
from tensorflow_hub.handles import ModelName
from tensorflow_hub.network.withdrawal import withdrawal_headers
from tensorflow_hub.server.catalogue.audience import Audience
from tensorflow_hub.server.core.callers import caller_of
from tensorflow_hub.server.core.hub import Hub, hub_of
from tensorflow_hub.server.core.lookup import parse_name, split_file
from tensorflow_hub.server.core.negotiation import JSON, Representation
from tensorflow_hub.server.core.problems import Unavailable
from tensorflow_hub.server.core.rights import audience_of
from tensorflow_hub.server.http.asset_response import cors
from tensorflow_hub.server.mirroring.mirror import Mirror, has_files, is_here, upstream_unreachable
from tensorflow_hub.server.mirroring.spool import Spool

# Forms that can be sent to the client while they arrive from upstream. The index exists only afterwards, but
# clients that ask for the index also accept the archive.
_STREAMED_FORMS = {Form.ARCHIVE, Form.INDEX, Form.FILE}
# A fetch that takes fewer seconds is not streamed: the client gets the stored files.
_SHORT_FETCH_SECONDS = 2.0
# How long a request waits for a fetch that cannot be streamed, in seconds: less than the timeout of clients.
_LONGEST_WAIT_SECONDS = 15.0
_POLL_SECONDS = 0.02


def _name_of(
    path: str, forms: Sequence[Representation], mirror: Mirror, audience: Audience
) -> ModelName | str:
    if any(wanted.form is Form.MEMBER for wanted in forms):
        return split_file(path, lambda name: is_here(mirror.hub, name, audience))[0]
    return parse_name(path)


async def fetch_from_upstream(
    request: Request, path: str, forms: Sequence[Representation] = (JSON,)
) -> Response | None:
    """Fetches the requested version from the upstream hub, if this hub has one and does not have the version.

    Returns:
      an answer that streams the bytes while they arrive, or a redirect to the version; None if the caller
      should answer from the catalogue of this hub.

    Raises:
      UnreachableError: this hub does not have the model, and upstream cannot be reached.
      NotFoundError: the owner requires consent; the hint names the page.
      Unavailable: the fetch takes longer than a request should wait.
    """
    mirror: Mirror | None = request.app.state.mirror
    reads_only = bool(forms) and not forms[0].kind  # a page, or JSON
    if mirror is None or not forms or (reads_only and not mirror.upstream.has_entries):
        return None
    caller = await run_in_threadpool(caller_of, request)
    audience = audience_of(caller)
    name = await run_in_threadpool(_name_of, path, forms, mirror, audience)
    if isinstance(name, str) or name.model.startswith("collection/"):
        return None
    deployment, is_versioned = forms[0].kind or saved_model.KIND.name, True
    if name.version is None:
        latest = await run_in_threadpool(mirror.latest, name, deployment, audience)
        if latest is None:
            return None
        name, is_versioned = name.with_version(latest), False
    if reads_only and await run_in_threadpool(mirror.has_documentation_only, name):
        return None  # the page shows the documentation; only a download fetches the files
    spool = await run_in_threadpool(mirror.fetch, name, deployment, audience)
    if spool is None:
        failure = await run_in_threadpool(mirror.recent_failure, name, deployment, audience)
        await _check_failure(failure, mirror, name, deployment, audience)
        return None
    can_stream = request.method == "GET" and forms[0].form in _STREAMED_FORMS
    if await _wait(spool, can_stream):
        if not is_versioned:  # the redirect tells the client the version
            return RedirectResponse(f"/{name}?{request.url.query}", 302, {"Cache-Control": "no-store"})
        return _streaming_response(hub_of(request), name, deployment, spool)
    await _check_failure(spool.failure, mirror, name, deployment, audience)
    return None


async def _check_failure(
    failure: HubError | None, mirror: Mirror, name: ModelName, deployment: str, audience: Audience
) -> None:
    """Raises an error if a fetch failed for a reason that "not found" would hide, and the files are not here.

    Raises:
      UnreachableError: upstream cannot be reached.
      DownloadError: a public service did not send the files.
      NotFoundError: the owner requires consent; the hint names the page.
    """
    if not isinstance(failure, UnreachableError | DownloadError | ForbiddenError):
        return
    if await run_in_threadpool(has_files, mirror.hub, name, deployment, audience):
        return
    if isinstance(failure, ForbiddenError):
        # Not status 403: the source refuses the hub, and another token for this hub would not help.
        raise NotFoundError(failure.problem, hint=failure.hint)
    if mirror.upstream.is_public:
        problem = f"This hub does not have {name}, and could not fetch it. {failure.problem}"
        raise type(failure)(problem, hint=failure.hint)
    if isinstance(failure, UnreachableError):
        raise upstream_unreachable(name)


async def _wait(spool: Spool, can_stream: bool) -> bool:
    """Waits for the end of a fetch; returns True if the answer should be streamed before the end.

    Raises:
      Unavailable: the fetch takes longer than `_LONGEST_WAIT_SECONDS`.
    """
    started = time.monotonic()
    while not spool.is_over:
        if can_stream and spool.is_begun and time.monotonic() - spool.started > _SHORT_FETCH_SECONDS:
            return True
        if time.monotonic() - started > _LONGEST_WAIT_SECONDS:
            raise Unavailable(
                f"The hub is still fetching this from its upstream hub after {_LONGEST_WAIT_SECONDS:g} s.",
                hint="Try again in a moment.",
            )
        await asyncio.sleep(_POLL_SECONDS)
    return False


def _streaming_response(hub: Hub, name: ModelName, deployment: str, spool: Spool) -> Response:
    """Returns an answer that streams the bytes. It has no ETag, because the bytes are not checked yet."""
    suffix = KIND_BY_NAME[deployment].suffix
    headers = {
        "content-type": "application/octet-stream" if suffix else "application/gzip",
        "content-disposition": f'attachment; filename="{str(name).replace("/", "_")}{suffix or ".tar.gz"}"',
        "cache-control": "no-store",
        **cors(),
    }
    if spool.withdrawn is not None:
        headers.update(withdrawal_headers(spool.withdrawn))
    if spool.expected_size is not None:
        headers["content-length"] = str(spool.expected_size)
    return StreamingResponse(_pieces(hub, spool), 200, headers)


async def _pieces(hub: Hub, spool: Spool) -> AsyncIterator[bytes]:
    at = 0
    while True:
        is_kept, end = spool.is_kept, spool.readable()
        if at < end:
            piece = await run_in_threadpool(spool.read, at, end)
            at += len(piece)
            yield piece
        elif is_kept:
            break
        elif spool.failure is not None:
            # This closes the connection before the end, so that the client notices the missing bytes.
            raise DownloadError(
                f"The fetch from the upstream hub failed: {spool.failure.problem}", hint=spool.failure.hint
            )
        else:
            await asyncio.sleep(_POLL_SECONDS)
    if spool.version_id is not None:
        hub.downloads.count(spool.version_id)
