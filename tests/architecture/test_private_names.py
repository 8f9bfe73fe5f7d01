"""Private names of TensorFlow and Keras stand in internals/ alone."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "src" / "tensorflow_hub"
FOLDERS = ("internals", "graphs", "exporting", "loading", "keras_layer", "tools")
SOURCES = {
    path: ast.parse(path.read_text(encoding="utf-8"))
    for path in [*PACKAGE.glob("*.py"), *(p for folder in FOLDERS for p in (PACKAGE / folder).rglob("*.py"))]
}
OUTSIDE = [path for path in SOURCES if path.relative_to(PACKAGE).parts[0] != "internals"]
PRIVATE_MODULE = re.compile(r"tensorflow\.python\b|(tf_)?keras\.src\b|tensorflow\.__internal__")

ALLOWED = {"_asdict", "_exit", "_fields", "_getframe", "_replace"}  # of Python itself


def defined_in(tree: ast.AST) -> set[str]:
    """The names that a file defines: functions, classes, variables, attributes of `self`."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            names |= {node.attr} if ast.unparse(node.value) in {"self", "cls"} else set()
    return names


def private_attributes(tree: ast.AST) -> list[ast.Attribute]:
    attributes = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
    return [a for a in attributes if a.attr.startswith("_") and not a.attr.startswith("__")]


# What internals/ uses: no other file may, unless it defines the name itself.
PRIVATE_NAMES = {
    attribute.attr
    for path, tree in SOURCES.items()
    if path not in OUTSIDE
    for attribute in private_attributes(tree)
}
OURS = {name for path in OUTSIDE for name in defined_in(SOURCES[path])} - PRIVATE_NAMES | ALLOWED


def private_modules(node: ast.AST) -> list[str]:
    """The private modules that an import names, or a text for `importlib.import_module`."""
    names: list[str] = []
    if isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
    elif isinstance(node, ast.ImportFrom):
        names = [node.module or ""]
    elif isinstance(node, ast.Constant) and isinstance(node.value, str) and " " not in node.value:
        names = [node.value]
    elif isinstance(node, ast.Attribute) and node.attr == "__internal__":
        names = ["tensorflow.__internal__"]
    return [name for name in names if PRIVATE_MODULE.match(name)]


@pytest.mark.parametrize("path", OUTSIDE, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_private_name_of_tensorflow_or_keras_outside_of_internals(path):
    tree = SOURCES[path]
    known = OURS | defined_in(tree)
    found = [ast.unparse(a) for a in private_attributes(tree) if a.attr not in known]
    found += [name for node in ast.walk(tree) for name in private_modules(node)]
    assert found == []


def test_internals_use_private_names():
    assert {"_set_device", "_track_variable", "_trainable_weights"} <= PRIVATE_NAMES
