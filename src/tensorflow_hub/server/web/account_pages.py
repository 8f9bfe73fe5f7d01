"""The pages of a person: sign in, rights and sessions."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response

from tensorflow_hub.server.catalogue.records import Session
from tensorflow_hub.server.catalogue.tokens import ADMIN, PUBLISH, READ
from tensorflow_hub.server.catalogue.users import ROLES
from tensorflow_hub.server.core.callers import Caller
from tensorflow_hub.server.web.rendering import render, show_day

_ROLE_OF_SCOPE = {scope: role for role, scope in ROLES.items()}
_MAY = {
    READ: "read what is private",
    PUBLISH: "publish and correct cards",
    ADMIN: "publish, withdraw, and manage tokens and privacy",
}
_BROWSERS = ("Edg", "OPR", "Firefox", "Chrome", "Safari", "curl")
_SYSTEMS = ("Android", "iPhone", "iPad", "Windows", "Mac OS X", "Linux")


@dataclasses.dataclass(frozen=True)
class Right:
    """What a person may do for a publisher; `publisher` is "" for all of them."""

    publisher: str
    role: str
    may: str


def sign_in(request: Request, goal: str, problem: str = "") -> Response:
    """`/login`."""
    return render(
        request,
        "sign_in.html",
        status=401 if problem else 200,
        title="Sign in",
        goal=goal,
        problem=problem,
        show_header_search=False,
    )


def account(request: Request, caller: Caller, sessions: Sequence[Session]) -> Response:
    """`/settings`."""
    assert caller.session is not None
    rights = [
        Right(grant.publisher or "", _ROLE_OF_SCOPE[grant.scope], _MAY[grant.scope])
        for grant in caller.grants
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


def browser_name(agent: str) -> str:
    """A browser and its system, for people who look for theirs in a list.

    >>> browser_name("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/130.0 Safari/537.36")
    'Chrome on Linux'
    """
    browser = next((name for name in _BROWSERS if re.search(rf"\b{name}/", agent)), "A browser")
    system = next((name for name in _SYSTEMS if name in agent), "")
    browser = {"Edg": "Edge", "OPR": "Opera"}.get(browser, browser)
    return f"{browser} on {system.replace('Mac OS X', 'macOS')}" if system else browser
