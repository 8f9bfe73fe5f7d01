"""The imports of a program: which full names its local names stand for."""

from __future__ import annotations

import ast
from collections.abc import Sequence

ROOT = "tensorflow_hub"
_LOADERS = frozenset({"import_module", "__import__"})


class Names:
    """The imports of a program, under any alias.

    Attributes:
      packages: all packages that are imported.

    Args:
      nodes: all nodes of the program.
    """

    def __init__(self, nodes: Sequence[ast.AST]) -> None:
        self.packages: set[str] = set()
        self._meanings: dict[str, str] = {}
        self._takes_all = False
        for node in nodes:
            self._note_import(node)
        for _ in range(3):  # aliases of aliases
            for node in nodes:
                self._note_alias(node)

    def meaning(self, node: ast.AST) -> str:
        """The full dotted name of an expression; "" if it is not an imported name.

        With `import tensorflow_hub as hub`, `hub.load` means `tensorflow_hub.load`.
        """
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return ""
        base = self._meanings.get(node.id, "")
        if not base and self._takes_all and not parts:
            base = f"{ROOT}.{node.id}"
        return ".".join([base, *reversed(parts)]) if base else ""

    def _note_import(self, node: ast.AST) -> None:
        match node:
            case ast.Import(names=names):
                for alias in names:
                    self.packages.add(alias.name.split(".")[0])
                    meant = alias.name if alias.asname else alias.name.split(".")[0]
                    self._meanings[alias.asname or meant] = meant
            case ast.ImportFrom(module=str(module), names=names, level=0):
                self.packages.add(module.split(".")[0])
                for alias in names:
                    if alias.name == "*":
                        self._takes_all = self._takes_all or module == ROOT
                    else:
                        self._meanings[alias.asname or alias.name] = f"{module}.{alias.name}"

    def _note_alias(self, node: ast.AST) -> None:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                meant = (
                    self.meaning(value) if isinstance(value, (ast.Name, ast.Attribute)) else _loaded(value)
                )
                if meant.split(".")[0] in {ROOT, "tensorflow"} and name not in self._meanings:
                    self.packages.add(meant.split(".")[0])
                    self._meanings[name] = meant


def _loaded(node: ast.expr) -> str:
    """The module that `importlib.import_module("…")` or `__import__("…")` returns; else ""."""
    match node:
        case ast.Call(
            func=ast.Name(id=name) | ast.Attribute(attr=name), args=[ast.Constant(value=str(module)), *_]
        ):
            return module if name in _LOADERS else ""
    return ""
