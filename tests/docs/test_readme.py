"""The README's tour works as it stands there."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "tour.py"
spec = importlib.util.spec_from_file_location("tour", SCRIPT)
tour = importlib.util.module_from_spec(spec)
spec.loader.exec_module(tour)


def test_the_tour_is_short():
    lines = [line for line in tour.python_of_the_tour().splitlines() if line.strip()]
    assert len(lines) <= 20


def test_the_tour_works():
    pytest.importorskip("keras", minversion="3")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    said = tour.take(sys.executable, environment)
    assert "acme/three-words/1" in said
    assert "(2, 16)" in said
