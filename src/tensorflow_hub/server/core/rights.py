"""Checks the rights of callers. A grant is a scope for one publisher or for all publishers.

A token that an owner made has one grant. A member has one grant for each publisher, by the role there: a
reader `read`, a publisher `publish`, an owner `admin`. Tokens of a member have no other grants.

    scope     its publisher                                    every publisher
    read      read what is private                             read what is private
    publish   … and publish, edit cards                        … and publish, edit cards
    admin     … and withdraw, tokens, title, privacy, audit    … and make publishers, delete, all of the hub

To a caller who may not read a private publisher, the hub answers that it does not exist.
"""

from __future__ import annotations

from tensorflow_hub.api.names import SCOPES
from tensorflow_hub.errors import AuthenticationError, ForbiddenError
from tensorflow_hub.server.catalogue.audience import EVERYTHING, Audience
from tensorflow_hub.server.catalogue.records import Grant
from tensorflow_hub.server.catalogue.tokens import ADMIN, PUBLISH, READ
from tensorflow_hub.server.core.callers import Caller

# What each scope allows, for messages.
_OF_A_PUBLISHER = {READ: "read what is private of", PUBLISH: "publish as", ADMIN: "manage the publisher"}
_OF_THE_HUB = {READ: "read what is about the whole hub", ADMIN: "administer this hub"}


def has_scope(caller: Caller, scope: str, publisher: str | None) -> bool:
    """Whether the caller has `scope` for `publisher`; None means the whole hub."""
    return any(
        SCOPES.index(grant.scope) >= SCOPES.index(scope) and _is_for(grant, publisher)
        for grant in caller.grants
    )


def _is_for(grant: Grant, publisher: str | None) -> bool:
    if grant.publisher is None:
        return True
    return publisher is not None and grant.publisher.lower() == publisher.lower()


def audience_of(caller: Caller) -> Audience:
    """Returns the audience of the caller: the publishers whose models the answers may contain."""
    publishers = {grant.publisher for grant in caller.grants}
    if None in publishers:
        return EVERYTHING
    return Audience(tuple(sorted(name.lower() for name in publishers if name is not None)))


def may_read(caller: Caller, publisher: str, private: bool) -> bool:
    """Whether the caller may see the models of the publisher."""
    return audience_of(caller).includes(publisher, private)


def require(caller: Caller, scope: str, publisher: str | None) -> None:
    """Checks that the caller has `scope` for the publisher; None means the whole hub.

    Raises:
      AuthenticationError: the caller is anonymous.
      ForbiddenError: the caller has only other scopes, or has it for other publishers.
    """
    require_known(caller)
    if has_scope(caller, scope, publisher):
        return
    what = _OF_THE_HUB[scope] if publisher is None else f"{_OF_A_PUBLISHER[scope]} {publisher!r}"
    raise ForbiddenError(
        f"{_who(caller)} may not {what}.",
        hint=f"This needs the scope {scope!r} for {publisher or 'all publishers'}: ask "
        f"{'an administrator' if publisher is None else 'an owner of this publisher'}.",
    )


def require_reader(caller: Caller) -> None:
    """Checks that the caller may read the whole hub. Raises the errors of `require`."""
    require(caller, READ, None)


def require_known(caller: Caller) -> None:
    """Checks that the caller is not anonymous.

    Raises:
      AuthenticationError: the caller has no token and no session.
    """
    if not caller.is_known:
        raise AuthenticationError(
            "Expected a token, got none.",
            hint="Run `tfhub login`, or set TFHUB_TOKEN for the hub in TFHUB_URL.",
        )


def require_signed_in(caller: Caller) -> None:
    """Checks that the caller is a browser with a valid session.

    Raises:
      AuthenticationError: it is not.
    """
    if caller.session is None:
        raise AuthenticationError(
            "Only signed-in users can use this page.", hint="This page opens after you sign in."
        )


def _who(caller: Caller) -> str:
    """Returns the caller and its rights, for messages."""
    has = "; ".join(f"scope {g.scope}, {g.publisher or 'all publishers'}" for g in caller.grants[:5])
    if caller.token is None:
        return f"The user {caller.name!r} ({has or 'member of no publisher'})"
    return f"The token {caller.token.name!r} ({has or 'its user is a member of no such publisher'})"
