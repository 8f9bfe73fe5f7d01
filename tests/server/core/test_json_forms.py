"""The JSON of a version: few queries, because they take most of the time of an answer."""

from __future__ import annotations

import pytest
from catalogues import open_catalogue, put_entry
from queries import queries_of

from tensorflow_hub.api.figures import Figures
from tensorflow_hub.handles import ModelName
from tensorflow_hub.server.catalogue import reading
from tensorflow_hub.server.catalogue.derivations import set_origins
from tensorflow_hub.server.catalogue.measurements import Author, put_measurement
from tensorflow_hub.server.core.callers import Caller
from tensorflow_hub.server.core.json_forms import version_json
from tensorflow_hub.server.core.lookup import find_readable_version

STRANGER = Caller(None, "192.0.2.1")


@pytest.fixture
def database(tmp_path):
    database = open_catalogue(tmp_path)
    for handle in ("acme/plain/1", "acme/known/1", "acme/child/1"):
        put_entry(database, handle, "Embeds words.", task=["text-embedding"])
    with database.writing() as connection:
        known, child = (
            reading.find_version(connection, ModelName.parse(handle))
            for handle in ("acme/known/1", "acme/child/1")
        )
        set_origins(connection, child, {"derived-from": ["acme/known"]})
        publisher = reading.find_publisher(connection, "acme")
        figures = Figures("set", "accuracy", 0.5)
        put_measurement(connection, known, publisher, Author("test", None, None), figures)
    yield database
    database.close()


@pytest.fixture
def answer(database):
    """The JSON of a version, and how many queries it took."""

    def ask(handle):
        with queries_of(database) as queries, database.reading() as connection:
            version = find_readable_version(connection, ModelName.parse(handle), STRANGER)
            found = version_json(connection, version, "http://hub", STRANGER)
        return found, len(queries)

    return ask


def test_what_a_version_does_not_have_is_not_asked_for(answer):
    found, queries = answer("acme/plain/1")
    assert queries == 2, "the version, and what it has"
    assert (found["description"], found["metadata"]) == ("Embeds words.", {"task": ["text-embedding"]})
    nothing = ("deployments", "pictures", "signatures", "measurements", "used_by", "derived_from")
    assert [found[name] for name in nothing] == [[]] * len(nothing)


def test_what_a_version_has_takes_a_query_each(answer):
    found, queries = answer("acme/known/1")
    assert queries == 4
    assert [measured["value"] for measured in found["measurements"]] == [0.5]
    assert found["used_by"] == ["acme/child/1"]
