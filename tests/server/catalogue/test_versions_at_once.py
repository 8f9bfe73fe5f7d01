"""Versions that several transactions change at the same time, on a real PostgreSQL."""

from __future__ import annotations

import pytest
from catalogues import put_entry
from transactions import waiting_work

from tensorflow_hub.handles import ModelName
from tensorflow_hub.server.catalogue import reading, writing
from tensorflow_hub.server.catalogue.records import WITHDRAWN

pytestmark = pytest.mark.services


@pytest.fixture
def database(postgresql_catalogue):
    put_entry(postgresql_catalogue, "acme/words/1")
    return postgresql_catalogue


def latest(database):
    with database.reading() as connection:
        return reading.find_model(connection, ModelName.parse("acme/words")).latest


def add(connection, handle):
    return writing.add_version(connection, ModelName.parse(handle), "module", "test")


def test_the_latest_version_is_right_after_two_are_published_at_once(database):
    with waiting_work(database) as start:
        with database.writing() as first:
            add(first, "acme/words/3")

            def publish_an_older_one():
                with database.writing() as second:
                    add(second, "acme/words/2")

            published = start(publish_an_older_one)
            assert not published.done(), "it waits for the model"
        published.result()
    assert latest(database) == 3


def test_the_latest_version_is_right_after_one_is_withdrawn_and_another_published(database):
    with waiting_work(database) as start:
        with database.writing() as first:
            add(first, "acme/words/2")

            def withdraw():
                with database.writing() as second:
                    version = reading.find_version(second, ModelName.parse("acme/words/1"))
                    writing.set_state(second, version, WITHDRAWN, "wrong labels")

            withdrawn = start(withdraw)
            assert not withdrawn.done(), "it waits for the model"
        withdrawn.result()
    assert latest(database) == 2
