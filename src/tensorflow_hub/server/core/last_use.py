"""When tokens and sessions were last used: remembered, and written now and then, no write per request."""

from __future__ import annotations

import threading
import time

import sqlalchemy as sa

from tensorflow_hub.server.catalogue.database import Database
from tensorflow_hub.server.catalogue.records import Session, Token
from tensorflow_hub.server.catalogue.tables import sessions, tokens

# A moment is written again only after so many seconds.
_EXACT_TO = 60


class LastUses:
    """The uses since the last flush."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._used: dict[tuple[str, int], int] = {}

    def token(self, token: Token) -> None:
        """Notes that a token is used now."""
        self._note("tokens", token.id, token.used_at)

    def session(self, session: Session) -> None:
        """Notes that a session is used now."""
        self._note("sessions", session.id, session.used_at)

    def flush(self, database: Database) -> None:
        """Writes what was noted to the catalogue; what cannot be written is forgotten."""
        with self._lock:
            used, self._used = self._used, {}
        if not used:
            return
        tables = {table.name: table for table in (tokens, sessions)}
        with database.writing() as connection:
            for (name, row_id), at in sorted(used.items()):  # in one order in all processes
                table = tables[name]
                connection.execute(sa.update(table).where(table.c.id == row_id).values(used_at=at))

    def _note(self, table: str, row_id: int, known: int | None) -> None:
        now = int(time.time())
        if row_id and (known is None or now - known >= _EXACT_TO):
            with self._lock:
                self._used[table, row_id] = now
