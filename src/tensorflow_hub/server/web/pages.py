"""The pages: each takes what it shows and returns HTML. Plain here; the look comes with the templates."""

from __future__ import annotations

import html

import sqlalchemy as sa
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from tensorflow_hub.errors import HubError
from tensorflow_hub.server.callers import Caller
from tensorflow_hub.server.catalogue import reading
from tensorflow_hub.server.catalogue.records import Publisher, Version
from tensorflow_hub.server.problems import status_of


def home(request: Request, connection: sa.Connection, caller: Caller) -> Response:
    """`/`."""
    names = [publisher.name for publisher in reading.list_publishers(connection)]
    return _page("TensorFlow Hub", "".join(f'<p><a href="/{name}">{name}</a></p>' for name in names))


def search(request: Request, connection: sa.Connection, caller: Caller) -> Response:
    """`/s?q=…`."""
    return _page("Search", "<p>Not there yet.</p>")


def help_page(request: Request) -> Response:
    """`/help`."""
    return _page("Help", "<p>Not there yet.</p>")


def publisher(request: Request, connection: sa.Connection, caller: Caller, shown: Publisher) -> Response:
    """`/<publisher>`."""
    models = reading.list_models(connection, shown.name)
    return _page(
        shown.title or shown.name,
        "".join(
            f'<p><a href="/{html.escape(model.handle)}">{html.escape(model.handle)}</a></p>'
            for model in models
        ),
    )


def version(request: Request, connection: sa.Connection, caller: Caller, shown: Version) -> Response:
    """`/<publisher>/<model>/<version>` and `/<publisher>/collection/<name>`."""
    card = reading.find_card(connection, shown)
    return _page(shown.handle, f"<pre>{html.escape(card.text if card else '')}</pre>")


def problem(request: Request, error: HubError) -> Response:
    """Any error, for people."""
    status, _ = status_of(error)
    body = f"<p>{html.escape(error.problem)}</p><p>{html.escape(error.hint)}</p>"
    return _page(f"{status}", body, status)


def _page(title: str, body: str, status: int = 200) -> Response:
    text = (
        f"<!doctype html><html lang=en><title>{html.escape(title)}</title><h1>{html.escape(title)}</h1>{body}"
    )
    return HTMLResponse(text, status)
