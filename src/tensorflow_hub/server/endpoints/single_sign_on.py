"""`/login/start` and `/login/end`: sign in at the OpenID Connect provider of this hub."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from tensorflow_hub.errors import AuthenticationError
from tensorflow_hub.server.catalogue.conflicts import repeat_after_conflicts
from tensorflow_hub.server.catalogue.records import User
from tensorflow_hub.server.core.addresses import address_of
from tensorflow_hub.server.core.base_url import base_url
from tensorflow_hub.server.core.callers import Caller, session_caller
from tensorflow_hub.server.core.cookies import attempt_cookie, set_attempt_cookie
from tensorflow_hub.server.core.endpoint import Call
from tensorflow_hub.server.core.hub import Hub, hub_of
from tensorflow_hub.server.core.problems import Missing
from tensorflow_hub.server.endpoints.sign_in import own_path, start_session
from tensorflow_hub.server.oidc.identity import sign_in_user
from tensorflow_hub.server.oidc.provider import Provider, SignInAttempt

_PATH = "/login/end"


def start(request: Request) -> Response:
    """Redirects the browser to the provider."""
    provider = _provider(request)
    attempt = SignInAttempt.begin(own_path(request.query_params.get("next", "/")))
    url = provider.authorization_url(attempt, base_url(request) + _PATH)
    response = RedirectResponse(url, 302, {"Cache-Control": "no-store"})
    set_attempt_cookie(request, response, attempt.to_text())
    return response


def end(request: Request) -> Response:
    """Checks the answer of the provider, and begins a session of the user."""
    provider, given = _provider(request), request.query_params
    request.state.caller = Caller(None, address_of(request))
    attempt = _attempt(request)
    fits = attempt is not None and hmac.compare_digest(
        attempt.state.encode(), given.get("state", "").encode()
    )
    if attempt is None or not fits or given.get("iss", provider.issuer) != provider.issuer:
        raise AuthenticationError(
            "The sign-in was not begun with this browser, or too long ago.", hint="Sign in again."
        )
    if "code" not in given:
        why = f"{given.get('error', 'no code')}: {given.get('error_description', '')}"[:200]
        raise AuthenticationError(f"The provider signed nobody in ({why}).", hint="Sign in again.")
    claims = provider.claims(given["code"], attempt, base_url(request) + _PATH)
    hub, address = hub_of(request), address_of(request)
    user = repeat_after_conflicts(lambda: _user(hub, claims, address))
    call = Call(request, hub, session_caller(request), base_url(request))
    response = start_session(call, Caller(None, address, user=user), own_path(attempt.goal))
    set_attempt_cookie(request, response, "")
    return response


def _user(hub: Hub, claims: Mapping[str, Any], address: str) -> User:
    with hub.database.writing() as connection:
        return sign_in_user(connection, hub.settings, claims, address)


def _provider(request: Request) -> Provider:
    provider: Provider | None = request.app.state.oidc
    if provider is None:
        raise Missing("This hub has no single sign-on.", hint="Sign in with a token.")
    return provider


def _attempt(request: Request) -> SignInAttempt | None:
    try:
        return SignInAttempt.from_text(attempt_cookie(request))
    except (ValueError, RecursionError):  # of whoever made the cookie
        return None
