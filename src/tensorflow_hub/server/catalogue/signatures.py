"""The signing keys of publishers, and signatures of versions."""

from __future__ import annotations

import dataclasses
import time
from typing import Any

import sqlalchemy as sa

from tensorflow_hub.server.catalogue.records import Publisher, Version
from tensorflow_hub.server.catalogue.tables import signatures, signing_keys
from tensorflow_hub.signing.envelope import Envelope
from tensorflow_hub.signing.keys import PublicKey
from tensorflow_hub.signing.statement import Statement


@dataclasses.dataclass(frozen=True)
class SigningKey:
    """A signing key of a publisher; `revoked_at` is None while it is valid."""

    row: int
    id: str
    public_key: str
    name: str
    added_at: int
    added_by: str
    revoked_at: int | None


@dataclasses.dataclass(frozen=True)
class Signature:
    """A signature of a deployment of a version, with its key; it was verified when it was added."""

    kind: str
    envelope: str
    added_at: int
    key: SigningKey

    @property
    def statement(self) -> Statement:
        """The signed statement."""
        return Statement.from_bytes(Envelope.from_text(self.envelope).payload)


_KEY: tuple[sa.ColumnElement[Any], ...] = (
    signing_keys.c.id,
    signing_keys.c.key_id,
    signing_keys.c.public_key,
    signing_keys.c.name,
    signing_keys.c.added_at,
    signing_keys.c.added_by,
    signing_keys.c.revoked_at,
)


def list_keys(connection: sa.Connection, publisher: Publisher) -> list[SigningKey]:
    """Returns the keys of a publisher, including revoked ones, the oldest first."""
    query = sa.select(*_KEY).where(signing_keys.c.publisher_id == publisher.id).order_by(signing_keys.c.id)
    return [SigningKey(*row) for row in connection.execute(query)]


def find_key(connection: sa.Connection, publisher: Publisher, key_id: str) -> SigningKey | None:
    """Returns the key of a publisher with that short id, or None."""
    query = sa.select(*_KEY).where(
        signing_keys.c.publisher_id == publisher.id, signing_keys.c.key_id == key_id
    )
    row = connection.execute(query).first()
    return SigningKey(*row) if row else None


def add_key(
    connection: sa.Connection, publisher: Publisher, key: PublicKey, name: str, added_by: str
) -> SigningKey:
    """Adds a key to a publisher that does not have it yet."""
    connection.execute(
        sa.insert(signing_keys).values(
            publisher_id=publisher.id,
            key_id=key.id,
            public_key=str(key),
            name=name,
            added_at=int(time.time()),
            added_by=added_by,
            revoked_by="",
        )
    )
    found = find_key(connection, publisher, key.id)
    assert found is not None
    return found


def revoke_key(connection: sa.Connection, key: SigningKey, revoked_by: str) -> None:
    """Revokes a key. If it is revoked already, nothing changes."""
    connection.execute(
        sa.update(signing_keys)
        .where(signing_keys.c.id == key.row, signing_keys.c.revoked_at.is_(None))
        .values(revoked_at=int(time.time()), revoked_by=revoked_by)
    )


def list_signatures(connection: sa.Connection, version: Version) -> list[Signature]:
    """Returns the signatures of a version, the oldest first."""
    query = (
        sa.select(signatures.c.kind, signatures.c.envelope, signatures.c.added_at.label("signed"), *_KEY)
        .join(signing_keys, signatures.c.key_id == signing_keys.c.id)
        .where(signatures.c.version_id == version.id)
        .order_by(signatures.c.id)
    )
    return [
        Signature(row.kind, row.envelope, row.signed, SigningKey(*row[3:]))
        for row in connection.execute(query)
    ]


def add_signature(
    connection: sa.Connection, version: Version, kind: str, key: SigningKey, *, envelope: str, added_by: str
) -> bool:
    """Adds a signature.

    Returns False, and keeps the first one, if that key had signed this deployment before.
    """
    same = (
        signatures.c.version_id == version.id,
        signatures.c.kind == kind,
        signatures.c.key_id == key.row,
    )
    if connection.execute(sa.select(signatures.c.id).where(*same)).first() is not None:
        return False
    connection.execute(
        sa.insert(signatures).values(
            version_id=version.id,
            key_id=key.row,
            kind=kind,
            envelope=envelope,
            added_at=int(time.time()),
            added_by=added_by,
        )
    )
    return True
