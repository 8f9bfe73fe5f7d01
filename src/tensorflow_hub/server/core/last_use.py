"""Records in memory when tokens and sessions were last used, and writes it regularly, not at each request."""

from __future__ import annotations

import threading
import time

import sqlalchemy as sa

from tensorflow_hub.server.catalogue.database import Database
from tensorflow_hub.server.catalogue.records import Session, Token
from tensorflow_hub.server.catalogue.tables import sessions, tokens

# A new time is recorded only if it is at least so many seconds after the last one.
_RESOLUTION_SECONDS = 60


class LastUses:
    """Records the uses since the last flush."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._used: dict[tuple[str, int], int] = {}

    def token(self, token: Token) -> None:
        """Records that a token is used now."""
        self._note("tokens", token.id, token.used_at)

    def session(self, session: Session) -> None:
        """Records that a session is used now."""
        self._note("sessions", session.id, session.used_at)

    def flush(self, database: Database) -> None:
        """Writes the recorded times to the catalogue. If that fails, they are discarded."""
        with self._lock:
            used, self._used = self._used, {}
        if not used:
            return
        tables = {table.name: table for table in (tokens, sessions)}
        with database.writing() as connection:
            for (name, row_id), at in sorted(used.items()):  # the same order in all processes: no deadlocks
                table = tables[name]
                connection.execute(sa.update(table).where(table.c.id == row_id).values(used_at=at))

    def _note(self, table: str, row_id: int, known: int | None) -> None:
        now = int(time.time())
        if row_id and (known is None or now - known >= _RESOLUTION_SECONDS):
            with self._lock:
                self._used[table, row_id] = now
