"""A hub with an entry of a private publisher, and its API as an administrator calls it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import requests
from hub_content import card
from hub_process import HubProcess
from patience import PATIENCE
from real_services import Postgres

HIDDEN = "hidden/model/1"


@contextlib.contextmanager
def private_hub(data: Path, database: str, **settings: str) -> Iterator[HubProcess]:
    """The hub, on SQLite or on a PostgreSQL server of its own."""
    with contextlib.ExitStack() as stack:
        settings = {"TFHUB_SERVER_GUESSES_PER_MINUTE": "0", **settings}
        if database == "postgresql":
            server = Postgres().start()
            stack.callback(server.remove)
            settings["TFHUB_SERVER_DATABASE"] = server.new_database("people")
        hub = stack.enter_context(HubProcess(data, **settings))
        api(hub, "PATCH", "/api/v1/publishers/hidden", json={"private": True})
        api(hub, "PUT", "/api/v1/cards", json={"handle": HIDDEN, "card": card(HIDDEN, "Placeholder")})
        yield hub


def api(hub: HubProcess, method: str, path: str, token: str = "", **options: Any) -> requests.Response:
    """Calls the API as its administrator, or with a token; it has to succeed."""
    headers = {"Authorization": f"Bearer {token or hub.token}"}
    answer = requests.request(method, hub.url + path, headers=headers, timeout=PATIENCE, **options)
    assert answer.ok, answer.text
    return answer


def new_token(hub: HubProcess, scope: str = "read", publisher: str = "hidden", **body: Any) -> dict[str, Any]:
    """A token with its secret."""
    body = {"name": f"{scope} {publisher}", "scope": scope, "publisher": publisher, **body}
    return api(hub, "POST", "/api/v1/tokens", json=body).json()
