"""Tokens: made, found by their secret, revoked. Only the hash of a secret is stored."""

from __future__ import annotations

import hashlib
import secrets
import time
from typing import Any

import sqlalchemy as sa

from tensorflow_hub.api.names import SCOPES
from tensorflow_hub.server.catalogue.records import Token
from tensorflow_hub.server.catalogue.tables import publishers, tokens

# A prefix by which scanners for leaked secrets can recognise tokens.
PREFIX = "tfhub_"
READ, PUBLISH, ADMIN = SCOPES

_COLUMNS: tuple[sa.ColumnElement[Any], ...] = (
    tokens.c.id,
    tokens.c.name,
    tokens.c.scope,
    publishers.c.name.label("publisher"),
    tokens.c.created_at,
    tokens.c.created_by,
    tokens.c.expires_at,
    tokens.c.revoked_at,
    tokens.c.user_id,
    tokens.c.used_at,
)
_JOINED = tokens.outerjoin(publishers, tokens.c.publisher_id == publishers.c.id)
_find = sa.select(*_COLUMNS).select_from(_JOINED).where(tokens.c.secret_sha256 == sa.bindparam("sha256"))


def create_token(
    connection: sa.Connection,
    name: str,
    scope: str,
    publisher_id: int | None,
    *,
    created_by: str,
    expires_at: int | None = None,
    user_id: int | None = None,
) -> tuple[int, str]:
    """Adds a token. Returns its id and its secret, which cannot be read again."""
    secret = PREFIX + secrets.token_urlsafe(24)
    token_id = new_id(connection, tokens)
    connection.execute(
        sa.insert(tokens).values(
            id=token_id,
            name=name,
            secret_sha256=hash_secret(secret),
            scope=scope,
            publisher_id=publisher_id,
            created_at=int(time.time()),
            created_by=created_by,
            expires_at=expires_at,
            user_id=user_id,
        )
    )
    return token_id, secret


def new_secret(connection: sa.Connection, token_id: int) -> str:
    """Replaces the secret of a token by a new one, and returns it."""
    secret = PREFIX + secrets.token_urlsafe(24)
    connection.execute(
        sa.update(tokens).where(tokens.c.id == token_id).values(secret_sha256=hash_secret(secret))
    )
    return secret


def find_token(connection: sa.Connection, secret: str) -> Token | None:
    """Returns the token with that secret; None if there is none, or it is revoked or expired."""
    row = connection.execute(_find, {"sha256": hash_secret(secret)}).first()
    token = Token(*row) if row else None
    return token if token is not None and token.is_valid else None


def get_token(connection: sa.Connection, token_id: int) -> Token | None:
    """Returns the token with that id in any state, or None."""
    row = connection.execute(sa.select(*_COLUMNS).select_from(_JOINED).where(tokens.c.id == token_id)).first()
    return Token(*row) if row else None


def list_tokens(connection: sa.Connection, publisher: str | None = None) -> list[Token]:
    """Returns the tokens of a publisher, or all tokens, the latest first."""
    query = sa.select(*_COLUMNS).select_from(_JOINED).order_by(tokens.c.created_at.desc(), tokens.c.id)
    if publisher is not None:
        query = query.where(publishers.c.name_key == publisher.lower())
    return [Token(*row) for row in connection.execute(query)]


def tokens_of_user(connection: sa.Connection, user_id: int) -> list[Token]:
    """Returns the tokens of a user, the latest first."""
    query = sa.select(*_COLUMNS).select_from(_JOINED).where(tokens.c.user_id == user_id)
    order = (tokens.c.created_at.desc(), tokens.c.id)
    return [Token(*row) for row in connection.execute(query.order_by(*order))]


def revoke_token(connection: sa.Connection, token_id: int) -> None:
    """Revokes a token. If it is revoked already, nothing changes."""
    connection.execute(
        sa.update(tokens)
        .where(tokens.c.id == token_id, tokens.c.revoked_at.is_(None))
        .values(revoked_at=int(time.time()))
    )


def has_tokens(connection: sa.Connection) -> bool:
    """Whether a token has ever been made on this hub."""
    return connection.execute(sa.select(tokens.c.id).limit(1)).first() is not None


def lock_tokens(connection: sa.Connection) -> None:
    """Waits until no other transaction adds a token, and lets none add one before the end of this one."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text("LOCK TABLE tokens IN SHARE ROW EXCLUSIVE MODE"))


def new_id(connection: sa.Connection, table: sa.Table) -> int:
    """Returns a random id of nine digits that no row has. Consecutive ids would reveal how much others do."""
    while True:
        number = 10**8 + secrets.randbelow(9 * 10**8)
        if connection.execute(sa.select(table.c.id).where(table.c.id == number)).first() is None:
            return number


def hash_secret(secret: str) -> str:
    """Returns the hash of a secret that is stored instead of it (SHA-256 in hex)."""
    return hashlib.sha256(secret.encode()).hexdigest()
