"""The real clients of Kaggle and Hugging Face, in their environment, against the servers of our tests."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from patience import PATIENCE

# The newer kagglehub knows no setting for its address: only names of environments with fixed addresses.
RPC = """
import os, sys
import kagglesdk.kaggle_env as addresses
addresses._env_to_endpoint[addresses.KaggleEnv.LOCAL] = os.environ["KAGGLE_API_ENDPOINT"]
"""
KAGGLEHUB = "import sys, kagglehub\nprint(kagglehub.model_download(sys.argv[1]))\n"
HUGGINGFACE_HUB = """
import sys, huggingface_hub
print(huggingface_hub.snapshot_download(sys.argv[1], revision=sys.argv[2]))
"""


@pytest.fixture
def run_client(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs a client with arguments: "kagglehub-rest", "kagglehub-rpc" or "huggingface_hub"."""
    place = os.environ.get("TFHUB_TEST_CLIENTS", "")
    if not place:
        pytest.skip("TFHUB_TEST_CLIENTS names no environment with the clients (make test-clients)")
    python = Path(place) / "bin" / "python"

    def run(client: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        program = {
            "kagglehub-rest": KAGGLEHUB,
            "kagglehub-rpc": RPC + KAGGLEHUB,
            "huggingface_hub": HUGGINGFACE_HUB,
        }[client]
        given = {
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path / "home"),
            "NO_PROXY": "127.0.0.1,localhost",
            "KAGGLE_API_ENVIRONMENT": "LOCALHOST",
            **({"PYTHONPATH": str(Path(place) / "kagglehub-rest")} if client == "kagglehub-rest" else {}),
            **environment,
        }
        command = [str(python), "-c", program, *arguments]
        return subprocess.run(
            command, env=given, capture_output=True, text=True, timeout=PATIENCE, check=False
        )

    return run
