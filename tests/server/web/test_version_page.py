"""The page of a version: few queries, because they take most of the time of an answer."""

from __future__ import annotations

import pytest
from catalogues import open_catalogue, put_entry
from hub_content import module
from queries import queries_of

from tensorflow_hub.api.figures import Figures
from tensorflow_hub.format.description import describe
from tensorflow_hub.handles import ModelName
from tensorflow_hub.server.catalogue import reading, writing
from tensorflow_hub.server.catalogue.counting import add_downloads
from tensorflow_hub.server.catalogue.measurements import Author, put_measurement
from tensorflow_hub.server.catalogue.records import Deployment
from tensorflow_hub.server.core.callers import Caller
from tensorflow_hub.server.core.lookup import find_readable_version
from tensorflow_hub.server.web.version_page import version_values

STRANGER = Caller(None, "192.0.2.1")
# The version, what it has, its children, the versions of the model, and the publisher.
ALWAYS = 5


def find(connection, handle):
    return reading.find_version(connection, ModelName.parse(handle))


@pytest.fixture
def database(tmp_path):
    database = open_catalogue(tmp_path)
    yield database
    database.close()


@pytest.fixture
def page(database):
    """The values of the page of a version, and how many queries they took."""

    def ask(handle, similar=(), **options):
        with queries_of(database) as queries, database.reading() as connection:
            version = find_readable_version(connection, ModelName.parse(handle), STRANGER)
            found = version_values(connection, version, "http://hub", similar, STRANGER, **options)
        return found, len(queries)

    return ask


def test_what_a_version_does_not_have_is_not_asked_for(database, page):
    put_entry(database, "acme/plain/1", "Embeds words.", task=["text-embedding"])
    found, queries = page("acme/plain/1")
    assert queries == ALWAYS
    assert (found["lead"], [chip.label for chip in found["chips"]]) == ("Embeds words.", ["Text embedding"])
    nothing = ("signatures", "measured", "used_by", "members", "similar", "downloads_links")
    assert [found[name] for name in nothing] == [[]] * len(nothing)
    assert (found["chart"], found["picture_url"]) == (None, "")


def test_what_a_version_has_takes_a_query_each(database, page):
    put_entry(database, "acme/known/1")
    put_entry(database, "acme/child/1", derived_from=["acme/known"])
    with database.writing() as connection:
        known = find(connection, "acme/known/1")
        figures = Figures("set", "accuracy", 0.5)
        publisher = reading.find_publisher(connection, "acme")
        put_measurement(connection, known, publisher, Author("test", None, None), figures)
    found, queries = page("acme/known/1")
    assert queries == ALWAYS + 2
    assert [row.value for row in found["measured"]] == ["0.5"]
    assert found["used_by"] == ["acme/child/1"]


def test_all_versions_are_compared_in_one_query(database, page):
    for number, task in enumerate(("text-embedding", "text-generation", "text-generation"), 1):
        put_entry(database, f"acme/words/{number}", task=[task])
    found, queries = page("acme/words/2")
    assert queries == ALWAYS + 1
    assert [(row["number"], row["changes"], row["has_older"]) for row in found["versions"]] == [
        (3, [], True),
        (2, ["Task: Text embedding → Text generation"], True),
        (1, [], False),
    ]


def test_models_in_lists_are_read_together(database, page):
    put_entry(database, "acme/words/1")
    member = put_entry(database, "acme/lite-model/words/1", kind="lite", parent_model=["acme/words/1"])
    other = put_entry(database, "acme/other/1")
    found, queries = page("acme/words/1", [member, other])
    assert queries == page("acme/words/1")[1] > ALWAYS
    assert [[model.handle for model in found[name]] for name in ("members", "similar")] == [
        ["acme/lite-model/words"],
        ["acme/other"],
    ]


def test_downloads_are_asked_for_where_there_are_some(database, page):
    put_entry(database, "acme/words/1")
    with database.writing() as connection:
        add_downloads(connection, {(find(connection, "acme/words/1").id, 0): 3})
    _, queries = page("acme/words/1")
    assert queries == ALWAYS + 1


@pytest.mark.parametrize(("unsafe_ops", "try_url"), [({}, "/acme/words/1:try"), ({"ReadFile": "reads"}, "")])
def test_whether_a_version_can_be_tried_takes_no_query(database, page, unsafe_ops, try_url):
    put_entry(database, "acme/words/1")
    description = {**describe(module()).to_dict(), "unsafe_ops": unsafe_ops}
    with database.writing() as connection:
        archive = Deployment("saved_model", "a" * 64, 10, f"sha256:{'b' * 64}", 20, 3, description, 0)
        writing.add_deployment(connection, find(connection, "acme/words/1"), archive)
    found, queries = page("acme/words/1", runs_models=True)
    assert (found["try_url"], queries) == (try_url, ALWAYS)
    assert page("acme/words/1", runs_models=False)[0]["try_url"] == ""
