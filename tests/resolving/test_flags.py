"""The absl flags of this library, in programs as they are written."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

pytest.importorskip("absl")

PROGRAM = """
from absl import app
import tensorflow_hub as hub
from tensorflow_hub.settings import Settings

def main(argv):
    settings = Settings.from_environment()
    print(settings.cache_dir, settings.load_format)

app.run(main)
"""


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        "TFHUB_CACHE_DIR": "/env",
    }
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_flag_wins_over_the_variable():
    assert (
        run("--tfhub_cache_dir=/flag", "--tfhub_model_load_format=compressed").stdout == "/flag COMPRESSED\n"
    )
    assert run().stdout == "/env AUTO\n"


def test_a_flag_takes_what_the_variable_takes():
    assert run("--tfhub_cache_dir=file:///my%20modules").stdout == "/my modules AUTO\n"


def test_a_wrong_value_is_refused():
    result = run("--tfhub_model_load_format=ZIP")
    assert result.returncode != 0
    assert "tfhub_model_load_format" in result.stderr


def test_absl_is_not_imported_for_it():
    code = "import sys, tensorflow_hub as hub; print('absl' in sys.modules)"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    output = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert output.stdout == "False\n"
