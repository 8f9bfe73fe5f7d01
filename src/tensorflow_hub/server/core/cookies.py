"""Reads and sets the cookies of the pages, and makes the tokens that protect forms against forged requests.

    tfhub_session   the session of a signed-in user: a secret, whose hash is in the catalogue
    tfhub_form      the secret for the form tokens of browsers in which nobody is signed in
    tfhub_sign_in   the state of a sign-in at a provider, which the provider's answer must match

Scripts cannot read the cookies, and browsers do not send them with forms of other sites (SameSite=Lax). Over
HTTPS they are `Secure` and their names start with `__Host-`, so other hosts of the domain cannot set them.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets

from starlette.requests import Request
from starlette.responses import Response

from tensorflow_hub.server.core.base_url import base_url

_SESSION, _FORM, _ATTEMPT = "tfhub_session", "tfhub_form", "tfhub_sign_in"
# How long a form may stay open in a browser without a session.
_FORM_SECONDS = 86_400
# How long a sign-in at a provider may take.
_ATTEMPT_SECONDS = 600


def session_cookie(request: Request) -> str:
    """Returns the secret of the browser's session; "" for none."""
    return request.cookies.get(_name(request, _SESSION), "")


def set_session_cookie(request: Request, response: Response, secret: str, seconds: int) -> None:
    """Sets the session cookie, and deletes the cookie for forms."""
    _set(request, response, _SESSION, secret, seconds)
    _set(request, response, _FORM, "", 0)


def clear_session_cookie(request: Request, response: Response) -> None:
    """Deletes the session cookie."""
    _set(request, response, _SESSION, "", 0)


def attempt_cookie(request: Request) -> str:
    """Returns the state of the sign-in that this browser has started; "" for none."""
    return request.cookies.get(_name(request, _ATTEMPT), "")


def set_attempt_cookie(request: Request, response: Response, text: str) -> None:
    """Sets the cookie with the state of a sign-in; "" deletes it."""
    _set(request, response, _ATTEMPT, text, _ATTEMPT_SECONDS if text else 0)


def form_token(request: Request) -> str:
    """Returns the CSRF token that forms of a page have to send, computed from the browser's cookie."""
    secret = getattr(request.state, "form_secret", "") or _form_secret(request)
    if not secret:
        secret = request.state.form_secret = secrets.token_urlsafe(32)
        request.state.sets_form_cookie = True
    return hashlib.sha256(f"form {secret}".encode()).hexdigest()


def keep_form_secret(request: Request, response: Response) -> None:
    """Sets the cookie for the forms of this answer, if the browser does not have one."""
    if getattr(request.state, "sets_form_cookie", False):
        _set(request, response, _FORM, request.state.form_secret, _FORM_SECONDS)


def has_form_token(request: Request, sent: str) -> bool:
    """Whether the token of a form is the one that this hub has sent to this browser."""
    secret = _form_secret(request)
    expected = hashlib.sha256(f"form {secret}".encode()).hexdigest()
    return bool(secret) and hmac.compare_digest(expected.encode(), sent.encode())


def _form_secret(request: Request) -> str:
    return session_cookie(request) or request.cookies.get(_name(request, _FORM), "")


def _set(request: Request, response: Response, name: str, value: str, seconds: int) -> None:
    response.set_cookie(
        _name(request, name),
        value,
        max_age=seconds,
        path="/",
        secure=_is_secure(request),
        httponly=True,
        samesite="lax",
    )


def _name(request: Request, name: str) -> str:
    return f"__Host-{name}" if _is_secure(request) else name


def _is_secure(request: Request) -> bool:
    return base_url(request).startswith("https://")
