"""Transactions of PostgreSQL that meet at a chosen moment: one waits for a lock, and the other holds it."""

from __future__ import annotations

import concurrent.futures
import contextlib
from collections.abc import Callable, Iterator
from typing import TypeVar

import sqlalchemy as sa
from patience import until

from tensorflow_hub.server.catalogue.database import Database

T = TypeVar("T")
Start = Callable[[Callable[[], T]], "concurrent.futures.Future[T]"]

_WAITING = sa.text(
    "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
)


@contextlib.contextmanager
def waiting_work(database: Database) -> Iterator[Start]:
    """Gives a function that starts work in a thread, and returns when its transaction waits for a lock.

    PostgreSQL gives a lock to the transactions in the order in which they began to wait.
    """

    def start(work: Callable[[], T]) -> concurrent.futures.Future[T]:
        before = waiting_transactions(database)
        future = pool.submit(work)
        until(lambda: future.done() or waiting_transactions(database) > before, "the wait for a lock")
        return future

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        yield start


def waiting_transactions(database: Database) -> int:
    """How many transactions of the database wait for a lock."""
    with database.reading() as connection:
        return int(connection.execute(_WAITING).scalar_one())
