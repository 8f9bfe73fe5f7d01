"""The pages of a user's account: sign in, rights, sessions, tokens."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote, urlsplit

from starlette.requests import Request
from starlette.responses import Response

from tensorflow_hub.api.names import ROLES
from tensorflow_hub.server.catalogue.records import Session, Token
from tensorflow_hub.server.catalogue.tokens import ADMIN
from tensorflow_hub.server.core.base_url import base_url
from tensorflow_hub.server.core.callers import Caller
from tensorflow_hub.server.web.rendering import render, show_day

_ROLE_OF_SCOPE = {scope: role for role, scope in ROLES.items()}
MAY = {
    "reader": "read private models",
    "publisher": "publish and correct cards",
    "owner": "publish, withdraw, and manage members, tokens and privacy",
}
_MOST_TOKENS = 50
_BROWSERS = ("Edg", "OPR", "Firefox", "Chrome", "Safari", "curl")
_SYSTEMS = ("Android", "iPhone", "iPad", "Windows", "Mac OS X", "Linux")


@dataclasses.dataclass(frozen=True)
class Right:
    """A line of the table of rights; `publisher` is "" for all publishers."""

    publisher: str
    role: str
    may: str


def sign_in(request: Request, goal: str, problem: str = "") -> Response:
    """Returns the page `/login`."""
    provider = request.app.state.oidc
    return render(
        request,
        "sign_in.html",
        status=401 if problem else 200,
        title="Sign in",
        goal=goal,
        provider_url=f"/login/start?next={quote(goal)}" if provider else "",
        provider_host=urlsplit(provider.issuer).netloc if provider else "",
        problem=problem,
        show_header_search=False,
    )


def account(request: Request, caller: Caller, sessions: Sequence[Session]) -> Response:
    """Returns the page `/settings`."""
    assert caller.session is not None
    rights = [
        Right(grant.publisher or "", role, MAY[role])
        for grant in caller.grants
        for role in (_ROLE_OF_SCOPE[grant.scope],)
    ]
    shown = [
        {
            "id": session.id,
            "browser": browser_name(session.browser),
            "address": session.address,
            "begun": show_day(session.created_at),
            "used": show_day(session.used_at),
            "is_this": session.id == caller.session.id,
        }
        for session in sessions
    ]
    return render(request, "account.html", title="Your account", caller=caller, rights=rights, sessions=shown)


def tokens(
    request: Request,
    caller: Caller,
    found: Sequence[Token],
    made: Token | None = None,
    secret: str = "",
) -> Response:
    """Returns the page `/settings/tokens`, with the secret of a token that was just made."""
    valid = [token for token in found if token.is_valid]
    shown = [
        {
            "id": token.id,
            "name": token.name,
            "scope": token.scope,
            "valid_for": token.publisher or ("all your publishers" if token.user_id else "all publishers"),
            "until": show_day(token.expires_at) if token.expires_at else "no expiry",
            "used": show_day(token.used_at) if token.used_at else "never",
            "loss": _loss(caller, token),
        }
        for token in valid[:_MOST_TOKENS]
    ]
    return render(
        request,
        "tokens.html",
        status=201 if secret else 200,
        title="Your tokens",
        base=base_url(request),
        tokens=shown,
        more=len(valid) > _MOST_TOKENS,
        made=made,
        secret=secret,
        by_user=caller.user is not None,
        **token_choices(caller),
    )


def _loss(caller: Caller, token: Token) -> str:
    """Returns what ends when a token is revoked."""
    if caller.token is not None and caller.token.id == token.id:
        return (
            "You are signed in with this token: you are signed out at once, and cannot sign in with it again."
        )
    return "Programs that use this token lose their access at once. This cannot be undone."


def token_choices(caller: Caller) -> dict[str, Any]:
    """Returns the publishers for which the caller can make tokens, as values for the macro `token_fields`."""
    return {
        "choices": [
            grant.publisher
            for grant in caller.grants
            if grant.publisher is not None and (caller.user is not None or grant.scope == ADMIN)
        ],
        "for_all": caller.user is not None,
        "any_publisher": any(
            grant.publisher is None and (caller.user is not None or grant.scope == ADMIN)
            for grant in caller.grants
        ),
    }


def browser_name(agent: str) -> str:
    """Returns the name of a browser and its system, from the header `User-Agent`.

    >>> browser_name("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/130.0 Safari/537.36")
    'Chrome on Linux'
    """
    browser = next((name for name in _BROWSERS if re.search(rf"\b{name}/", agent)), "A browser")
    system = next((name for name in _SYSTEMS if name in agent), "")
    browser = {"Edg": "Edge", "OPR": "Opera"}.get(browser, browser)
    return f"{browser} on {system.replace('Mac OS X', 'macOS')}" if system else browser
