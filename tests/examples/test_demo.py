"""`make demo` with real vectors and sentences; minutes long."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

DEMO = Path(__file__).resolve().parents[2] / "examples" / "demo" / "demo.py"


@pytest.mark.assets
@pytest.mark.slow
def test_the_demo_shows_the_gain_of_a_module():
    pytest.importorskip("keras", minversion="3")
    done = subprocess.run([sys.executable, str(DEMO)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    rows = dict(re.findall(r"^ +(\w[\w ,-]+?) +(\d+\.\d)% +\d+\.\d%$", done.stdout, flags=re.MULTILINE))
    accuracy = {what: float(value) for what, value in rows.items()}
    assert accuracy["module, fixed"] > accuracy["random vectors, fixed"] + 5
    assert accuracy["module, fine-tuned"] > accuracy["module, fixed"] + 2
    assert "now gives version 2" in done.stdout
    assert "versions never change" in done.stdout
