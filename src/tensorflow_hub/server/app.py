"""Makes the ASGI application of a hub: routes, middleware, answers for errors, and background jobs."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
from collections.abc import AsyncIterator, Callable

import sqlalchemy as sa
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response

from tensorflow_hub.errors import HubError
from tensorflow_hub.server.administration.sweep import sweep_deliveries, sweep_sessions, sweep_uploads
from tensorflow_hub.server.core.hub import Hub, open_hub
from tensorflow_hub.server.core.negotiation import quality
from tensorflow_hub.server.core.problems import (
    Malformed,
    Missing,
    NoSpace,
    Unavailable,
    headers_of,
    json_answer,
    serving_answer,
)
from tensorflow_hub.server.core.route_index import RouteIndex
from tensorflow_hub.server.deliveries.workers import DeliveryWorkers
from tensorflow_hub.server.http.middleware import RequestMiddleware
from tensorflow_hub.server.mirroring import tfhub
from tensorflow_hub.server.mirroring.mirror import Mirror
from tensorflow_hub.server.mirroring.upstream import AnyUpstream, Upstream
from tensorflow_hub.server.oidc.provider import Provider
from tensorflow_hub.server.predicting.pool import Pool
from tensorflow_hub.server.publishing.steps import work_folder
from tensorflow_hub.server.routes import API, ROUTES, RUNNING
from tensorflow_hub.server.settings import ServerSettings
from tensorflow_hub.server.web import pages

_log = logging.getLogger("tensorflow_hub.server")

# How often downloads are added to the catalogue, and how often expired data is removed, in seconds.
FLUSH_SECONDS = 5.0
SWEEP_SECONDS = 300.0


def make_app(settings: ServerSettings) -> Starlette:
    """Makes the application of a hub; opens its catalogue and store."""
    hub = open_hub(settings)
    app = Starlette(
        routes=[RouteIndex(ROUTES)],
        middleware=[
            Middleware(
                RequestMiddleware,
                hub=hub,
                unlimited=frozenset(route.path for route in RUNNING),
                on_error=_answer_unexpected,
            )
        ],
        exception_handlers={
            HubError: _answer_hub_error,
            HTTPException: _answer_http_exception,
            sa.exc.OperationalError: _answer_unavailable,
            sa.exc.InterfaceError: _answer_unavailable,
            sa.exc.TimeoutError: _answer_unavailable,
            OSError: _answer_unavailable,
        },
        lifespan=_lifespan,
    )
    app.state.hub = hub
    app.state.api = API
    app.state.oidc = Provider(settings) if settings.oidc_issuer else None
    app.state.predictions = Pool(settings, hub.store, work_folder(settings)) if settings.predict else None
    app.state.mirror = Mirror(hub, _upstream_of(settings)) if settings.upstream else None
    return app


def _upstream_of(settings: ServerSettings) -> AnyUpstream:
    if settings.upstream == tfhub.NAME:
        return tfhub.Tfhub(work_folder(settings))
    return Upstream(settings.upstream.rstrip("/"), settings.upstream_token)


@contextlib.asynccontextmanager
async def _lifespan(app: Starlette) -> AsyncIterator[None]:
    hub: Hub = app.state.hub
    jobs = asyncio.create_task(_run_background_jobs(hub, app.state.predictions))
    index = asyncio.create_task(run_in_threadpool(_build_index, hub))
    workers = DeliveryWorkers(hub.settings, hub.database)
    workers.start()
    try:
        yield
    finally:
        await run_in_threadpool(workers.close)
        if app.state.mirror is not None:
            app.state.mirror.close()
        if app.state.predictions is not None:
            await run_in_threadpool(app.state.predictions.end_idle, 0)
        jobs.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await jobs
        await index
        with contextlib.suppress(sa.exc.SQLAlchemyError):
            await run_in_threadpool(hub.downloads.flush, hub.database)
        hub.database.close()


def _build_index(hub: Hub) -> None:
    """Builds the search index in the background: with a million models it takes a minute."""
    try:
        hub.search.build()
    except (sa.exc.SQLAlchemyError, OSError):
        _log.warning("The search index could not be built; the next search tries again.", exc_info=True)


async def _run_background_jobs(hub: Hub, predictions: Pool | None) -> None:
    """Runs the regular background jobs until it is cancelled."""
    since_sweep = SWEEP_SECONDS
    while True:
        await asyncio.sleep(FLUSH_SECONDS)
        since_sweep += FLUSH_SECONDS
        hub.metrics.measure()
        due: list[Callable[[], object]] = [
            lambda: hub.downloads.flush(hub.database),
            lambda: hub.last_uses.flush(hub.database),
        ]
        if predictions is not None:
            due.append(predictions.end_idle)
        if since_sweep >= SWEEP_SECONDS:
            since_sweep = 0.0
            due += [lambda: sweep_uploads(hub), lambda: sweep_sessions(hub), hub.limits.sweep]
            due += [lambda: sweep_deliveries(hub)]
        for job in due:  # each in its own `try`: on a full disk, some fail, but the sweep frees space
            await run_in_threadpool(_try, job)


def _try(job: Callable[[], object]) -> None:
    try:
        job()
    except (sa.exc.SQLAlchemyError, OSError):
        _log.warning("A background job failed; the hub tries again later.", exc_info=True)


def _answer_hub_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HubError)
    if request.url.path.startswith("/v1/"):  # a path of TensorFlow Serving, also one that no route matches
        return serving_answer(error)
    if request.url.path.startswith("/api/") or not _wants_page(request):
        return json_answer(error)
    response = pages.problem(request, error)
    response.headers.update(headers_of(error))
    return response


def _answer_http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 404:
        problem: HubError = Missing(f"There is nothing at {request.url.path!r}.", hint="See /help.")
    else:
        problem = Malformed(f"{error.detail}.", hint="See /api/v1/openapi.json for what this hub answers.")
    response = _answer_hub_error(request, problem)
    response.status_code = error.status_code
    response.headers.update(error.headers or {})
    return response


def _answer_unavailable(request: Request, error: Exception) -> Response:
    number = request.state.number
    _log.error("The database or the store failed.", exc_info=error, extra={"request": {"request": number}})
    if lacks_space(error):
        problem: Unavailable = NoSpace(
            "This hub has no space left on its disk.",
            hint="Tell its administrator: `tfhub admin check --repair` removes unused files. "
            "You can cancel an upload that does not fit.",
        )
        return _answer_hub_error(request, problem)
    part = "files" if isinstance(error, OSError) else "catalogue"
    problem = Unavailable(f"The {part} of this hub cannot be reached.", hint="Try again in a moment.")
    return _answer_hub_error(request, problem)


# Parts of the messages of SQLite and PostgreSQL for a full disk.
_FULL = ("database or disk is full", "No space left on device")


def lacks_space(error: Exception) -> bool:
    """Whether an error of the system or the database means that the disk is full."""
    if isinstance(error, OSError):
        return error.errno in {errno.ENOSPC, errno.EDQUOT}
    return isinstance(error, sa.exc.DBAPIError) and any(words in str(error.orig) for words in _FULL)


def _answer_unexpected(request: Request, error: Exception) -> Response:
    number = request.state.number
    _log.error(
        "A request failed in an unexpected way.", exc_info=error, extra={"request": {"request": number}}
    )
    problem = HubError(
        "The hub failed to answer this request.",
        hint=f"Its administrator finds the reason in the log, at the request {number}.",
    )
    try:
        return _answer_hub_error(request, problem)
    except Exception:
        _log.exception("The page for an error could not be made.")
        return json_answer(problem)


def _wants_page(request: Request) -> bool:
    """Whether the client is a browser, which asks for HTML; other programs get JSON."""
    if any(name.endswith("-format") for name in request.query_params):
        return False
    return quality(request.headers.get("accept", ""), "text/html", wildcard=False) > 0
