"""A real database that refuses to store the outcome of messages."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import sqlalchemy as sa

from tensorflow_hub.server.catalogue.database import Database
from tensorflow_hub.server.catalogue.tables import deliveries

_NAME = "no_outcome"
_SQLITE = (
    f"CREATE TRIGGER {_NAME} BEFORE UPDATE OF status ON deliveries BEGIN SELECT RAISE(ABORT, '{_NAME}'); END",
    f"DROP TRIGGER {_NAME}",
)
_POSTGRESQL = (
    f"ALTER TABLE deliveries ADD CONSTRAINT {_NAME} CHECK (status IS NULL) NOT VALID",
    f"ALTER TABLE deliveries DROP CONSTRAINT {_NAME}",
)


@contextlib.contextmanager
def outcomes_are_refused(database: Database) -> Iterator[None]:
    """Lets the database refuse each outcome of a message in the block."""
    begin, end = _SQLITE if database.is_sqlite else _POSTGRESQL
    with database.writing() as connection:
        connection.exec_driver_sql(begin)
    try:
        yield
    finally:
        with database.writing() as connection:
            connection.exec_driver_sql(end)


def has_claims(database: Database) -> bool:
    """Whether a process owns a message, because it sends it or could not store the outcome."""
    with database.reading() as connection:
        claimed = sa.select(deliveries.c.id).where(deliveries.c.claimed_until > 0)
        return connection.execute(claimed).first() is not None


def end_claims(database: Database) -> None:
    """Lets the time pass for which processes own the messages that they have claimed."""
    with database.writing() as connection:
        claimed = deliveries.c.claimed_until > 0
        connection.execute(sa.update(deliveries).where(claimed).values(claimed_until=1))
