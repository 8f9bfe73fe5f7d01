"""What every test shares: a cache, a home and a configuration of its own, and the same luck each time."""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import numpy as np
import pytest
from real_services import Postgres

# No test fails because the machine is slow. Where CI is set, property tests try the same examples each time:
# whether a change is accepted never depends on luck. Elsewhere they look for new ones.
hypothesis.settings.register_profile(
    "tests",
    deadline=None,
    derandomize=bool(os.environ.get("CI")),
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("tests")


@pytest.fixture(autouse=True)
def _own_environment(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = ("TFHUB_TEST_", "TFHUB_ASSETS")
    ours = ("TFHUB_", "KAGGLE", "HF_", "HUGGING_FACE_")  # of this machine's user: tokens, caches, places
    for name in [name for name in os.environ if name.startswith(ours) and not name.startswith(kept)]:
        monkeypatch.delenv(name)
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / ".config"))
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(home / "cache"))
    # Servers are on loopback; a proxy that the machine needs for other things does not know them.
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")


@pytest.fixture(autouse=True)
def _seed_random_numbers() -> None:
    """Initial weights, orders of batches and the like are the same whatever ran before."""
    random.seed(0)
    np.random.seed(0)
    if "tensorflow" in sys.modules:
        sys.modules["tensorflow"].random.set_seed(0)


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the working tree."""
    return Path(__file__).parent.parent


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL server that all tests share: each makes databases of its own."""
    server = Postgres().start()
    yield server
    server.remove()
