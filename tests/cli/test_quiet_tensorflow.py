"""TensorFlow's messages at start-up are not shown by any verb."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest


def said_by(*arguments, level=None):
    """What the command writes to standard error, in a process of its own."""
    environment = {name: value for name, value in os.environ.items() if name != "TF_CPP_MIN_LOG_LEVEL"}
    environment |= {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    if level is not None:
        environment["TF_CPP_MIN_LOG_LEVEL"] = level
    command = [sys.executable, "-m", "tensorflow_hub", *map(str, arguments)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stderr


@pytest.mark.parametrize("level", [None, "0"])
def test_messages_of_tensorflow_are_shown_if_that_is_asked_for(level, text_module, tmp_path):
    (tmp_path / "t.txt").write_text("war and battle\nkiss and heart\n")
    arguments = ["neighbours", "build", text_module, tmp_path / "t.txt", "-o", tmp_path / "index"]
    said = said_by(*arguments, level=level)
    # What instructions the processor has: said on every machine.
    assert ("cpu_feature_guard" in said) == (level == "0"), said
