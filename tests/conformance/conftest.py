"""The services that stores and catalogues are tested on, and the modules for engines."""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

import pytest
from ceph import Ceph
from real_services import SeaweedFS

sys.path.insert(0, str(Path(__file__).parents[1] / "tools"))

from tool_data import image_module, photos, text_module  # noqa: F401

_numbers = itertools.count()


@pytest.fixture(scope="session")
def seaweedfs(tmp_path_factory):
    server = SeaweedFS(tmp_path_factory.mktemp("seaweedfs")).start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def ceph():
    cluster = Ceph()
    try:
        yield cluster.start()
    finally:
        cluster.stop()


@pytest.fixture
def new_name():
    """A name for a database or bucket that no other test has."""
    return lambda: f"hub{next(_numbers)}"
