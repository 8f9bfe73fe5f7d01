"""What a process tells of itself."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tensorflow_hub.process_usage import peak_memory

_MEMORY = "from tensorflow_hub.process_usage import peak_memory; print(peak_memory())"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the peak of the process itself")
def test_the_peak_of_a_process_is_not_that_of_its_starter():
    block = bytearray(300_000_000)
    block[::4096] = b"x" * len(block[::4096])  # every page is really there
    child = subprocess.run([sys.executable, "-c", _MEMORY], capture_output=True, text=True, check=True)
    assert peak_memory() > len(block)
    assert 1_000_000 < int(child.stdout) < 150_000_000
