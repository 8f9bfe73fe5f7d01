"""Who may do what. A token has a scope and is good for one publisher or for all.

    scope     its publisher                                    every publisher
    read      read what is private                             read what is private
    publish   … and publish, edit cards                        … and publish, edit cards
    admin     … and withdraw, tokens, title, privacy, audit    … and make publishers, delete, all of the hub

Whoever may not read a private publisher is told that nothing is there.
"""

from __future__ import annotations

from tensorflow_hub.errors import AuthenticationError, ForbiddenError
from tensorflow_hub.server.catalogue.audience import EVERYTHING, PUBLIC, Audience
from tensorflow_hub.server.catalogue.tokens import ADMIN, PUBLISH, READ, SCOPES
from tensorflow_hub.server.core.callers import Caller

# What a scope lets do, for messages.
_OF_A_PUBLISHER = {READ: "read what is private of", PUBLISH: "publish as", ADMIN: "manage the publisher"}
_OF_THE_HUB = {READ: "read what is about the whole hub", ADMIN: "administer this hub"}


def has_scope(caller: Caller, scope: str, publisher: str | None) -> bool:
    """Whether the caller's token includes `scope` for `publisher`; None stands for the hub as a whole."""
    token = caller.token
    if token is None or SCOPES.index(token.scope) < SCOPES.index(scope):
        return False
    return token.publisher is None or (publisher is not None and token.publisher.lower() == publisher.lower())


def audience_of(caller: Caller) -> Audience:
    """The readers that the caller is one of: whatever is told to the caller is computed for them."""
    if caller.token is None:
        return PUBLIC
    return EVERYTHING if caller.token.publisher is None else Audience((caller.token.publisher.lower(),))


def may_read(caller: Caller, publisher: str, private: bool) -> bool:
    """Whether the caller may see what the publisher has."""
    return audience_of(caller).includes(publisher, private)


def require(caller: Caller, scope: str, publisher: str | None) -> None:
    """Raises unless the caller's token includes `scope` for the publisher; None stands for the whole hub.

    Raises:
      AuthenticationError: there is no token.
      ForbiddenError: it has another scope, or is good for another publisher.
    """
    require_token(caller)
    if has_scope(caller, scope, publisher):
        return
    assert caller.token is not None
    what = _OF_THE_HUB[scope] if publisher is None else f"{_OF_A_PUBLISHER[scope]} {publisher!r}"
    good_for = caller.token.publisher or "all publishers"
    raise ForbiddenError(
        f"The token {caller.token.name!r} (scope {caller.token.scope}, {good_for}) may not {what}.",
        hint=f"It takes the scope {scope!r} for {publisher or 'all publishers'}: ask an administrator.",
    )


def require_reader(caller: Caller) -> None:
    """Raises unless the caller may read all of the hub."""
    require(caller, READ, None)


def require_token(caller: Caller) -> None:
    """Raises for an anonymous caller."""
    if caller.token is None:
        raise AuthenticationError(
            "Expected a token, got none.",
            hint="Run `tfhub login`, or set TFHUB_TOKEN for the hub in TFHUB_URL.",
        )
