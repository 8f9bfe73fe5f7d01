"""Requests that change the same at the same time, on a hub with a real PostgreSQL.

The tests hold a lock of the database, so that the requests wait for it, one after the other.
"""

from __future__ import annotations

import io

import pytest
import requests
import sqlalchemy as sa
from hub_content import card, module
from hub_process import HubProcess
from PIL import Image
from transactions import waiting_work

from tensorflow_hub.client.publishing import publish
from tensorflow_hub.handles import ModelName
from tensorflow_hub.server.catalogue import reading
from tensorflow_hub.server.catalogue.database import Database, database_url
from tensorflow_hub.server.catalogue.tables import cards, deployments, measurements, pictures, versions
from tensorflow_hub.server.catalogue.writing import ensure_publisher

pytestmark = pytest.mark.services


@pytest.fixture(scope="module")
def hub(postgres, tmp_path_factory):
    folder = tmp_path_factory.mktemp("hub")
    url = postgres.new_database("changes_at_once")
    with HubProcess(folder / "data", TFHUB_SERVER_DATABASE=url) as hub:
        hub.database = Database(database_url(url, folder))
        yield hub
        hub.database.close()


@pytest.fixture
def call(hub):
    def call(method, path, **options):
        headers = {"Authorization": f"Bearer {hub.token}"}
        return requests.request(method, f"{hub.url}/api/v1/{path}", headers=headers, timeout=600, **options)

    return call


def put(hub, handle, text="A line through the origin."):
    publish(module(), card=card(handle).replace("A line", text), hub=hub.url, token=hub.token)


def picture():
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, "PNG")
    return file.getvalue()


LATE_CHANGES = {
    "withdrawals": lambda call, handle: call("POST", "withdrawals", json={"handle": handle, "reason": "old"}),
    "cards": lambda call, handle: call("PUT", "cards", json={"handle": handle, "card": card(handle)}),
    "pictures": lambda call, handle: call(
        "PUT", f"pictures/{handle}", params={"path": "a.png"}, data=picture()
    ),
    "measurements": lambda call, handle: call(
        "PUT",
        "measurements",
        json={"handle": handle, "task": "other", "dataset": "d", "metric": "accuracy", "value": 0.5},
    ),
}


@pytest.mark.parametrize("change", LATE_CHANGES)
def test_nothing_is_added_to_a_version_that_is_deleted_at_the_same_moment(hub, call, change):
    handle = f"late/{change}/1"
    put(hub, handle, "![A](a.png) a line")
    name = ModelName.parse(handle)
    with hub.database.reading() as connection:
        version = reading.find_version(connection, name)
    with waiting_work(hub.database) as start:
        with hub.database.writing() as connection:
            row = sa.select(versions.c.id).where(versions.c.id == version.id)
            connection.execute(row.with_for_update())
            deleted = start(lambda: call("POST", "deletions", json={"handle": handle, "reason": "leak"}))
            changed = start(lambda: LATE_CHANGES[change](call, handle))
            assert not deleted.done()
            assert not changed.done(), changed.result().text
        assert deleted.result().status_code == 200, deleted.result().text
        assert (changed.result().status_code, changed.result().json()["error"]["code"]) == (410, "gone")
    with hub.database.reading() as connection:
        assert reading.find_version(connection, name).state == "deleted"
        for table in (cards, deployments, measurements, pictures):
            of_version = sa.select(table.c.version_id).where(table.c.version_id == version.id)
            assert connection.execute(of_version).first() is None


def test_of_two_requests_that_add_the_same_the_second_finds_it(hub, call):
    body = {"handle": "same/place/1", "card": card("same/place/1", "Placeholder")}
    with waiting_work(hub.database) as start:
        with hub.database.writing() as connection:
            ensure_publisher(connection, "same")
            answers = [start(lambda: call("PUT", "cards", json=body)) for _ in range(2)]
            assert not any(answer.done() for answer in answers), "they wait for the publisher"
        assert sorted(answer.result().status_code for answer in answers) == [200, 201]
