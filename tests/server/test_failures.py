"""What fails inside a hub is answered with a page or JSON that names the request, and stands in the log."""

from __future__ import annotations

import shutil
import sqlite3

import pytest
import requests
from hub_content import card, module
from hub_process import HubProcess
from patience import PATIENCE

from tensorflow_hub.client.publishing import publish

HTML, JSON = "text/html", "application/json"


@pytest.fixture
def hub(tmp_path):
    with HubProcess(tmp_path / "data") as hub:
        publish(module(), card=card("acme/words/1"), hub=hub.url, token=hub.token)
        yield hub


def get(hub, path, accept):
    return requests.get(hub.url + path, headers={"Accept": accept}, timeout=PATIENCE)


def damage(hub, statement):
    with sqlite3.connect(hub.data / "catalogue.sqlite") as connection:
        connection.execute(statement)


@pytest.mark.parametrize("accept", [HTML, JSON])
def test_an_unexpected_error_names_the_request(hub, accept):
    damage(hub, "UPDATE deployments SET description = '{\"variants\": 3}'")
    damage(hub, "UPDATE cards SET metadata = '3'")
    answer = get(hub, "/acme/words/1", accept)
    assert answer.status_code == 500
    assert answer.headers["Content-Type"].startswith(accept)
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    number = answer.headers["X-Request-Id"]
    assert f"at the request {number}" in answer.text
    log = (hub.data.parent / "data.log").read_text()
    [line] = [line for line in log.splitlines() if "failed in an unexpected way" in line]
    assert f"request={number}" in line
    assert "Traceback" in log
    assert get(hub, "/help", HTML).status_code == 200, "the hub goes on"


@pytest.mark.parametrize("accept", [HTML, JSON])
def test_a_catalogue_that_fails_is_reported(hub, accept):
    damage(hub, "ALTER TABLE versions RENAME TO elsewhere")
    answer = get(hub, "/acme/words/1", accept)
    assert answer.status_code == 503
    assert answer.headers["Content-Type"].startswith(accept)
    assert answer.headers["Retry-After"]
    assert "The catalogue of this hub cannot be reached." in answer.text


def test_a_store_that_lost_its_files_is_reported(hub):
    shutil.rmtree(hub.data / "store" / "archives")
    answer = get(hub, "/acme/words/1?tf-hub-format=compressed", "*/*")
    assert answer.status_code == 503
    assert "admin check" in answer.json()["error"]["hint"]
    headers = {"Accept": "application/vnd.tensorflow-hub.index+json"}
    index = requests.get(
        f"{hub.url}/acme/words/1?tf-hub-format=compressed", headers=headers, timeout=PATIENCE
    )
    assert index.status_code == 503
    assert index.json()["error"]["code"] == "unavailable"
