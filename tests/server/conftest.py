"""A hub that serves during the tests of this folder, and what may be published on it."""

from __future__ import annotations

import itertools

import pytest
import requests
from hub_content import card, module
from hub_process import HubProcess
from patience import PATIENCE

from tensorflow_hub.client.publishing import publish
from tensorflow_hub.server.catalogue.database import Database, database_url
from tensorflow_hub.server.catalogue.migrate import migrate

_numbers = itertools.count()


@pytest.fixture(scope="session")
def hub_process(tmp_path_factory):
    """A hub that all tests share: each uses publishers of its own."""
    with HubProcess(tmp_path_factory.mktemp("hub") / "data", TFHUB_SERVER_GUESSES_PER_MINUTE="0") as hub:
        yield hub


@pytest.fixture(scope="session")
def linear(hub_process):
    """`shared/linear/1`, published."""
    return publish(module(), card=card("shared/linear/1"), hub=hub_process.url, token=hub_process.token)


@pytest.fixture
def api(hub_process):
    """Calls the hub: `api("GET", "/path", token=…)`, redirects not followed."""

    def call(method, path, token=None, **options):
        headers = options.pop("headers", {})
        if token:
            headers = {"Authorization": f"Bearer {token}", **headers}
        options.setdefault("allow_redirects", False)
        return requests.request(method, hub_process.url + path, headers=headers, timeout=PATIENCE, **options)

    return call


@pytest.fixture
def admin(hub_process):
    """The administrator's token."""
    return hub_process.token


@pytest.fixture
def new_token(api, admin):
    """Makes tokens: `new_token("publish", "acme")`."""

    def make(scope, publisher=None, **body):
        request = {"name": f"{scope} {publisher}", "scope": scope, "publisher": publisher, **body}
        answer = api("POST", "/api/v1/tokens", admin, json=request)
        assert answer.status_code == 201, answer.text
        return answer.json()["secret"]

    return make


@pytest.fixture
def postgresql_catalogue(postgres, tmp_path):
    """An empty catalogue in PostgreSQL."""
    database = Database(database_url(postgres.new_database(f"catalogue{next(_numbers)}"), tmp_path))
    migrate(database)
    yield database
    database.close()
