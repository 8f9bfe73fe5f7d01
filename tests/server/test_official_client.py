"""The official client of tfhub.dev, tensorflow-hub 0.16.1 in an environment of its own, works unchanged."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from hub_content import module

# Its environments: TFHUB_TEST_PEERS names a folder with one called hub016.
PYTHON = Path(os.environ.get("TFHUB_TEST_PEERS", "/nonexistent")) / "hub016" / "bin" / "python"

PROGRAM = """
import sys, os
import tensorflow_hub as hub
url, cache = sys.argv[1:]
os.environ["TFHUB_CACHE_DIR"] = cache
for handle in (url + "/shared/linear/1", url + "/shared/linear"):
    path = hub.resolve(handle)
    print(sorted(os.listdir(path)))
loaded = hub.load(url + "/shared/linear/1")
print(sorted(loaded.signatures))
"""


@pytest.mark.skipif(
    not PYTHON.exists(), reason="TFHUB_TEST_PEERS names no folder with the environment hub016"
)
def test_the_official_client_resolves_and_loads(hub_process, linear, tmp_path):
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environ |= {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}
    result = subprocess.run(
        [PYTHON, "-c", PROGRAM, hub_process.url, str(tmp_path)],
        env=environ,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    lines = result.stdout.splitlines()
    expected = str(sorted(path.name for path in module().iterdir()))
    assert lines[-3:] == [expected, expected, "['default']"]
