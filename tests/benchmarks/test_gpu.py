"""`benchmarks/gpu.py` skips where no GPU is, and all of it runs on a processor."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "gpu.py"


def run(*arguments):
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": ""}
    command = [sys.executable, str(SCRIPT), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_a_missing_gpu_is_reported():
    assert run() == ["Not measured: TensorFlow sees no GPU here."]


def test_every_part_runs_on_a_cpu():
    rows = [line.strip("| ").split(" | ") for line in run("--device", "cpu", "--quick") if "|" in line]
    modules = {row[0]: row[1:] for row in rows if row[0] in {"float32", "mixed_float16"}}
    assert len(modules) == 2
    for cells in modules.values():
        assert len(cells) == 5
        assert all(float(cell.replace(",", "")) > 0 for cell in cells), cells
    images, *seconds, overlap = rows[-1]
    assert images == "16"
    assert all(float(cell) > 0 for cell in (*seconds, overlap))
