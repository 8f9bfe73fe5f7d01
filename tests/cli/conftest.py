"""What tests of the command line share."""

from __future__ import annotations

import pytest
from archived_modules import make_module
from hub_server import HubServer
from text_pair import parts  # noqa: F401
from tool_data import image_module, photos, reviews, text_module  # noqa: F401

from .services import Services


@pytest.fixture
def services(tmp_path):
    running = Services(tmp_path)
    yield running
    running.close()


@pytest.fixture
def hub():
    """A small web server whose misbehaviour tests choose."""
    server = HubServer()
    yield server
    server.close()


@pytest.fixture
def module(tmp_path):
    """A directory that looks like a module: 9 MB, of which 8 do not compress."""
    return make_module(tmp_path / "module")


@pytest.fixture
def handle(hub, module, monkeypatch):
    """A module that is published on `hub`."""
    monkeypatch.setenv("TFHUB_URL", hub.url)
    return hub.publish("acme/text/1", module)
