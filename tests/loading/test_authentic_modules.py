"""Modules written by the original library on TensorFlow 1.7 and 1.15, with the results it computed.

The cases and their checker are described in tests/data/tf1_modules/README.md; those in tf1_modules_more were
made in the same way by the script there. Each case is a test here.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import SimpleNamespace

import pytest

pytestmark = pytest.mark.tf1

DATA = Path(__file__).parents[1] / "data"
CASES = [p.parent for p in sorted(DATA.glob("tf1_modules*/*/case.json"))]


@pytest.fixture(scope="module")
def checker():
    specification = importlib.util.spec_from_file_location(
        "tf1_modules_check", DATA / "tf1_modules" / "check.py"
    )
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    module.setup()
    return module


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_check_of_the_case_passes(case, checker, capsys):
    report = checker.Report(verbose=False)
    arguments = SimpleNamespace(rtol=1e-5, atol=1e-6, export_to=None, all_loads=False)
    checker.run_case(str(case), checker.APIS, report, arguments)
    capsys.readouterr()
    failed = [row for row in report.rows if row[0] == "FAIL"]
    assert failed == []
    passed = sum(row[0] == "PASS" for row in report.rows)
    assert passed >= len(checker.load_case(str(case))[0]["checks"])
