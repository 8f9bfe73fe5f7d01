"""Members of publishers with their roles, and invitations to become a member."""

from __future__ import annotations

import dataclasses
import secrets
import time
from typing import Any

import sqlalchemy as sa

from tensorflow_hub.server.catalogue.records import Publisher
from tensorflow_hub.server.catalogue.tables import invitations, members, publishers, users
from tensorflow_hub.server.catalogue.tokens import hash_secret, new_id


@dataclasses.dataclass(frozen=True)
class Member:
    """A user with a role in a publisher: reader, publisher or owner."""

    user_id: int
    name: str
    role: str
    added_at: int
    added_by: str


@dataclasses.dataclass(frozen=True)
class Invitation:
    """An invitation: who has its secret can become a member with its role. `note` says whom it is for."""

    id: int
    publisher_id: int
    publisher: str
    role: str
    note: str
    created_at: int
    created_by: str
    expires_at: int


_INVITATION: tuple[sa.ColumnElement[Any], ...] = (
    invitations.c.id,
    invitations.c.publisher_id,
    publishers.c.name,
    invitations.c.role,
    invitations.c.note,
    invitations.c.created_at,
    invitations.c.created_by,
    invitations.c.expires_at,
)
_INVITED = invitations.join(publishers, invitations.c.publisher_id == publishers.c.id)


def list_members(connection: sa.Connection, publisher: Publisher) -> list[Member]:
    """Returns the members of a publisher, sorted by name."""
    query = (
        sa.select(users.c.id, users.c.name, members.c.role, members.c.added_at, members.c.added_by)
        .join(users, members.c.user_id == users.c.id)
        .where(members.c.publisher_id == publisher.id)
        .order_by(users.c.name_key)
    )
    return [Member(*row) for row in connection.execute(query)]


def find_member(connection: sa.Connection, publisher: Publisher, user_id: int) -> Member | None:
    """Returns the member of a publisher with that user id, or None."""
    return next((m for m in list_members(connection, publisher) if m.user_id == user_id), None)


def set_role(connection: sa.Connection, publisher_id: int, user_id: int, role: str, added_by: str) -> None:
    """Makes a user a member, or changes the role of a member. `added_by` is the name of who does it."""
    whose = (members.c.publisher_id == publisher_id, members.c.user_id == user_id)
    changed = connection.execute(sa.update(members).where(*whose).values(role=role, added_by=added_by))
    if changed.rowcount == 0:
        connection.execute(
            sa.insert(members).values(
                publisher_id=publisher_id,
                user_id=user_id,
                role=role,
                added_at=int(time.time()),
                added_by=added_by,
            )
        )


def remove_member(connection: sa.Connection, publisher: Publisher, user_id: int) -> None:
    """Removes a member. The sessions and tokens of the user lose the role at once."""
    connection.execute(
        sa.delete(members).where(members.c.publisher_id == publisher.id, members.c.user_id == user_id)
    )


def add_invitation(
    connection: sa.Connection, publisher: Publisher, role: str, note: str, *, created_by: str, seconds: int
) -> tuple[Invitation, str]:
    """Adds an invitation. Returns it and its secret, of which only the hash is stored."""
    secret, now = secrets.token_urlsafe(24), int(time.time())
    values = {"role": role, "note": note, "created_at": now, "created_by": created_by}
    invitation_id = new_id(connection, invitations)
    connection.execute(
        sa.insert(invitations).values(
            id=invitation_id,
            secret_sha256=hash_secret(secret),
            publisher_id=publisher.id,
            expires_at=now + seconds,
            **values,
        )
    )
    found = find_invitation(connection, secret)
    assert found is not None
    return found, secret


def find_invitation(connection: sa.Connection, secret: str) -> Invitation | None:
    """Returns the invitation with that secret, or None if there is none or it has expired."""
    query = sa.select(*_INVITATION).select_from(_INVITED)
    good = (invitations.c.secret_sha256 == hash_secret(secret), invitations.c.expires_at > int(time.time()))
    row = connection.execute(query.where(*good)).first()
    return Invitation(*row) if row else None


def list_invitations(connection: sa.Connection, publisher: Publisher) -> list[Invitation]:
    """Returns the invitations of a publisher that can be accepted, the latest first."""
    query = sa.select(*_INVITATION).select_from(_INVITED)
    good = (invitations.c.publisher_id == publisher.id, invitations.c.expires_at > int(time.time()))
    rows = connection.execute(query.where(*good).order_by(invitations.c.created_at.desc(), invitations.c.id))
    return [Invitation(*row) for row in rows]


def remove_invitation(connection: sa.Connection, invitation_id: int) -> bool:
    """Removes an invitation. Returns False if it was accepted or withdrawn in the meantime."""
    done = connection.execute(sa.delete(invitations).where(invitations.c.id == invitation_id))
    return done.rowcount == 1
