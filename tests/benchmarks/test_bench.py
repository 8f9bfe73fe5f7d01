"""`scripts/bench.py`: the page shows old figures below new ones."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

OLD = """
About it.

| page | ms |
|---|---:|
| home | 10 |
| *2026-01-01* | *11* |
| search | 20 |
| gone | 5 |

| page | kB |
|---|---|
| home | 3 |

`benchmarks/pages.py`, 2026-11-20, 60 s.
"""
NEW = """\
| page | ms |
|---|---:|
| home | 9 |
| search | 20 |
| new | 7 |

| library | ms |
|---|---|
| home | 4 |"""


@pytest.fixture(scope="module")
def bench():
    spec = importlib.util.spec_from_file_location("bench", ROOT / "scripts" / "bench.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_rows_that_changed_have_the_old_ones_below(bench):
    lines = bench.with_rows_before(NEW, OLD).splitlines()
    assert lines == [*NEW.splitlines()[:3], "| *2026-11-20* | *10* |", *NEW.splitlines()[3:]]


def test_rows_that_begin_alike_are_told_by_their_order(bench):
    new = "| client | link | s |\n|---|---|---|\n| ours | plain | 1 |\n| ours | shaped | 2 |"
    old = new.replace(" 1 ", " 3 ").replace(" 2 ", " 4 ") + "\n\n`benchmarks/x.py`, 2026-11-20, 1 s."
    lines = bench.with_rows_before(new, old).splitlines()
    assert lines[3] == "| *2026-11-20* | *plain* | *3* |"
    assert lines[5] == "| *2026-11-20* | *shaped* | *4* |"


def test_without_an_old_run_the_figures_stand_alone(bench):
    assert bench.with_rows_before(NEW, "") == NEW


def test_quick_runs_print_and_leave_the_page_as_it_is(bench):
    before = bench.PAGE.read_bytes()
    command = [
        sys.executable,
        str(ROOT / "scripts" / "bench.py"),
        "growth",
        "--quick",
        "--",
        "--only",
        "cache",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "| modules | list, s |" in done.stdout
    assert bench.PAGE.read_bytes() == before
