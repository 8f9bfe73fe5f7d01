"""What tests of the command line share."""

from __future__ import annotations

import pytest

from .services import Services


@pytest.fixture
def services(tmp_path):
    running = Services(tmp_path)
    yield running
    running.close()
