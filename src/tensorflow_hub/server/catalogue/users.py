"""Users, and what they may do: their roles as members of publishers."""

from __future__ import annotations

import dataclasses
import time

import sqlalchemy as sa

from tensorflow_hub.server.catalogue.records import Grant, Token, User
from tensorflow_hub.server.catalogue.tables import members, publishers, users
from tensorflow_hub.server.catalogue.tokens import ADMIN, PUBLISH, READ, SCOPES, new_id

# Role of a member → the scope that it has for its publisher.
ROLES = {"reader": READ, "publisher": PUBLISH, "owner": ADMIN}

# The issuer of users that this hub knows by itself.
LOCAL = ""

_COLUMNS = tuple(users.c[name] for name in User.__dataclass_fields__)
_by_id = sa.select(*_COLUMNS).where(users.c.id == sa.bindparam("id"))
_by_identity = sa.select(*_COLUMNS).where(
    users.c.issuer == sa.bindparam("issuer"), users.c.subject == sa.bindparam("subject")
)
_roles = (
    sa.select(publishers.c.name, members.c.role)
    .join(publishers, members.c.publisher_id == publishers.c.id)
    .where(members.c.user_id == sa.bindparam("user"))
    .order_by(publishers.c.name_key)
)


def find_user(connection: sa.Connection, user_id: int) -> User | None:
    """The user of that number; None for one who is disabled."""
    row = connection.execute(_by_id, {"id": user_id}).first()
    user = User(*row) if row else None
    return user if user is not None and user.disabled_at is None else None


@dataclasses.dataclass(frozen=True)
class ListedUser:
    """A user for administrators: who vouches for it ("" for this hub), and its roles: "owner of acme"."""

    name: str
    issuer: str
    roles: tuple[str, ...]
    created_at: int
    disabled: bool


def list_users(connection: sa.Connection) -> list[ListedUser]:
    """All users by name, disabled ones too."""
    found = []
    for row in connection.execute(sa.select(*_COLUMNS).order_by(users.c.name_key)).all():
        user = User(*row)
        whole = [f"scope {user.scope} for all publishers"] if user.scope else []
        of_publishers = connection.execute(_roles, {"user": user.id})
        roles = (*whole, *(f"{role} of {publisher}" for publisher, role in of_publishers))
        found.append(ListedUser(user.name, user.issuer, roles, user.created_at, user.disabled_at is not None))
    return found


def find_identity(connection: sa.Connection, issuer: str, subject: str) -> User | None:
    """The user with that identity, disabled or not."""
    row = connection.execute(_by_identity, {"issuer": issuer, "subject": subject}).first()
    return User(*row) if row else None


def has_name(connection: sa.Connection, name: str) -> bool:
    """Whether a user has that name, in any case of its letters."""
    query = sa.select(users.c.id).where(users.c.name_key == name.lower())
    return connection.execute(query).first() is not None


def add_user(connection: sa.Connection, issuer: str, subject: str, name: str) -> User:
    """Adds a user; the name must not be taken."""
    user_id = new_id(connection, users)
    values = {"issuer": issuer, "subject": subject, "name": name, "name_key": name.lower()}
    connection.execute(sa.insert(users).values(id=user_id, created_at=int(time.time()), **values))
    user = find_user(connection, user_id)
    assert user is not None
    return user


def set_scope(connection: sa.Connection, user: User, scope: str | None) -> None:
    """Gives a user a scope for all publishers; None takes it away."""
    connection.execute(sa.update(users).where(users.c.id == user.id).values(scope=scope))


def set_disabled(connection: sa.Connection, name: str, disabled: bool) -> bool:
    """Refuses all that a user sends, or takes that back; False when there is no user of that name."""
    query = sa.update(users).where(users.c.name_key == name.lower())
    changed = connection.execute(query.values(disabled_at=int(time.time()) if disabled else None))
    return changed.rowcount == 1


def grants_of_user(connection: sa.Connection, user: User) -> tuple[Grant, ...]:
    """What a user may do now."""
    whole = () if user.scope is None else (Grant(None, user.scope),)
    rows = connection.execute(_roles, {"user": user.id})
    return (*whole, *(Grant(row.name, ROLES[row.role]) for row in rows))


def narrowed(grants: tuple[Grant, ...], token: Token) -> tuple[Grant, ...]:
    """What of a user's rights a token of that user has: of its publisher, and up to its scope.

    >>> token = Token(1, "ci", "publish", "acme", 0, "alice", None, None, user_id=7)
    >>> narrowed((Grant("acme", "admin"), Grant("other", "admin")), token)
    (Grant(publisher='acme', scope='publish'),)
    """
    found = []
    for grant in grants:
        publisher = grant.publisher if token.publisher is None else token.publisher
        if grant.publisher is None or publisher is None or grant.publisher.lower() == publisher.lower():
            found.append(Grant(publisher, min(grant.scope, token.scope, key=SCOPES.index)))
    return tuple(found)
