"""Connections to an SQLite catalogue."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from catalogues import open_catalogue, put_entry

from tensorflow_hub.server.catalogue.tables import models


@pytest.fixture
def database(tmp_path):
    database = open_catalogue(tmp_path)
    yield database
    database.close()


def test_for_reading_nothing_but_the_queries_is_run(database):
    sent = []
    with database.reading() as connection:
        connection.connection.dbapi_connection.set_trace_callback(sent.append)
    for _ in range(2):
        with database.reading() as connection:
            assert connection.execute(sa.text("SELECT 1")).scalar() == 1
    assert sent == ["SELECT 1"] * 2, "a PRAGMA would make SQLite compile all statements again"


def test_each_query_sees_the_latest_commit(database):
    count = sa.select(sa.func.count()).select_from(models)
    with database.reading() as connection:
        for number in range(3):
            assert connection.execute(count).scalar() == number
            put_entry(database, f"acme/words{number}/1")


def test_a_snapshot_sees_the_same_all_the_time(database):
    count = sa.select(sa.func.count()).select_from(models)
    with database.snapshot() as connection:
        for number in range(3):
            assert connection.execute(count).scalar() == 0
            put_entry(database, f"acme/words{number}/1")
