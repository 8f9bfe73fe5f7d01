"""Users and their rights, which come from their roles as members of publishers."""

from __future__ import annotations

import dataclasses
import time

import sqlalchemy as sa

from tensorflow_hub.api.names import ROLES, SCOPES
from tensorflow_hub.server.catalogue.records import Grant, Token, User
from tensorflow_hub.server.catalogue.tables import members, publishers, users
from tensorflow_hub.server.catalogue.tokens import new_id

# The issuer of local users, who sign in with a token and not at an identity provider.
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
    """Returns the user with that id; None if there is none, or the user is disabled."""
    row = connection.execute(_by_id, {"id": user_id}).first()
    user = User(*row) if row else None
    return user if user is not None and user.disabled_at is None else None


@dataclasses.dataclass(frozen=True)
class ListedUser:
    """A user in the list for administrators.

    Attributes:
      issuer: the OpenID Connect issuer; "" for a local user of this hub.
      roles: in words: "owner of acme".
    """

    name: str
    issuer: str
    roles: tuple[str, ...]
    created_at: int
    disabled: bool


def list_users(connection: sa.Connection) -> list[ListedUser]:
    """Returns all users sorted by name, including disabled ones."""
    found = []
    for row in connection.execute(sa.select(*_COLUMNS).order_by(users.c.name_key)).all():
        user = User(*row)
        whole = [f"scope {user.scope} for all publishers"] if user.scope else []
        of_publishers = connection.execute(_roles, {"user": user.id})
        roles = (*whole, *(f"{role} of {publisher}" for publisher, role in of_publishers))
        found.append(ListedUser(user.name, user.issuer, roles, user.created_at, user.disabled_at is not None))
    return found


def find_identity(connection: sa.Connection, issuer: str, subject: str) -> User | None:
    """Returns the user with that identity, also if disabled, or None."""
    row = connection.execute(_by_identity, {"issuer": issuer, "subject": subject}).first()
    return User(*row) if row else None


def has_name(connection: sa.Connection, name: str) -> bool:
    """Whether a user has that name. Case is ignored."""
    query = sa.select(users.c.id).where(users.c.name_key == name.lower())
    return connection.execute(query).first() is not None


def add_user(connection: sa.Connection, issuer: str, subject: str, name: str) -> User:
    """Adds a user. No other user may have the name."""
    user_id = new_id(connection, users)
    values = {"issuer": issuer, "subject": subject, "name": name, "name_key": name.lower()}
    connection.execute(sa.insert(users).values(id=user_id, created_at=int(time.time()), **values))
    user = find_user(connection, user_id)
    assert user is not None
    return user


def set_scope(connection: sa.Connection, user: User, scope: str | None) -> None:
    """Sets the scope of a user for all publishers; None for no scope."""
    connection.execute(sa.update(users).where(users.c.id == user.id).values(scope=scope))


def set_disabled(connection: sa.Connection, name: str, disabled: bool) -> bool:
    """Disables or enables a user. Requests of a disabled user are refused.

    Returns False if there is no user with that name.
    """
    query = sa.update(users).where(users.c.name_key == name.lower())
    changed = connection.execute(query.values(disabled_at=int(time.time()) if disabled else None))
    return changed.rowcount == 1


def grants_of_user(connection: sa.Connection, user: User) -> tuple[Grant, ...]:
    """Returns the rights that a user has now."""
    whole = () if user.scope is None else (Grant(None, user.scope),)
    rows = connection.execute(_roles, {"user": user.id})
    return (*whole, *(Grant(row.name, ROLES[row.role]) for row in rows))


def restrict_grants(grants: tuple[Grant, ...], token: Token) -> tuple[Grant, ...]:
    """Restricts the rights of a user to those of a token of that user: its publisher, and up to its scope.

    >>> token = Token(1, "ci", "publish", "acme", 0, "alice", None, None, user_id=7)
    >>> restrict_grants((Grant("acme", "admin"), Grant("other", "admin")), token)
    (Grant(publisher='acme', scope='publish'),)
    """
    found = []
    for grant in grants:
        publisher = grant.publisher if token.publisher is None else token.publisher
        if grant.publisher is None or publisher is None or grant.publisher.lower() == publisher.lower():
            found.append(Grant(publisher, min(grant.scope, token.scope, key=SCOPES.index)))
    return tuple(found)
