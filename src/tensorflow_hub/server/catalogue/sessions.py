"""Sessions of browsers: begun at sign-in, found by the secret in a cookie, ended. Only hashes are kept."""

from __future__ import annotations

import secrets
import time

import sqlalchemy as sa

from tensorflow_hub.server.catalogue.records import Session
from tensorflow_hub.server.catalogue.tables import sessions
from tensorflow_hub.server.catalogue.tokens import hash_of, new_id

# A session ends after so many days, however often it is used.
LONGEST_DAYS = 7

_COLUMNS = tuple(sessions.c[name] for name in Session.__dataclass_fields__)
_find = sa.select(*_COLUMNS).where(sessions.c.secret_sha256 == sa.bindparam("sha256"))


def begin_session(
    connection: sa.Connection, *, token_id: int | None, user_id: int | None, address: str, browser: str
) -> str:
    """Adds a session; its secret, which is new: no browser can bring one of its own choice."""
    secret, now = secrets.token_urlsafe(32), int(time.time())
    connection.execute(
        sa.insert(sessions).values(
            id=new_id(connection, sessions),
            secret_sha256=hash_of(secret),
            token_id=token_id,
            user_id=user_id,
            created_at=now,
            used_at=now,
            expires_at=now + LONGEST_DAYS * 86_400,
            address=address,
            browser=browser[:200],
        )
    )
    return secret


def find_session(connection: sa.Connection, secret: str, idle_seconds: int) -> Session | None:
    """The session with that secret, unless it expired or was not used for so long."""
    row = connection.execute(_find, {"sha256": hash_of(secret)}).first()
    session = Session(*row) if row else None
    now = time.time()
    if session is None or session.expires_at <= now or session.used_at + idle_seconds <= now:
        return None
    return session


def list_sessions(
    connection: sa.Connection, *, token_id: int | None, user_id: int | None, idle_seconds: int
) -> list[Session]:
    """The sessions of a user, or, without one, of a token; the last begun first."""
    now = int(time.time())
    whose = sessions.c.user_id == user_id if user_id is not None else sessions.c.token_id == token_id
    query = sa.select(*_COLUMNS).where(
        whose, sessions.c.expires_at > now, sessions.c.used_at > now - idle_seconds
    )
    rows = connection.execute(query.order_by(sessions.c.created_at.desc(), sessions.c.id))
    return [Session(*row) for row in rows]


def end_session(connection: sa.Connection, session_id: int) -> None:
    """Forgets a session: its cookie is worth nothing from now on."""
    connection.execute(sa.delete(sessions).where(sessions.c.id == session_id))


def forget_ended(connection: sa.Connection, idle_seconds: int) -> None:
    """Removes the sessions that are over; to be called now and then."""
    now = int(time.time())
    over = sa.or_(sessions.c.expires_at <= now, sessions.c.used_at <= now - idle_seconds)
    connection.execute(sa.delete(sessions).where(over))
