"""Before a handle is looked up: decides whether to fetch it from the upstream hub first."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse

from tensorflow_hub.errors import DownloadError, ForbiddenError, NotFoundError, UnreachableError
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
from tensorflow_hub.server.mirroring.mirror import Mirror, has_files, is_here, nobody_knows
from tensorflow_hub.server.mirroring.spool import Spool

# Forms whose bytes can be passed on while they come from upstream. There is no index yet, but clients that
# ask for one also accept the archive.
_PASSED_ON = {Form.ARCHIVE, Form.INDEX, Form.FILE}
# A download that takes fewer seconds is answered as if the files had been here.
_MOMENT = 2.0
# How many seconds a request waits for what cannot be passed on while it comes: fewer than clients wait.
_PATIENCE = 15.0
_LOOK_AGAIN = 0.02


def _name_of(
    path: str, forms: Sequence[Representation], mirror: Mirror, audience: Audience
) -> ModelName | str:
    if any(wanted.form is Form.MEMBER for wanted in forms):
        return split_file(path, lambda name: is_here(mirror.hub, name, audience))[0]
    return parse_name(path)


async def bring_from_upstream(
    request: Request, path: str, forms: Sequence[Representation] = (JSON,)
) -> Response | None:
    """If this hub mirrors another one: fetches what the request asks for, if it is not here.

    Returns:
      an answer that passes on the bytes while they come; None to serve what is here.

    Raises:
      UnreachableError: nothing is here, and upstream cannot be asked.
      Unavailable: it takes longer than a request should wait.
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
        return None  # a person who only reads pages fetches nothing
    spool = await run_in_threadpool(mirror.bring, name, deployment, audience)
    if spool is None:
        return None
    passes_on = request.method == "GET" and forms[0].form in _PASSED_ON
    if await _wait(spool, passes_on):
        if not is_versioned:  # the client learns the version from the redirect
            return RedirectResponse(f"/{name}?{request.url.query}", 302, {"Cache-Control": "no-store"})
        return _passing_on(hub_of(request), name, deployment, spool)
    await _check_failure(spool, mirror, name, deployment, audience)
    return None


async def _check_failure(
    spool: Spool, mirror: Mirror, name: ModelName, deployment: str, audience: Audience
) -> None:
    """Raises the reason why a version could not be fetched, where "not found" would be wrong or useless.

    Raises:
      UnreachableError: upstream cannot be asked, and the files are not here.
      NotFoundError: the owner asks for consent; the hint names the page.
    """
    if isinstance(spool.failure, UnreachableError):
        here = await run_in_threadpool(has_files, mirror.hub, name, deployment, audience)
        if not here:
            raise nobody_knows(name)
    elif isinstance(
        spool.failure, ForbiddenError
    ):  # refused by the source; no token of this hub changes that
        raise NotFoundError(spool.failure.problem, hint=spool.failure.hint)


async def _wait(spool: Spool, passes_on: bool) -> bool:
    """Waits for the end; True if the bytes have to be passed on before it.

    Raises:
      Unavailable: the download takes longer than `_PATIENCE`.
    """
    started = time.monotonic()
    while not spool.is_over:
        if passes_on and spool.is_begun and time.monotonic() - spool.started > _MOMENT:
            return True
        if time.monotonic() - started > _PATIENCE:
            raise Unavailable(
                "This is being fetched from the hub that this one mirrors, which takes a while.",
                hint="Ask again in a moment.",
            )
        await asyncio.sleep(_LOOK_AGAIN)
    return False


def _passing_on(hub: Hub, name: ModelName, deployment: str, spool: Spool) -> Response:
    """The answer while the bytes come: without an ETag, because they are not checked yet."""
    suffix = KIND_BY_NAME[deployment].suffix
    headers = {
        "content-type": "application/octet-stream" if suffix else "application/gzip",
        "content-disposition": f'attachment; filename="{str(name).replace("/", "_")}{suffix or ".tar.gz"}"',
        "cache-control": "no-store",
        **cors(),
    }
    if spool.withdrawn is not None:
        headers.update(withdrawal_headers(spool.withdrawn))
    if spool.promised is not None:
        headers["content-length"] = str(spool.promised)
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
            # The connection is closed before the end, so that the reader sees that bytes are missing.
            raise DownloadError(
                f"The download from upstream stopped: {spool.failure.problem}", hint=spool.failure.hint
            )
        else:
            await asyncio.sleep(_LOOK_AGAIN)
    if spool.version_id is not None:
        hub.downloads.count(spool.version_id)
