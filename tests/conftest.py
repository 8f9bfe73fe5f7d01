"""What every test shares: a cache, a home and a configuration of its own, and no variable of the caller's."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def _own_environment(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = ("TFHUB_TEST_", "TFHUB_ASSETS")
    for name in [name for name in os.environ if name.startswith("TFHUB_") and not name.startswith(kept)]:
        monkeypatch.delenv(name)
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / ".config"))
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(home / "cache"))


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the working tree."""
    return Path(__file__).parent.parent
