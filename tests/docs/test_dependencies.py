"""Every dependency has a line in docs/dependencies.md saying what it is for."""

from __future__ import annotations

import itertools
import re
import sys

import pytest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


def _name(requirement: str) -> str:
    match = re.match(r"[A-Za-z0-9._-]+", requirement.strip())
    assert match, requirement
    return match[0].lower()


def _declared(repository) -> set[str]:
    project = tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    listed = [*project["dependencies"], *itertools.chain(*project["optional-dependencies"].values())]
    for path in (repository / "requirements").glob("*.in"):
        lines = (line.split("#")[0].strip() for line in path.read_text(encoding="utf-8").splitlines())
        listed += [line for line in lines if line and not line.startswith("-")]
    return {_name(requirement) for requirement in listed}


def _explained(repository) -> set[str]:
    page = (repository / "docs" / "dependencies.md").read_text(encoding="utf-8")
    cells = [line.split("|")[1] for line in page.splitlines() if line.startswith("| `")]
    return {name.lower() for cell in cells for name in re.findall(r"`([^`]+)`", cell)}


def test_every_dependency_is_explained(repository):
    assert sorted(_declared(repository) - _explained(repository)) == []


def test_nothing_is_explained_that_is_not_a_dependency(repository):
    assert sorted(_explained(repository) - _declared(repository)) == []


@pytest.mark.parametrize("environment", ["demo", "dev", "tf215", "beam", "spark", "backends", "clients"])
def test_locks_have_hashes_and_no_address_of_an_index(repository, environment):
    lock = (repository / "requirements" / f"{environment}.txt").read_text(encoding="utf-8")
    pins = re.findall(r"^[a-z0-9_.\[\]-]+==.*(?:\n .*)*", lock, flags=re.MULTILINE)
    assert len(pins) > 20
    assert all("--hash=sha256:" in pin for pin in pins)
    assert not re.search(r"https?://|^--(extra-)?index-url", lock, flags=re.MULTILINE)
