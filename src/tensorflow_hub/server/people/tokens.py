"""Tokens that somebody makes: for a publisher, or of a user, who gives them a part of the own rights."""

from __future__ import annotations

import dataclasses
import time

import sqlalchemy as sa

from tensorflow_hub.errors import ForbiddenError, HandleError
from tensorflow_hub.handles import is_publisher_name
from tensorflow_hub.server.catalogue import tokens
from tensorflow_hub.server.catalogue.audit import add_entry
from tensorflow_hub.server.catalogue.records import Token
from tensorflow_hub.server.catalogue.tokens import ADMIN, SCOPES
from tensorflow_hub.server.catalogue.writing import ensure_publisher
from tensorflow_hub.server.core.callers import Caller
from tensorflow_hub.server.core.lookup import find_readable_publisher
from tensorflow_hub.server.core.problems import Malformed, Missing
from tensorflow_hub.server.core.rights import has_scope, require

SECONDS_PER_DAY = 86_400


@dataclasses.dataclass(frozen=True)
class NewToken:
    """What a new token is for; without a publisher it is for all, without days it does not expire."""

    name: str
    scope: str
    publisher: str | None = None
    days: int | None = None


def make_token(connection: sa.Connection, caller: Caller, wanted: NewToken) -> tuple[Token, str]:
    """Adds a token of nobody's for a publisher, or for all; it outlives who made it.

    Returns:
      The token and its secret.

    Raises:
      ForbiddenError: the caller is no owner of the publisher.
    """
    require(caller, ADMIN, wanted.publisher)
    return _add(connection, caller, wanted, _in_days(wanted.days), user_id=None)


def make_own_token(connection: sa.Connection, caller: Caller, wanted: NewToken) -> tuple[Token, str]:
    """Adds a token of the user who asks. Its rights are a part of the user's, as these are when it is used.

    Who signed in with a token gives on no more than that token has, and for no longer.

    Raises:
      ForbiddenError: the caller has less.
    """
    if caller.user is None:
        return make_token(connection, caller, wanted)
    _check(wanted)
    if wanted.publisher is not None:
        require(caller, wanted.scope, wanted.publisher)
    used = caller.token
    is_less = used is not None and (
        SCOPES.index(used.scope) < SCOPES.index(wanted.scope)
        or (wanted.publisher is None and used.publisher is not None)
    )
    if is_less:
        raise ForbiddenError(
            "You are signed in with a token that has less than the new one would have.",
            hint="Sign in with one that has more, or ask for less.",
        )
    expires_at = _in_days(wanted.days)
    if used is not None and used.expires_at is not None:
        expires_at = min(expires_at or used.expires_at, used.expires_at)
    return _add(connection, caller, wanted, expires_at, user_id=caller.user.id)


def revoke(connection: sa.Connection, caller: Caller, token_id: int) -> None:
    """Makes a token useless from now on.

    Raises:
      Missing: there is none of that number that the caller may revoke.
    """
    token = tokens.get_token(connection, token_id) if token_id < 2**63 else None
    if token is None or not _may_revoke(caller, token):
        # One answer for both: it does not tell whose tokens there are.
        raise Missing(
            f"There is no token number {token_id} that yours may revoke.",
            hint="List them: `tfhub token list`.",
        )
    tokens.revoke_token(connection, token.id)
    add_entry(connection, caller.name, caller.address, "token.revoke", token.publisher or "", name=token.name)


def tokens_of(connection: sa.Connection, caller: Caller) -> list[Token]:
    """The tokens of a user; for others the one they have, and those of the publishers that they own."""
    if caller.user is not None:
        return tokens.tokens_of_user(connection, caller.user.id)
    if has_scope(caller, ADMIN, None):
        return tokens.list_tokens(connection)
    found = [
        token
        for grant in caller.grants
        if grant.scope == ADMIN
        for token in tokens.list_tokens(connection, grant.publisher)
    ]
    return found or [token for token in (caller.token,) if token is not None]


def _check(wanted: NewToken) -> None:
    """Raises for what no token can be."""
    name, scope, publisher = wanted.name, wanted.scope, wanted.publisher
    if publisher is not None and not is_publisher_name(publisher):
        raise HandleError(f"Expected the name of a publisher, got {publisher!r}.", hint="For example 'acme'.")
    if scope not in SCOPES or not name.strip() or not name.isprintable():
        raise Malformed(
            f"Expected a name of printable characters and a scope of {', '.join(SCOPES)}, "
            f"got {name!r} and {scope!r}.",
            hint="For example {'name': 'ci', 'scope': 'publish', 'publisher': 'acme'}.",
        )


def _add(
    connection: sa.Connection, caller: Caller, wanted: NewToken, expires_at: int | None, user_id: int | None
) -> tuple[Token, str]:
    _check(wanted)
    token_id, secret = tokens.create_token(
        connection,
        wanted.name,
        wanted.scope,
        _publisher_id(connection, caller, wanted.publisher),
        created_by=caller.name,
        expires_at=expires_at,
        user_id=user_id,
    )
    noted = {"name": wanted.name, "scope": wanted.scope}
    add_entry(connection, caller.name, caller.address, "token.create", wanted.publisher or "", **noted)
    token = tokens.get_token(connection, token_id)
    assert token is not None
    return token, secret


def _publisher_id(connection: sa.Connection, caller: Caller, name: str | None) -> int | None:
    """The publisher's number; one that is new is added where the caller could do so."""
    if name is None:
        return None
    if has_scope(caller, ADMIN, name):
        return ensure_publisher(connection, name).id
    return find_readable_publisher(connection, name, caller).id


def _in_days(days: int | None) -> int | None:
    return None if days is None else int(time.time()) + days * SECONDS_PER_DAY


def _may_revoke(caller: Caller, token: Token) -> bool:
    """The owner may, an administrator, and everybody their own."""
    is_own = caller.token is not None and caller.token.id == token.id
    is_of_user = caller.user is not None and caller.user.id == token.user_id
    return is_own or is_of_user or has_scope(caller, ADMIN, token.publisher)
