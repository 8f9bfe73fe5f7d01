"""`/login` and `/logout`: begin and end the session of a browser."""

from __future__ import annotations

import re

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from tensorflow_hub.api.forms import NoFields, SignIn
from tensorflow_hub.errors import AuthenticationError
from tensorflow_hub.server.catalogue.audit import add_entry
from tensorflow_hub.server.catalogue.sessions import MAX_DAYS, begin_session, end_session
from tensorflow_hub.server.core.callers import Caller, session_caller, token_caller
from tensorflow_hub.server.core.cookies import clear_session_cookie, set_session_cookie
from tensorflow_hub.server.core.endpoint import Call
from tensorflow_hub.server.web import account_pages

# A path on this hub. Browsers interpret `//host` and `/\\host`, also with line breaks in them, as other
# hosts.
_OWN_PATH = re.compile(r"/(?!/)[!-\[\]-~]*")


def show_sign_in(request: Request) -> Response:
    """Returns the page with the form."""
    request.state.caller = session_caller(request)
    return account_pages.sign_in(request, own_path(request.query_params.get("next", "/")))


def sign_in(call: Call, fields: SignIn) -> Response:
    """Begins a session with the rights of a token, and redirects to the requested page."""
    goal = own_path(fields.next)
    try:
        caller = token_caller(call.request, fields.token.strip())
    except AuthenticationError as error:
        return account_pages.sign_in(call.request, goal, problem=error.problem)
    return start_session(call, caller, goal)


def start_session(call: Call, caller: Caller, goal: str) -> Response:
    """Signs a browser in. An earlier session of the browser ends."""
    token_id = caller.token.id if caller.token else None
    user_id = caller.user.id if caller.user else None
    browser = call.request.headers.get("user-agent", "")
    with call.hub.database.writing() as connection:
        if call.caller.session is not None:
            end_session(connection, call.caller.session.id)
        secret = begin_session(
            connection, token_id=token_id, user_id=user_id, address=caller.address, browser=browser
        )
        only_for = caller.token.publisher if caller.token and caller.token.publisher else ""
        add_entry(connection, caller.name, caller.address, "sign_in", only_for)
    response = RedirectResponse(goal, 303, {"Cache-Control": "no-store"})
    set_session_cookie(call.request, response, secret, MAX_DAYS * 86_400)
    return response


def sign_out(call: Call, fields: NoFields) -> Response:
    """Ends the session of the browser."""
    if call.caller.session is not None:
        with call.hub.database.writing() as connection:
            end_session(connection, call.caller.session.id)
    response = RedirectResponse("/", 303, {"Cache-Control": "no-store"})
    clear_session_cookie(call.request, response)
    return response


def own_path(text: str) -> str:
    r"""Returns the path to redirect to. If it is not on this hub, returns "/" (no open redirects).

    >>> own_path("/acme/words/2?x=1"), own_path("https://evil"), own_path("//evil"), own_path(r"/\evil")
    ('/acme/words/2?x=1', '/', '/', '/')
    """
    return text if _OWN_PATH.fullmatch(text) and not text.startswith(("/login", "/logout")) else "/"
