"""Sessions of browsers: begin at sign-in, are found by the secret in a cookie, end.

Only hashes are stored.
"""

from __future__ import annotations

import secrets
import time

import sqlalchemy as sa

from tensorflow_hub.server.catalogue.records import Session
from tensorflow_hub.server.catalogue.tables import sessions
from tensorflow_hub.server.catalogue.tokens import hash_secret, new_id

# After how many days a session ends, even if it is in use.
MAX_DAYS = 7

_COLUMNS = tuple(sessions.c[name] for name in Session.__dataclass_fields__)
_find = sa.select(*_COLUMNS).where(sessions.c.secret_sha256 == sa.bindparam("sha256"))


def begin_session(
    connection: sa.Connection, *, token_id: int | None, user_id: int | None, address: str, browser: str
) -> str:
    """Adds a session and returns its new secret.

    The hub never uses a secret that a browser sends at sign-in.
    """
    secret, now = secrets.token_urlsafe(32), int(time.time())
    connection.execute(
        sa.insert(sessions).values(
            id=new_id(connection, sessions),
            secret_sha256=hash_secret(secret),
            token_id=token_id,
            user_id=user_id,
            created_at=now,
            used_at=now,
            expires_at=now + MAX_DAYS * 86_400,
            address=address,
            browser=browser[:200],
        )
    )
    return secret


def find_session(connection: sa.Connection, secret: str, idle_seconds: int) -> Session | None:
    """Returns the session with that secret; None if there is none, or it has expired or was idle too long."""
    row = connection.execute(_find, {"sha256": hash_secret(secret)}).first()
    session = Session(*row) if row else None
    now = time.time()
    if session is None or session.expires_at <= now or session.used_at + idle_seconds <= now:
        return None
    return session


def list_sessions(
    connection: sa.Connection, *, token_id: int | None, user_id: int | None, idle_seconds: int
) -> list[Session]:
    """Returns the sessions of a user, or of a token if `user_id` is None, the latest first."""
    now = int(time.time())
    whose = sessions.c.user_id == user_id if user_id is not None else sessions.c.token_id == token_id
    query = sa.select(*_COLUMNS).where(
        whose, sessions.c.expires_at > now, sessions.c.used_at > now - idle_seconds
    )
    rows = connection.execute(query.order_by(sessions.c.created_at.desc(), sessions.c.id))
    return [Session(*row) for row in rows]


def end_session(connection: sa.Connection, session_id: int) -> None:
    """Removes a session, so that its cookie is no longer accepted."""
    connection.execute(sa.delete(sessions).where(sessions.c.id == session_id))


def remove_ended_sessions(connection: sa.Connection, idle_seconds: int) -> None:
    """Removes the sessions that have expired or were idle for too long."""
    now = int(time.time())
    over = sa.or_(sessions.c.expires_at <= now, sessions.c.used_at <= now - idle_seconds)
    connection.execute(sa.delete(sessions).where(over))
