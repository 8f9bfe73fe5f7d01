"""Identifies the caller of a request by its token or cookie, and finds the caller's rights."""

from __future__ import annotations

import dataclasses

import sqlalchemy as sa
from starlette.requests import Request

from tensorflow_hub.errors import AuthenticationError
from tensorflow_hub.server.catalogue.records import Grant, Session, Token, User
from tensorflow_hub.server.catalogue.sessions import find_session
from tensorflow_hub.server.catalogue.tokens import find_token, get_token
from tensorflow_hub.server.catalogue.users import find_user, grants_of_user, restrict_grants
from tensorflow_hub.server.core.addresses import address_of
from tensorflow_hub.server.core.cookies import session_cookie
from tensorflow_hub.server.core.hub import Hub, hub_of
from tensorflow_hub.server.core.limits import UNKNOWN_TOKENS, source_of

# No hub creates longer tokens and cookies, so they are not looked up.
_LONGEST_SECRET = 200


@dataclasses.dataclass(frozen=True)
class Caller:
    """The person or program that sends a request.

    Attributes:
      token: the token of the request, or the token with which the session was started; None for none.
      address: the IP address.
      grants: the rights; empty for an anonymous caller.
      user: the user to whom the token or session belongs, if any.
      session: the session of the browser, if any.
    """

    token: Token | None
    address: str
    grants: tuple[Grant, ...] = ()
    user: User | None = None
    session: Session | None = None

    @property
    def is_known(self) -> bool:
        """Whether the token or cookie is valid."""
        return self.token is not None or self.user is not None

    @property
    def name(self) -> str:
        """The name in the audit log: of the user, and of the token that was used."""
        if self.user is None:
            return self.token.name if self.token else "anonymous"
        return f"{self.user.name} ({self.token.name})" if self.token else self.user.name

    @property
    def short_name(self) -> str:
        """The name that the pages show for a signed-in user."""
        return self.user.name if self.user else self.name


def caller_of(request: Request) -> Caller:
    """Returns the caller by its token (`Authorization: Bearer …`, or Basic with it as password) or cookie.

    The cookie is used only for GET and HEAD requests of pages, because browsers also send it with requests
    that another site caused. Forms check it themselves.

    Raises:
      AuthenticationError: the token is unknown, revoked or expired.
      TooManyRequests: the address has sent too many such tokens.
    """
    known: Caller | None = getattr(request.state, "caller", None)
    if known is None:
        secret = _secret(request)
        if secret is not None:
            known = token_caller(request, secret)
        elif request.method in {"GET", "HEAD"} and not request.url.path.startswith("/api/"):
            known = session_caller(request)
        else:
            known = Caller(None, address_of(request))
        request.state.caller = known
    return known


def token_caller(request: Request, secret: str) -> Caller:
    """Returns the caller with a valid token.

    Raises:
      AuthenticationError: the token is unknown, revoked or expired.
      TooManyRequests: the address has sent too many such tokens.
    """
    hub, address = hub_of(request), address_of(request)
    caller = _by_token(hub, secret, address)
    if caller is None:  # valid tokens do not count for the limit: several clients may share the address
        hub.metrics.count("unknown_tokens")
        hub.limits.count(UNKNOWN_TOKENS, source_of(address))
        raise AuthenticationError(
            "Expected a token of this hub, got one that is unknown, revoked or expired.",
            hint="Ask the hub's administrator for a new one. What is public can be read without: unset "
            "TFHUB_TOKEN, or `tfhub login --forget`.",
        )
    return caller


def session_caller(request: Request) -> Caller:
    """Returns the user who is signed in with the browser; an anonymous caller if nobody is."""
    address, secret = address_of(request), session_cookie(request)
    anonymous = Caller(None, address)
    if not secret or len(secret) > _LONGEST_SECRET:
        return anonymous
    hub = hub_of(request)
    with hub.database.reading() as connection:
        session = find_session(connection, secret, hub.settings.session_idle_seconds)
        if session is None:
            return anonymous
        token = get_token(connection, session.token_id) if session.token_id is not None else None
        if session.token_id is not None and (token is None or not token.is_valid):
            return anonymous
        found = _with_rights(connection, token, session.user_id, address)
    if found is None:
        return anonymous
    hub.last_uses.session(session)
    return dataclasses.replace(found, session=session)


def _by_token(hub: Hub, secret: str, address: str) -> Caller | None:
    if not secret or len(secret) > _LONGEST_SECRET:
        return None
    with hub.database.reading() as connection:
        token = find_token(connection, secret)
        found = _with_rights(connection, token, token.user_id, address) if token else None
    if found is not None and token is not None:
        hub.last_uses.token(token)
    return found


def _with_rights(
    connection: sa.Connection, token: Token | None, user_id: int | None, address: str
) -> Caller | None:
    """Returns the caller for a token or user, with its current rights; None if the user is disabled."""
    if user_id is None:
        assert token is not None
        return Caller(token, address, (Grant(token.publisher, token.scope),))
    user = find_user(connection, user_id)
    if user is None:
        return None
    grants = grants_of_user(connection, user)
    return Caller(token, address, restrict_grants(grants, token) if token else grants, user)


def _secret(request: Request) -> str | None:
    header = request.headers.get("authorization")
    if header is None:
        return None
    kind, _, value = header.partition(" ")
    if kind.lower() == "bearer":
        return value.strip()
    if kind.lower() == "basic":
        return _basic_password(value.strip())
    return ""


def _basic_password(value: str) -> str:
    import base64
    import binascii

    try:
        decoded = base64.b64decode(value, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return ""
    return decoded.partition(":")[2]
