"""Examples are scripts, not a package: their folder goes on the import path.

What needs a package from a registry skips, and says so, where none answers.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
for folder in (EXAMPLES, EXAMPLES / "demo"):
    sys.path.insert(0, str(folder))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    import assets

    try:
        return (yield)
    except assets.UnreachableRegistryError as error:
        pytest.skip(str(error).partition("\n")[0])
