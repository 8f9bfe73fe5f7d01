"""No two modules need each other, directly or through others: a reader can begin at the bottom."""

from __future__ import annotations

import ast
import graphlib
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "src" / "tensorflow_hub"


def module_name(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(path: Path, modules: set[str]) -> set[str]:
    """The modules of the package that a file imports anywhere: in functions and for types too."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            members = {f"{node.module}.{alias.name}" for alias in node.names}
            names |= (members & modules) or {node.module}
    return names & modules - {module_name(path)}


def imports_of(folder: Path) -> dict[str, set[str]]:
    paths = {module_name(path): path for path in folder.rglob("*.py")}
    return {name: imported(path, set(paths)) for name, path in paths.items()}


def test_there_are_no_import_cycles():
    try:
        graphlib.TopologicalSorter(imports_of(PACKAGE)).prepare()
    except graphlib.CycleError as error:
        pytest.fail(f"these import each other: {' → '.join(error.args[1])}")


# Where nothing is imported before TensorFlow anyway, imports are at the top, for readers to see.
AT_THE_TOP = ("internals", "graphs", "exporting", "loading")


@pytest.mark.parametrize("folder", AT_THE_TOP)
def test_the_folders_of_tensorflow_import_at_the_top_only(folder):
    found = [
        f"{path.relative_to(PACKAGE)}:{node.lineno}"
        for path in (PACKAGE / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom)
        and node.col_offset
        and str(node.module).startswith("tensorflow_hub")
    ]
    assert found == []


def test_imports_in_functions_count():
    uses = imports_of(PACKAGE)
    assert "tensorflow_hub.resolving.resolve" in uses["tensorflow_hub.cli.check"]
