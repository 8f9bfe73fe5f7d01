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


def require_publish(caller: Caller, publisher: str) -> None:
    """Raises unless the caller may publish below the publisher's name."""
    _require(caller, PUBLISH, publisher, f"publish as {publisher!r}")


def require_owner(caller: Caller, publisher: str) -> None:
    """Raises unless the caller manages the publisher."""
    _require(caller, ADMIN, publisher, f"manage the publisher {publisher!r}")


def require_admin(caller: Caller) -> None:
    """Raises unless the caller administers the hub."""
    _require(caller, ADMIN, None, "administer this hub")


def require_reader(caller: Caller) -> None:
    """Raises unless the caller may read all of the hub."""
    _require(caller, READ, None, "read what is about the whole hub")


def require_token(caller: Caller) -> None:
    """Raises for an anonymous caller."""
    if caller.token is None:
        raise AuthenticationError(
            "Expected a token, got none.",
            hint="Run `tfhub login`, or set TFHUB_TOKEN for the hub in TFHUB_URL.",
        )


def _require(caller: Caller, scope: str, publisher: str | None, what: str) -> None:
    require_token(caller)
    if not has_scope(caller, scope, publisher):
        assert caller.token is not None
        good_for = caller.token.publisher or "all publishers"
        raise ForbiddenError(
            f"The token {caller.token.name!r} (scope {caller.token.scope}, {good_for}) may not {what}.",
            hint=f"It takes the scope {scope!r} for {publisher or 'all publishers'}: ask an administrator.",
        )
