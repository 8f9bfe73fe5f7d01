"""The parsers of what comes from outside, for a few seconds; `make fuzz` does it at length."""

from __future__ import annotations

import subprocess
import sys


def test_damaged_bytes_give_results_or_hub_errors(repository):
    command = [sys.executable, repository / "scripts" / "fuzz.py", "--seconds", "5"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "0 failures" in result.stdout
