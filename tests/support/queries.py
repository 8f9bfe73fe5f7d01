"""Counts the queries that a test sends to a catalogue."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import sqlalchemy as sa

from tensorflow_hub.server.catalogue.database import Database


@contextlib.contextmanager
def queries_of(database: Database) -> Iterator[list[str]]:
    """Yields a list, to which the text of each query in the block is added."""
    queries: list[str] = []
    listen = (database.engine, "before_cursor_execute", lambda *args: queries.append(args[2]))
    sa.event.listen(*listen)
    try:
        yield queries
    finally:
        sa.event.remove(*listen)
