"""Programs that wait until somebody signs them in with a browser: each has a secret, and shows a code."""

from __future__ import annotations

import dataclasses
import secrets
import time

import sqlalchemy as sa

from tensorflow_hub.server.catalogue.tables import device_logins
from tensorflow_hub.server.catalogue.tokens import hash_of

# How long a program waits.
SECONDS = 600
PENDING, GRANTED, DENIED = "pending", "granted", "denied"
# No vowels, so no words; none of the letters that look like digits. 25 billion codes.
_LETTERS = "BCDFGHJKMNPQRSTVWXZ"
_MOST_OPEN = 10_000


@dataclasses.dataclass(frozen=True)
class DeviceLogin:
    """A program that waits.

    Attributes:
      user_code: what it shows, and what the page shows too: `WDJB-MJHT`.
      name: what it says of itself.
      address: where it asked from.
      state: pending, granted or denied.
      token_id: the token that was made for it; nobody has its secret before the program asks.
    """

    device_sha256: str
    user_code: str
    name: str
    address: str
    state: str
    created_at: int
    expires_at: int
    token_id: int | None


_COLUMNS = tuple(device_logins.c[name] for name in DeviceLogin.__dataclass_fields__)


def add_login(connection: sa.Connection, name: str, address: str) -> tuple[DeviceLogin, str] | None:
    """Adds a program that waits, with its secret; None when too many wait."""
    now = int(time.time())
    connection.execute(sa.delete(device_logins).where(device_logins.c.expires_at <= now))
    if connection.execute(sa.select(sa.func.count()).select_from(device_logins)).scalar_one() >= _MOST_OPEN:
        return None
    letters = "".join(secrets.choice(_LETTERS) for _ in range(8))
    user_code, secret = f"{letters[:4]}-{letters[4:]}", secrets.token_urlsafe(32)
    connection.execute(
        sa.insert(device_logins).values(
            device_sha256=hash_of(secret),
            user_code=user_code,
            name=name,
            address=address,
            state=PENDING,
            created_at=now,
            expires_at=now + SECONDS,
        )
    )
    login = by_secret(connection, secret)
    assert login is not None
    return login, secret


def by_secret(connection: sa.Connection, secret: str) -> DeviceLogin | None:
    """The program with that secret, unless it waited too long."""
    return _find(connection, device_logins.c.device_sha256 == hash_of(secret))


def by_code(connection: sa.Connection, code: str) -> DeviceLogin | None:
    """The program that shows that code and waits for an answer; spaces, hyphens and case do not matter."""
    letters = "".join(character for character in code.upper() if character.isalnum())
    shown = f"{letters[:4]}-{letters[4:]}"
    return _find(connection, device_logins.c.user_code == shown, device_logins.c.state == PENDING)


def answer(connection: sa.Connection, login: DeviceLogin, state: str, token_id: int | None = None) -> bool:
    """Notes what the person said; False when somebody was faster."""
    changed = connection.execute(
        sa.update(device_logins)
        .where(device_logins.c.device_sha256 == login.device_sha256, device_logins.c.state == PENDING)
        .values(state=state, token_id=token_id)
    )
    return changed.rowcount == 1


def remove_login(connection: sa.Connection, login: DeviceLogin) -> bool:
    """Forgets a program that got its answer; False when another request did that already."""
    removed = connection.execute(
        sa.delete(device_logins).where(device_logins.c.device_sha256 == login.device_sha256)
    )
    return removed.rowcount == 1


def _find(connection: sa.Connection, *conditions: sa.ColumnElement[bool]) -> DeviceLogin | None:
    query = sa.select(*_COLUMNS).where(*conditions, device_logins.c.expires_at > int(time.time()))
    row = connection.execute(query).first()
    return DeviceLogin(*row) if row else None
