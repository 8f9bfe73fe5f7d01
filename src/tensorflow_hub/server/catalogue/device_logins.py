"""Programs that wait for a user to sign them in with a browser (as in RFC 8628, device authorization).

Each program has a secret, and shows a short code that the user compares with the one in the browser.
"""

from __future__ import annotations

import dataclasses
import secrets
import time

import sqlalchemy as sa

from tensorflow_hub.server.catalogue.tables import device_logins
from tensorflow_hub.server.catalogue.tokens import hash_secret

# After how many seconds a waiting program has to start again.
SECONDS = 600
PENDING, GRANTED, DENIED = "pending", "granted", "denied"
# Without vowels, so that no words occur, and without letters that look like digits. This gives 17 billion
# codes.
_LETTERS = "BCDFGHJKMNPQRSTVWXZ"
_MAX_OPEN = 10_000


@dataclasses.dataclass(frozen=True)
class DeviceLogin:
    """A program that waits to be signed in.

    Attributes:
      device_sha256: the SHA-256 of the secret of the program.
      user_code: the code that the program and the page show: `WDJB-MJHT`.
      name: the name that the program sent.
      address: the IP address of the program.
      state: pending, granted or denied.
      token_id: the token that was made for it. Its secret is created when the program asks for it.
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
    """Adds a waiting program. Returns it and its secret, or None if too many programs are waiting."""
    now = int(time.time())
    connection.execute(sa.delete(device_logins).where(device_logins.c.expires_at <= now))
    if connection.execute(sa.select(sa.func.count()).select_from(device_logins)).scalar_one() >= _MAX_OPEN:
        return None
    letters = "".join(secrets.choice(_LETTERS) for _ in range(8))
    user_code, secret = f"{letters[:4]}-{letters[4:]}", secrets.token_urlsafe(32)
    connection.execute(
        sa.insert(device_logins).values(
            device_sha256=hash_secret(secret),
            user_code=user_code,
            name=name,
            address=address,
            state=PENDING,
            created_at=now,
            expires_at=now + SECONDS,
        )
    )
    login = find_by_secret(connection, secret)
    assert login is not None
    return login, secret


def find_by_secret(connection: sa.Connection, secret: str) -> DeviceLogin | None:
    """Returns the program with that secret, or None if there is none or it has expired."""
    return _find(connection, device_logins.c.device_sha256 == hash_secret(secret))


def find_by_code(connection: sa.Connection, code: str) -> DeviceLogin | None:
    """Returns the pending program with that code, or None. Spaces, hyphens and case are ignored."""
    letters = "".join(character for character in code.upper() if character.isalnum())
    shown = f"{letters[:4]}-{letters[4:]}"
    return _find(connection, device_logins.c.user_code == shown, device_logins.c.state == PENDING)


def record_answer(
    connection: sa.Connection, login: DeviceLogin, state: str, token_id: int | None = None
) -> bool:
    """Records that the user granted or denied access. Returns False if the program was answered already."""
    changed = connection.execute(
        sa.update(device_logins)
        .where(device_logins.c.device_sha256 == login.device_sha256, device_logins.c.state == PENDING)
        .values(state=state, token_id=token_id)
    )
    return changed.rowcount == 1


def remove_login(connection: sa.Connection, login: DeviceLogin) -> bool:
    """Removes a program that got its answer. Returns False if another request removed it first."""
    removed = connection.execute(
        sa.delete(device_logins).where(device_logins.c.device_sha256 == login.device_sha256)
    )
    return removed.rowcount == 1


def _find(connection: sa.Connection, *conditions: sa.ColumnElement[bool]) -> DeviceLogin | None:
    query = sa.select(*_COLUMNS).where(*conditions, device_logins.c.expires_at > int(time.time()))
    row = connection.execute(query).first()
    return DeviceLogin(*row) if row else None
