"""Makes, lists and revokes tokens: those of a publisher, and those of a user with some of their rights."""

from __future__ import annotations

import time

import sqlalchemy as sa

from tensorflow_hub.api.names import SCOPES
from tensorflow_hub.api.requests import NewToken
from tensorflow_hub.errors import ForbiddenError, HandleError
from tensorflow_hub.handles import is_publisher_name
from tensorflow_hub.server.catalogue import tokens
from tensorflow_hub.server.catalogue.audit import add_entry
from tensorflow_hub.server.catalogue.records import Token
from tensorflow_hub.server.catalogue.tokens import ADMIN
from tensorflow_hub.server.catalogue.writing import ensure_publisher
from tensorflow_hub.server.core.callers import Caller
from tensorflow_hub.server.core.lookup import find_readable_publisher
from tensorflow_hub.server.core.problems import Malformed, Missing
from tensorflow_hub.server.core.rights import has_scope, require

SECONDS_PER_DAY = 86_400


def make_token(connection: sa.Connection, caller: Caller, new: NewToken) -> tuple[Token, str]:
    """Adds a token that belongs to no user, for a publisher or for all of them.

    It stays valid when the user who made it leaves the publisher.

    Returns:
      The token and its secret.

    Raises:
      ForbiddenError: the caller is not an owner of the publisher.
    """
    require(caller, ADMIN, new.publisher)
    return _add(connection, caller, new, _expiry(new.days), user_id=None)


def make_own_token(connection: sa.Connection, caller: Caller, new: NewToken) -> tuple[Token, str]:
    """Adds a token of the calling user.

    The token never has more rights than the user has at the time of use. A user who signed in with a token
    cannot make a token with more rights than that one, or with a later expiry.

    Returns:
      The token and its secret.

    Raises:
      ForbiddenError: the caller does not have the rights that the new token would have.
    """
    if caller.user is None:
        return make_token(connection, caller, new)
    _check(new)
    if new.publisher is not None:
        require(caller, new.scope, new.publisher)
    used = caller.token
    exceeds_used = used is not None and (
        SCOPES.index(used.scope) < SCOPES.index(new.scope)
        or (new.publisher is None and used.publisher is not None)
    )
    if exceeds_used:
        raise ForbiddenError(
            "You are signed in with a token that has fewer rights than the new token would have.",
            hint="Sign in with a token that has more rights, or choose fewer rights for the new one.",
        )
    expires_at = _expiry(new.days)
    if used is not None and used.expires_at is not None:
        expires_at = min(expires_at or used.expires_at, used.expires_at)
    return _add(connection, caller, new, expires_at, user_id=caller.user.id)


def revoke(connection: sa.Connection, caller: Caller, token_id: int) -> None:
    """Revokes a token: requests with it are refused from now on.

    Raises:
      Missing: there is no such token, or the caller may not revoke it.
    """
    token = tokens.get_token(connection, token_id) if token_id < 2**63 else None
    if token is None or not _may_revoke(caller, token):
        # The same answer in both cases, so that nobody learns which tokens others have.
        raise Missing(
            f"There is no token number {token_id} that you may revoke.",
            hint="List them: `tfhub token list`.",
        )
    tokens.revoke_token(connection, token.id)
    add_entry(connection, caller.name, caller.address, "token.revoke", token.publisher or "", name=token.name)


def tokens_of(connection: sa.Connection, caller: Caller) -> list[Token]:
    """Returns the tokens of the calling user. If the caller is no user, returns those that it may manage."""
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


def _check(new: NewToken) -> None:
    """Raises an error if the name, the scope or the publisher of a new token is not valid."""
    name, scope, publisher = new.name, new.scope, new.publisher
    if publisher is not None and not is_publisher_name(publisher):
        raise HandleError(f"Expected the name of a publisher, got {publisher!r}.", hint="For example 'acme'.")
    if scope not in SCOPES or not name.strip() or not name.isprintable():
        raise Malformed(
            f"Expected a name of printable characters and a scope of {', '.join(SCOPES)}, "
            f"got {name!r} and {scope!r}.",
            hint="For example {'name': 'ci', 'scope': 'publish', 'publisher': 'acme'}.",
        )


def _add(
    connection: sa.Connection, caller: Caller, new: NewToken, expires_at: int | None, user_id: int | None
) -> tuple[Token, str]:
    _check(new)
    token_id, secret = tokens.create_token(
        connection,
        new.name,
        new.scope,
        _publisher_id(connection, caller, new.publisher),
        created_by=caller.name,
        expires_at=expires_at,
        user_id=user_id,
    )
    detail = {"name": new.name, "scope": new.scope}
    add_entry(connection, caller.name, caller.address, "token.create", new.publisher or "", **detail)
    token = tokens.get_token(connection, token_id)
    assert token is not None
    return token, secret


def _publisher_id(connection: sa.Connection, caller: Caller, name: str | None) -> int | None:
    """Returns the id of a publisher. One that does not exist yet is added if the caller has the right to."""
    if name is None:
        return None
    if has_scope(caller, ADMIN, name):
        return ensure_publisher(connection, name).id
    return find_readable_publisher(connection, name, caller).id


def _expiry(days: int | None) -> int | None:
    return None if days is None else int(time.time()) + days * SECONDS_PER_DAY


def _may_revoke(caller: Caller, token: Token) -> bool:
    """Whether the caller owns the token, owns its publisher, or is an administrator."""
    is_own = caller.token is not None and caller.token.id == token.id
    is_of_user = caller.user is not None and caller.user.id == token.user_id
    return is_own or is_of_user or has_scope(caller, ADMIN, token.publisher)
