"""The cookies of the pages, and the proof in each form that it came from a page of this hub.

    tfhub_session   who is signed in: a secret of which the catalogue knows the hash
    tfhub_form      for forms of those who are not: a secret that nobody else knows
    tfhub_sign_in   what the answer of an OpenID Connect provider has to fit

Scripts cannot read them, and browsers do not send them with the forms of other sites (SameSite=Lax). Over
HTTPS they are `Secure` and their names begin with `__Host-`: no other host of the same domain can set them.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets

from starlette.requests import Request
from starlette.responses import Response

from tensorflow_hub.server.core.base_url import base_url

_SESSION, _FORM, _ATTEMPT = "tfhub_session", "tfhub_form", "tfhub_sign_in"
# How long a form may be left open by somebody who is not signed in.
_FORM_SECONDS = 86_400
# How long a sign-in at a provider may take.
_ATTEMPT_SECONDS = 600


def session_cookie(request: Request) -> str:
    """The secret of the session that a browser sends; "" when it sends none."""
    return request.cookies.get(_name(request, _SESSION), "")


def set_session_cookie(request: Request, response: Response, secret: str, seconds: int) -> None:
    """Sets the cookie of the session, and deletes the one for forms."""
    _set(request, response, _SESSION, secret, seconds)
    _set(request, response, _FORM, "", 0)


def clear_session_cookie(request: Request, response: Response) -> None:
    """Deletes the cookie of the session."""
    _set(request, response, _SESSION, "", 0)


def attempt_cookie(request: Request) -> str:
    """The sign-in at a provider that this browser began; "" for none."""
    return request.cookies.get(_name(request, _ATTEMPT), "")


def set_attempt_cookie(request: Request, response: Response, text: str) -> None:
    """Sets the cookie of a sign-in that has begun; "" deletes it."""
    _set(request, response, _ATTEMPT, text, _ATTEMPT_SECONDS if text else 0)


def form_token(request: Request) -> str:
    """The proof that a form of a page has to send, computed from the cookie that is sent with it."""
    secret = getattr(request.state, "form_secret", "") or _form_secret(request)
    if not secret:
        secret = request.state.form_secret = secrets.token_urlsafe(32)
        request.state.sets_form_cookie = True
    return hashlib.sha256(f"form {secret}".encode()).hexdigest()


def keep_form_secret(request: Request, response: Response) -> None:
    """Sets the cookie for the forms of this answer, if they need a new one."""
    if getattr(request.state, "sets_form_cookie", False):
        _set(request, response, _FORM, request.state.form_secret, _FORM_SECONDS)


def has_form_token(request: Request, sent: str) -> bool:
    """Whether a form is from a page that this hub sent to this browser."""
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
