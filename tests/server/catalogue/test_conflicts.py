"""Transactions that are repeated because another one changed the same rows."""

from __future__ import annotations

import concurrent.futures
import threading

import pytest
import sqlalchemy as sa
from catalogues import open_catalogue
from patience import PATIENCE
from transactions import waiting_work

from tensorflow_hub.handles import ModelName
from tensorflow_hub.server.catalogue import reading, writing
from tensorflow_hub.server.catalogue.conflicts import repeat_after_conflicts
from tensorflow_hub.server.catalogue.tables import publishers


def insert(connection, name):
    values = {"name": name, "name_key": name, "title": "", "description": "", "card": "", "private": False}
    connection.execute(sa.insert(publishers).values(created_at=0, mirrored=False, **values))


def title(connection, name, text):
    connection.execute(sa.update(publishers).where(publishers.c.name == name).values(title=text))


def test_a_conflict_that_does_not_end_is_raised(tmp_path):
    database, calls = open_catalogue(tmp_path), []

    def add_again():
        calls.append(1)
        with database.writing() as connection:
            insert(connection, "acme")

    repeat_after_conflicts(add_again)
    assert len(calls) == 1
    with pytest.raises(sa.exc.IntegrityError, match="UNIQUE constraint"):
        repeat_after_conflicts(add_again)
    assert len(calls) > 2
    database.close()


def test_an_error_that_is_no_conflict_is_raised_at_once(tmp_path):
    database, calls = open_catalogue(tmp_path), []

    def work():
        calls.append(1)
        with database.writing() as connection:
            connection.execute(sa.text("SELECT * FROM missing"))

    with pytest.raises(sa.exc.OperationalError, match="no such table"):
        repeat_after_conflicts(work)
    assert len(calls) == 1
    database.close()


class Meeting:
    """Where two threads wait for each other, at their first visit."""

    def __init__(self):
        self._barrier = threading.Barrier(2)
        self._is_over = False

    def wait(self):
        if not self._is_over:
            self._barrier.wait(PATIENCE)
            self._is_over = True


@pytest.fixture(name="database")
def _database(postgresql_catalogue):
    return postgresql_catalogue


@pytest.mark.services
def test_what_another_transaction_adds_first_is_used(database):

    def publish():
        with database.writing() as connection:
            writing.add_version(connection, ModelName.parse("acme/words/2"), "module", "test")

    with waiting_work(database) as start:
        with database.writing() as connection:
            writing.ensure_publisher(connection, "acme")
            published = start(lambda: repeat_after_conflicts(publish))
            assert not published.done(), "it waits for the publisher"
        published.result()
    with database.reading() as connection:
        assert reading.find_model(connection, ModelName.parse("acme/words")).latest == 2


@pytest.mark.services
def test_a_transaction_that_ends_a_deadlock_is_repeated(database):
    met = Meeting()
    with database.writing() as connection:
        insert(connection, "a")
        insert(connection, "b")

    def change_both(first, second, text):
        with database.writing() as connection:
            title(connection, first, text)
            met.wait()
            title(connection, second, text)

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        one = pool.submit(repeat_after_conflicts, lambda: change_both("a", "b", "one"))
        other = pool.submit(repeat_after_conflicts, lambda: change_both("b", "a", "other"))
        one.result(PATIENCE)
        other.result(PATIENCE)
    with database.reading() as connection:
        assert len(set(connection.execute(sa.select(publishers.c.title)).scalars())) == 1
