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

# How many seconds a writer waits for another one. SQLite allows one writer at a time.
BUSY_SECONDS = 30


class Database:
    """The connection pool of the catalogue, with `reading()` for queries and `writing()` for transactions.

    Args:
      url: an SQLAlchemy URL, for example from `database_url`.
    """

    def __init__(self, url: sa.URL) -> None:
        self.url = url
        self.is_sqlite = url.get_backend_name() == "sqlite"
        self.engine = _sqlite_engine(url) if self.is_sqlite else _postgres_engine(url)
        # With SQLite, SQLAlchemy would reset the isolation level after each use of a connection. Its PRAGMA
        # makes SQLite compile all statements again, which takes longer than running them.
        options = {"tfhub_begin": ""} if self.is_sqlite else {"isolation_level": "AUTOCOMMIT"}
        self._reader = self.engine.execution_options(**options)

    @contextlib.contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Opens a connection for queries. Each query sees the latest commit."""
        with self._reader.connect() as connection:
            yield connection

    @contextlib.contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """Opens a transaction.

        It commits at the end of the block, and rolls back if the block raises an error.
        """
        with self.engine.begin() as connection:
            yield connection

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[sa.Connection]:
        """Opens a connection whose queries all see the same state of the database.

        Writers do not wait for it.
        """
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
    """Returns the SQLAlchemy URL of the catalogue.

    Args:
      text: the URL in the settings; "" for an SQLite database in the data folder.
      data_folder: the data folder of the hub.

    Raises:
      SettingsError: the text is not a URL, or not one of SQLite or PostgreSQL.

    >>> database_url("postgresql://tfhub@db/hub", Path("/x")).drivername
    'postgresql+psycopg'
    """
    if not text:
        return sa.URL.create("sqlite", database=str(data_folder / "catalogue.sqlite"))
    try:
        url = sa.make_url(text)
    except sa.exc.ArgumentError as error:
        raise SettingsError(
            "Expected the URL of a database, got another text (not shown: it may contain a password).",
            hint="Use postgresql://user:password@host/name, or leave it empty for SQLite in the data folder.",
        ) from error
    backend = url.get_backend_name()
    if backend == "postgresql":
        return url.set(drivername="postgresql+psycopg")
    if backend != "sqlite":
        raise SettingsError(
            f"Expected a database of PostgreSQL or SQLite, got {backend!r}.",
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
        connection.isolation_level = None  # so that `_begin` below begins transactions, and not the driver
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
        # Takes the write lock at the beginning: two transactions that read and then write cannot deadlock.
        statement = connection.get_execution_options().get("tfhub_begin", "BEGIN IMMEDIATE")
        if statement:  # without one, each query sees the latest commit
            connection.exec_driver_sql(statement)

    return engine


def _begin_wal(connection: Any) -> None:
    """Turns on write-ahead logging, so that readers and the writer do not wait for each other.

    SQLite ignores its timeout for this statement: if the database is locked, it fails at once. So it is
    retried.
    """
    deadline = time.monotonic() + BUSY_SECONDS
    while not _set_wal(connection, is_last=time.monotonic() > deadline):
        time.sleep(0.02)


def _set_wal(connection: Any, is_last: bool) -> bool:
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
