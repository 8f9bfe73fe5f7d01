"""`/settings/tokens`: list, make and revoke the tokens of the signed-in user."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from tensorflow_hub.api.forms import OfToken, OwnToken
from tensorflow_hub.api.requests import NewToken
from tensorflow_hub.server.core.endpoint import Call
from tensorflow_hub.server.core.hub import hub_of
from tensorflow_hub.server.endpoints.account import signed_in_caller
from tensorflow_hub.server.people.tokens import make_own_token, revoke, tokens_of
from tensorflow_hub.server.web import account_pages


def show_tokens(request: Request) -> Response:
    """Returns the page with the tokens, without their secrets, and a form for a new one."""
    caller = signed_in_caller(request)
    with hub_of(request).database.reading() as connection:
        found = tokens_of(connection, caller)
    return account_pages.tokens(request, caller, found)


def create_token(call: Call, fields: OwnToken) -> Response:
    """Makes a token. Only the page of this answer shows its secret."""
    days = int(fields.days) if fields.days else None
    wanted = NewToken(fields.name, fields.scope, fields.publisher or None, days)
    with call.hub.database.writing() as connection:
        made, secret = make_own_token(connection, call.caller, wanted)
        found = tokens_of(connection, call.caller)
    return account_pages.tokens(call.request, call.caller, found, made=made, secret=secret)


def revoke_token(call: Call, fields: OfToken) -> Response:
    """Revokes a token."""
    with call.hub.database.writing() as connection:
        revoke(connection, call.caller, fields.token)
    return RedirectResponse("/settings/tokens", 303, {"Cache-Control": "no-store"})
