"""`/settings`: the rights and the sessions of the signed-in user."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from tensorflow_hub.api.forms import OfSession
from tensorflow_hub.server.catalogue.records import Session
from tensorflow_hub.server.catalogue.sessions import end_session, list_sessions
from tensorflow_hub.server.core.callers import Caller, session_caller
from tensorflow_hub.server.core.endpoint import Call
from tensorflow_hub.server.core.hub import Hub, hub_of
from tensorflow_hub.server.core.problems import Missing
from tensorflow_hub.server.core.rights import require_signed_in
from tensorflow_hub.server.web import account_pages


def signed_in_caller(request: Request) -> Caller:
    """Who is signed in.

    Raises:
      AuthenticationError: nobody is.
    """
    caller = request.state.caller = session_caller(request)
    require_signed_in(caller)
    return caller


def show_account(request: Request) -> Response:
    """Returns the page with the rights and sessions of the user."""
    caller = signed_in_caller(request)
    return account_pages.account(request, caller, _own_sessions(hub_of(request), caller))


def end_own_session(call: Call, fields: OfSession) -> Response:
    """Signs out one of the user's browsers."""
    known = {session.id for session in _own_sessions(call.hub, call.caller)}
    if fields.session not in known:
        raise Missing(f"You have no session {fields.session}.", hint="It may be over already.")
    with call.hub.database.writing() as connection:
        end_session(connection, fields.session)
    return RedirectResponse("/settings", 303, {"Cache-Control": "no-store"})


def _own_sessions(hub: Hub, caller: Caller) -> list[Session]:
    with hub.database.reading() as connection:
        return list_sessions(
            connection,
            token_id=caller.token.id if caller.token else None,
            user_id=caller.user.id if caller.user else None,
            idle_seconds=hub.settings.session_idle_seconds,
        )
