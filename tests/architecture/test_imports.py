"""The import rules of docs/ARCHITECTURE.md, once from the source and once in a process."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "src" / "tensorflow_hub"
HEAVY = {"tensorflow", "keras", "tf_keras", "jax", "torch", "tensorflow_estimator"}
MAY_IMPORT_TENSORFLOW = ("internals", "graphs", "exporting", "loading", "keras_layer", "tools")

# Imports point one way: a layer may import those in its set, and itself.
BASE = {
    "errors",
    "setting_values",
    "settings",
    "handles",
    "services",
    "whole_file",
    "process_usage",
    "progress",
    "sandbox",
    "svg",
}
LAYERS = {
    "errors": set(),
    "setting_values": {"errors", "handles"},
    "settings": {"setting_values"},
    "handles": {"errors"},
    "services": {"errors", "setting_values", "settings", "handles"},
    "whole_file": set(),
    "process_usage": set(),
    "progress": set(),
    "sandbox": {"process_usage"},
    "svg": set(),
    "format": BASE,
    "network": BASE,
    "resolving": BASE | {"format", "network", "signing"},
    "scanning": BASE,
    "signing": BASE,
    "api": BASE | {"format"},
    "client": BASE | {"format", "network", "api", "signing"},
    "copying": BASE | {"format", "network", "resolving", "api", "client"},
    "server": BASE | {"format", "network", "api", "signing"},
}
# The folders that import TensorFlow may use those of the library above, and each other from left to right:
# internals ◀ graphs ◀ exporting, loading ◀ keras_layer ◀ tools.
LIBRARY = BASE | {"format", "network", "resolving", "client"}
LAYERS |= {
    "internals": LIBRARY,
    "graphs": LIBRARY | {"internals"},
    "exporting": LIBRARY | {"internals", "graphs"},
    "loading": LIBRARY | {"internals", "graphs"},
    "keras_layer": LIBRARY | {"internals", "graphs", "loading"},
    "tools": LIBRARY | {"internals", "graphs", "exporting", "loading", "keras_layer"},
}


def layer_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(tree: ast.AST) -> set[str]:
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


SOURCES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_layers_point_one_way(path):
    layer = layer_of(path)
    if layer not in LAYERS:
        pytest.skip(f"{layer} may import every layer")
    tree = ast.parse(path.read_text(encoding="utf-8"))
    used = {name.split(".")[1] for name in imports(tree) if name.startswith("tensorflow_hub.")}
    subpackages = {p.name.removesuffix(".py") for p in PACKAGE.iterdir() if not p.name.startswith("_")}
    assert (used & subpackages) - {layer} <= LAYERS[layer]


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_tensorflow_is_imported_only_where_it_may_be(path):
    if layer_of(path) in MAY_IMPORT_TENSORFLOW:
        return
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert not {name.split(".")[0] for name in imports(tree)} & HEAVY


def run(code: str) -> str:
    program = f"import sys\n{code}\nprint(sorted(set({sorted(HEAVY)!r}) & set(sys.modules)))"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return result.stdout.splitlines()[-1]


def test_importing_the_package_imports_no_tensorflow():
    assert run("import tensorflow_hub") == "[]"
