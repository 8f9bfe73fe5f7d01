"""The connection to the catalogue: SQLite in WAL mode, or PostgreSQL."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from tensorflow_hub.errors import MissingDependencyError, SettingsError

# How long a writer waits for another one (SQLite has one at a time).
BUSY_SECONDS = 30


class Database:
    """An engine with the two ways to use it: `reading()` and `writing()`.

    Args:
      url: an SQLAlchemy URL, for example from `database_url`.
    """

    def __init__(self, url: sa.URL) -> None:
        self.url = url
        self.is_sqlite = url.get_backend_name() == "sqlite"
        self.engine = _sqlite_engine(url) if self.is_sqlite else _postgres_engine(url)
        self._reader = self.engine.execution_options(isolation_level="AUTOCOMMIT")

    @contextlib.contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A connection for queries, each of which sees the newest commit."""
        with self._reader.connect() as connection:
            yield connection

    @contextlib.contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """A transaction: commits at the end of the block, undoes all when an error leaves it."""
        with self.engine.begin() as connection:
            yield connection

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[sa.Connection]:
        """A connection whose queries all see the same moment, and keep no writer waiting."""
        if self.is_sqlite:
            engine = self.engine.execution_options(tfhub_begin="BEGIN")
        else:
            engine = self.engine.execution_options(isolation_level="REPEATABLE READ")
        with engine.connect() as connection:
            yield connection

    def close(self) -> None:
        """Closes the pooled connections."""
        self.engine.dispose()


def database_url(text: str, data_folder: Path) -> sa.URL:
    """The URL of the catalogue: `text`, or the embedded default in `data_folder`.

    >>> database_url("postgresql://tfhub@db/hub", Path("/x")).drivername
    'postgresql+psycopg'
    """
    if not text:
        return sa.URL.create("sqlite", database=str(data_folder / "catalogue.sqlite"))
    try:
        url = sa.make_url(text)
    except sa.exc.ArgumentError as error:
        raise SettingsError(
            "Expected the URL of a database, got another text (not shown: it may hold a password).",
            hint="Use postgresql://user:password@host/name, or leave it empty for the embedded default.",
        ) from error
    backend = url.get_backend_name()
    if backend == "postgresql":
        return url.set(drivername="postgresql+psycopg")
    if backend != "sqlite":
        raise SettingsError(
            f"Expected a database of the kind postgresql or sqlite, got {backend!r}.",
            hint="Use postgresql://user:password@host/name.",
        )
    return url


def _sqlite_engine(url: sa.URL) -> sa.Engine:
    engine = sa.create_engine(
        url,
        connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False},
        pool_size=32,
        max_overflow=-1,
        poolclass=sa.QueuePool,
    )

    @sa.event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # transactions are begun below, not by the driver
        _begin_wal(connection)
        for pragma in (
            "synchronous=FULL",
            "foreign_keys=ON",
            "cache_size=-32000",
            "mmap_size=268435456",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        options = connection.get_execution_options()
        if options.get("isolation_level") != "AUTOCOMMIT":
            # Takes the write lock at once: no deadlock between two transactions that read, then write.
            connection.exec_driver_sql(options.get("tfhub_begin", "BEGIN IMMEDIATE"))

    return engine


def _begin_wal(connection: Any) -> None:
    """Makes readers and the writer independent.

    SQLite does not wait for others when it changes this: it says at once that the database is locked.
    """
    until = time.monotonic() + BUSY_SECONDS
    while not _has_wal(connection, is_last=time.monotonic() > until):
        time.sleep(0.02)


def _has_wal(connection: Any, is_last: bool) -> bool:
    try:
        return bool(connection.execute("PRAGMA journal_mode=WAL").fetchone()[0] == "wal")
    except sqlite3.OperationalError as error:
        if is_last or "locked" not in str(error):
            raise
        return False


def _postgres_engine(url: sa.URL) -> sa.Engine:
    try:
        return sa.create_engine(url, pool_size=20, max_overflow=20, pool_pre_ping=True)
    except ModuleNotFoundError as error:
        raise MissingDependencyError(
            "PostgreSQL needs the package psycopg, which is not installed.",
            hint="Run: pip install 'tensorflow-hub[server,postgres]'",
        ) from error
