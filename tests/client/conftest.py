"""A hub for the client to talk to."""

from __future__ import annotations

import pytest
from hub_process import HubProcess


@pytest.fixture(scope="session")
def hub(tmp_path_factory):
    with HubProcess(tmp_path_factory.mktemp("hub") / "data") as process:
        yield process
