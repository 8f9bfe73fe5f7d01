"""`tests/` mirrors `src/tensorflow_hub/`: each test is in the folder of the code that it tests."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
PACKAGE = TESTS.parent / "src" / "tensorflow_hub"

# Folders without a counterpart in the package, and what their tests are about instead.
OTHER_FOLDERS = {
    "architecture": "the rules of docs/ARCHITECTURE.md",
    "benchmarks": "that the programs in benchmarks/ run, on small inputs",
    "clients": "the clients of Kaggle and Hugging Face with the servers of our tests",
    "conformance": "the same tests for every store, source, catalogue, engine and hub",
    "docs": "that the documents match the code",
    "examples": "the programs in examples/",
    "journeys": "whole jobs through several parts, with real processes",
    "tools/distributed": "one job on every engine: it tests tools/bulk and the workers' environment together",
}
FILES = sorted(TESTS.rglob("test_*.py"))


def folder_of(path: Path) -> str:
    return path.parent.relative_to(TESTS).as_posix()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(TESTS).as_posix())
def test_the_folder_of_a_test_is_one_of_the_package(path):
    folder = folder_of(path)
    mirrored = (PACKAGE / folder).is_dir()
    assert mirrored or folder in OTHER_FOLDERS or folder.split("/")[0] in OTHER_FOLDERS


@pytest.mark.parametrize("folder", OTHER_FOLDERS)
def test_an_exception_has_a_folder_without_counterpart(folder):
    assert (TESTS / folder).is_dir()
    assert not (PACKAGE / folder).is_dir()


@pytest.mark.parametrize("path", sorted((TESTS / "cli").glob("test_*.py")), ids=lambda path: path.name)
def test_tests_of_the_command_are_named_as_the_verb(path):
    verb = path.stem.removeprefix("test_")
    assert (PACKAGE / "cli" / f"{verb}.py").is_file() or verb == "handles"  # of all verbs that take one


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(TESTS).as_posix())
def test_the_command_is_tested_in_its_own_folder(path):
    folder = folder_of(path).split("/")[0]
    if folder == "cli" or folder in OTHER_FOLDERS:
        return
    tree = ast.parse(path.read_text(encoding="utf-8"))
    modules = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module}
    assert not {name for name in modules if f"{name}.".startswith("tensorflow_hub.cli.")}
