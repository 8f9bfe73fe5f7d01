"""`GET /healthz` and `GET /readyz`: whether the process runs, and whether it can answer requests."""

from __future__ import annotations

import sqlalchemy as sa
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tensorflow_hub.server.catalogue.migrate import is_current
from tensorflow_hub.server.core.hub import Hub, hub_of


def show_health(request: Request) -> Response:
    """Answers 200 while the process runs."""
    return JSONResponse({"status": "ok"}, headers={"Cache-Control": "no-store"})


def show_readiness(request: Request) -> Response:
    """Answers 200 if the database has the expected tables and the store can be used, else 503."""
    problems = readiness_problems(hub_of(request))
    body = {"status": "unavailable" if problems else "ready", "problems": problems}
    return JSONResponse(body, 503 if problems else 200, headers={"Cache-Control": "no-store"})


def readiness_problems(hub: Hub) -> list[str]:
    """Returns why the hub cannot answer requests; "" if it can. The log has the details."""
    problems = []
    try:
        with hub.database.reading() as connection:
            if not is_current(connection):
                problems.append("the tables of the database are not those of this version")
    except sa.exc.SQLAlchemyError:
        problems.append("the database does not answer")
    try:
        hub.store.check()
    except OSError:
        problems.append("the store does not work")
    return problems
