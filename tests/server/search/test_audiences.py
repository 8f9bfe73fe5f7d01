"""The search indexes of audiences on disk: those that nobody asks for long are removed."""

from __future__ import annotations

import os
import time

import pytest
from catalogues import open_catalogue, put_entry

from tensorflow_hub.server.catalogue.audience import EVERYTHING, PUBLIC, Audience
from tensorflow_hub.server.catalogue.tables import publishers
from tensorflow_hub.server.search.engine import search
from tensorflow_hub.server.search.follow import AudienceIndexes
from tensorflow_hub.server.search.request import SearchRequest

BOTH = Audience(("acme", "zoo"))


@pytest.fixture
def database(tmp_path):
    database = open_catalogue(tmp_path / "data")
    for handle in ("acme/words/1", "zoo/words/1"):
        put_entry(database, handle)
    with database.writing() as connection:
        connection.execute(publishers.update().values(private=True))
    yield database
    database.close()


def found(indexes, database, audience):
    with database.reading() as connection:
        return indexes.answer(
            connection, audience, lambda index: search(index, SearchRequest(text="words")).total
        )


def set_last_use(folder, days):
    moment = time.time() - days * 86_400
    os.utime(folder / "used", (moment, moment))


def folders_with_an_index(folder):
    return {path.parent.name.partition("-")[0] for path in folder.glob("*/index")}


def test_an_index_that_nobody_asked_for_a_month_is_removed(database, tmp_path):
    folder = tmp_path / "search"
    before = AudienceIndexes(database, folder)
    assert (found(before, database, BOTH), found(before, database, PUBLIC)) == (2, 0)
    [several] = folder.glob("several-*")
    set_last_use(several, 29)
    assert found(AudienceIndexes(database, folder), database, EVERYTHING) == 2
    assert folders_with_an_index(folder) == {"several", "public", "everything"}
    set_last_use(several, 31)
    AudienceIndexes(database, folder).build()
    assert folders_with_an_index(folder) == {"public", "everything"}
    assert found(AudienceIndexes(database, folder), database, BOTH) == 2, "made again for who asks"


def test_a_reader_can_read_on_after_a_file_was_removed(database, tmp_path):
    folder = tmp_path / "search"
    opened = AudienceIndexes(database, folder)
    assert found(opened, database, BOTH) == 2
    [several] = folder.glob("several-*")
    set_last_use(several, 31)
    AudienceIndexes(database, folder).build()
    assert not (several / "index").exists()
    assert found(opened, database, BOTH) == 2
    put_entry(database, "acme/other-words/1")
    assert found(opened, database, BOTH) == 3


def test_an_index_that_is_asked_again_is_kept(database, tmp_path):
    folder = tmp_path / "search"
    opened = AudienceIndexes(database, folder)
    assert found(opened, database, BOTH) == 2
    [several] = folder.glob("several-*")
    set_last_use(several, 31)
    assert found(opened, database, BOTH) == 2
    AudienceIndexes(database, folder).build()
    assert (several / "index").exists()
