"""A small real web server whose misbehaviour tests choose, and modules to serve with it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from archived_modules import make_module
from hub_server import HubServer


@pytest.fixture
def hub() -> Iterator[HubServer]:
    server = HubServer()
    yield server
    server.close()


@pytest.fixture
def module(tmp_path: Path) -> Path:
    """A directory that looks like a module: 9 MB, of which 8 do not compress."""
    return make_module(tmp_path / "module")
