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


def test_a_row_that_is_new_gets_no_row_of_another(bench):
    old = (
        "| module | client | s |\n|---|---|---|\n| small | ours | 3 |\n\n`benchmarks/x.py`, 2026-11-20, 1 s."
    )
    new = "| module | client | s |\n|---|---|---|\n| small | bare loop | 1 |\n| small | ours | 2 |"
    lines = bench.with_rows_before(new, old).splitlines()
    assert lines[2:] == [
        "| small | bare loop | 1 |",
        "| small | ours | 2 |",
        "| *2026-11-20* | *ours* | *3* |",
    ]


def test_without_an_old_run_the_figures_stand_alone(bench):
    assert bench.with_rows_before(NEW, "") == NEW


SCRIPT = '''\
"""Measures two things."""
import sys
for part in sys.argv[1:] or ["one", "two"]:
    print(f"### Part {part}\\n\\n| what | s |\\n|---|---|\\n| {part} | {len(sys.argv)} |\\n")
'''


def test_a_run_of_one_part_leaves_the_others_as_they_are(bench, tmp_path):
    script = tmp_path / "things.py"
    script.write_text(SCRIPT)
    before = bench.section(script, [], "")
    assert before.startswith("\nMeasures two things.\n\n### Part one\n")
    after = bench.section(script, ["two"], before)
    one, two = (bench.parts(after)[f"### Part {part}"] for part in ("one", "two"))
    assert one == bench.parts(before)["### Part one"]
    assert one.splitlines()[-1].startswith("`benchmarks/things.py`, 20")
    assert two.splitlines()[-1].startswith("`benchmarks/things.py` with `two`, 20")
    row, row_before = two.splitlines()[4:6]
    assert row == "| two | 2 |"
    assert row_before.startswith("| *20")
    assert row_before.endswith("* | *1* |")
    assert bench.section(script, ["two"], after).count("Part") == 2


def test_a_benchmark_that_cannot_measure_has_no_section(bench, tmp_path, capfd):
    script = tmp_path / "things.py"
    script.write_text('"""Measures."""\nprint("Not measured: there is no GPU.")\n')
    assert bench.section(script, [], OLD) is None
    assert "things: Not measured: there is no GPU." in capfd.readouterr().err


def test_a_benchmark_that_fails_leaves_the_page_as_it_is(bench):
    before = bench.PAGE.read_bytes()
    command = [sys.executable, str(ROOT / "scripts" / "bench.py"), "startup", "--", "--runs", "none"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "startup: exit code 2" in done.stderr
    assert done.stderr.endswith("Failed, so the page has their last figures: startup.\n")
    assert bench.PAGE.read_bytes() == before


def test_the_source_of_several_parts_is_that_of_each(bench):
    old = "About it.\n\n### A\n\n| a |\n|---|\n\n### B\n\n| b |\n|---|\n\n`benchmarks/x.py`, 2026-01-01, 1 s."
    assert bench.parts(old)["### A"].splitlines()[-1] == "`benchmarks/x.py`, 2026-01-01, 1 s."
    assert list(bench.parts(old)) == ["### A", "### B"]


def test_the_source_names_the_revision_that_was_measured(bench):
    revision = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.strip()
    assert bench._revision() in {revision, f"{revision} with changes"}


def test_the_page_begins_with_a_table_of_its_sections(bench):
    rows = bench.contents({"pages": OLD}).splitlines()
    assert rows[2] == "| [pages](#pages) | About it. | 2026-11-20 |"


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
