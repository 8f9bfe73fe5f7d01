"""Search over a catalogue in a real PostgreSQL: the same answers, and no change is missed when many write."""

from __future__ import annotations

import threading

import pytest
from catalogues import put_entry

from tensorflow_hub.server.search.engine import search
from tensorflow_hub.server.search.follow import SearchFollower
from tensorflow_hub.server.search.request import SearchRequest

pytestmark = pytest.mark.services


@pytest.fixture(name="database")
def _database(postgresql_catalogue):
    return postgresql_catalogue


def find(database, follower, text):
    with database.reading() as connection:
        return list(search(follower.refresh(connection), SearchRequest(text=text, page_size=100)).ids)


def test_many_writers_at_once_and_every_write_is_found_at_once(database, tmp_path):
    followers = [SearchFollower(database, tmp_path / f"machine{number}") for number in range(2)]
    missed = []

    def write(number):
        follower = followers[number % 2]
        for step in range(10):
            model = put_entry(database, f"p{number}/m{step}/1", f"Thing word{number}x{step}.")
            if model not in find(database, follower, f"p{number}/m{step}"):
                missed.append((number, step))

    writers = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert missed == []
    for follower in followers:
        assert len(find(database, follower, "thing")) == 40


def test_answers_are_those_of_sqlite(database, tmp_path):
    put_entry(database, "acme/words/1", "Embeds words.", task=["text-embedding"], language=["de"])
    put_entry(database, "acme/pictures/1", "Classifies pictures.", task=["image-classification"])
    follower = SearchFollower(database, tmp_path / "search")
    with database.reading() as connection:
        answer = search(follower.refresh(connection), SearchRequest(text="word embeding german"))
    assert len(answer.ids) == 1
    assert answer.facets["language"] == (("de", 1),)
