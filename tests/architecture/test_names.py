"""Examples and the tests' own helpers are imported by bare names: no two may have the same."""

from __future__ import annotations

import collections
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDERS = ("examples", "examples/demo", "examples/zoo", "tests/support")


def test_no_two_bare_modules_share_a_name():
    names = collections.Counter(path.stem for folder in FOLDERS for path in (ROOT / folder).glob("*.py"))
    assert [name for name, count in names.items() if count > 1] == []
