"""`/settings/publishers/<publisher>/profile`: an owner sets title, description and privacy of a publisher."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from tensorflow_hub.api.forms import ChangePublisher
from tensorflow_hub.server.core.endpoint import Call
from tensorflow_hub.server.core.hub import hub_of
from tensorflow_hub.server.endpoints.account import signed_in_caller
from tensorflow_hub.server.endpoints.publishers import store_change
from tensorflow_hub.server.people.members import owned_publisher
from tensorflow_hub.server.web import member_pages


def show_profile(request: Request) -> Response:
    """Returns the page with the form."""
    caller = signed_in_caller(request)
    with hub_of(request).database.reading() as connection:
        publisher = owned_publisher(connection, caller, request.path_params["publisher"])
    return member_pages.profile(request, publisher)


def change_profile(call: Call, fields: ChangePublisher) -> Response:
    """Changes the publisher, and leads to its page."""
    with call.hub.database.reading() as connection:
        publisher = owned_publisher(connection, call.caller, fields.publisher)
    wanted = {
        "title": fields.title.strip(),
        "description": fields.description.strip().replace("\r\n", "\n"),
        "private": bool(fields.private),
    }
    changed = {name: value for name, value in wanted.items() if value != getattr(publisher, name)}
    if changed:
        store_change(call, publisher.name, changed)
    return RedirectResponse(f"/{publisher.name}", 303, {"Cache-Control": "no-store"})
