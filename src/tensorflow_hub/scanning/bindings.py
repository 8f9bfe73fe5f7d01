"""The bindings of names in one program: assignments, loops, parameters, flags and imports."""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Iterator, Sequence
from typing import TypeAlias

Scope: TypeAlias = "ast.AST | None"
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


@dataclasses.dataclass(frozen=True)
class Items:
    """The binding of the name of a loop.

    Attributes:
      of: the expression that the loop iterates over.
      part: "" for the items, "keys" or "values" of a dictionary, "#1" for the second element of each item.
    """

    of: ast.expr
    part: str


@dataclasses.dataclass(frozen=True)
class Bound:
    """A binding of a name.

    Attributes:
      value: the expression that is bound.
      scope: the function that contains it; None for the top level of the program.
    """

    value: ast.expr | Items
    scope: Scope


class Bindings:
    """The bindings of a program.

    Attributes:
      attributes: name → the bindings of `anything.name`, of `anything["name"]` (as `[name]`), and the
        defaults of command-line flags.
      imported: name → the last part of the module that it is imported from, and its name there.
      scopes: node → the function that contains it.

    Args:
      trees: the syntax tree of the program, or the trees of the cells of a notebook.
    """

    def __init__(self, trees: Sequence[ast.Module]) -> None:
        self.attributes: dict[str, list[Bound]] = {}
        self.imported: dict[str, tuple[str, str]] = {}
        self.scopes: dict[ast.AST, Scope] = {}
        self._names: dict[tuple[Scope, str], list[Bound]] = {}
        self._functions: dict[str, list[tuple[ast.arguments, Scope, int]]] = {}
        self._parents: dict[Scope, Scope] = {}
        self.nodes = [node for tree in trees for node in self._walk(tree)]
        for node in self.nodes:
            self._note_definition(node)
        for node in self.nodes:
            self._note_value(node)

    def of_name(self, name: str, scope: Scope) -> list[Bound]:
        """The bindings of a name in a function, or else in the nearest enclosing function that has some."""
        while True:
            found = self._names.get((scope, name))
            if found is not None or scope is None:
                return found or []
            scope = self._parents.get(scope)

    def of_any(self, name: str) -> list[Bound]:
        """The bindings of a name anywhere in the program, also in the body of a class."""
        return [item for (_, known), items in self._names.items() if known == name for item in items]

    def _walk(self, tree: ast.Module) -> Iterator[ast.AST]:
        """Yields all nodes, and records the function that contains each."""
        waiting: list[tuple[ast.AST, Scope]] = [(tree, None)]
        while waiting:
            node, scope = waiting.pop()
            self.scopes[node] = scope
            yield node
            inner = scope
            if isinstance(node, _FUNCTIONS):
                self._parents[node] = scope
                inner = node
            waiting += [(child, inner) for child in reversed(list(ast.iter_child_nodes(node)))]

    def _note_definition(self, node: ast.AST) -> None:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            self._functions.setdefault(node.name, []).append((node.args, node, 0))
        elif isinstance(node, ast.ClassDef):
            for item in node.body:
                if isinstance(item, ast.FunctionDef) and item.name == "__init__":
                    self._functions.setdefault(node.name, []).append((item.args, item, 1))
        elif isinstance(node, ast.ImportFrom):
            module = (node.module or "").rpartition(".")[2]
            for alias in node.names:
                self.imported[alias.asname or alias.name] = (module, alias.name)
        if isinstance(node, _FUNCTIONS):
            arguments = [*node.args.posonlyargs, *node.args.args]
            with_defaults = zip(reversed(arguments), reversed(node.args.defaults), strict=False)
            only_named = zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
            for argument, default in (*with_defaults, *only_named):
                if default is not None:
                    self._bind(node, argument.arg, Bound(default, self.scopes[node]))

    def _note_value(self, node: ast.AST) -> None:
        scope = self.scopes[node]
        match node:
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    self._assign(target, value, scope)
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                self._assign(target, value, scope)
            case ast.NamedExpr(target=target, value=value):
                self._assign(target, value, scope)
            case ast.For(target=target, iter=items) | ast.AsyncFor(target=target, iter=items):
                self._go_through(target, items, scope)
            case ast.comprehension(target=target, iter=items):
                self._go_through(target, items, scope)
            case ast.Call():
                self._note_call(node, scope)

    def _assign(self, target: ast.expr, value: ast.expr, scope: Scope) -> None:
        match target, value:
            case ast.Name(id=name), _:
                self._bind(scope, name, Bound(value, scope))
            case ast.Attribute(attr=name), _:
                self.attributes.setdefault(name, []).append(Bound(value, scope))
            case ast.Subscript(slice=ast.Constant(value=str(name))), _:
                self.attributes.setdefault(f"[{name}]", []).append(Bound(value, scope))
            case (
                (ast.Tuple(elts=targets) | ast.List(elts=targets)),
                (ast.Tuple(elts=values) | ast.List(elts=values)),
            ):
                for inner, item in zip(targets, values, strict=False):
                    self._assign(inner, item, scope)

    def _go_through(self, target: ast.expr, items: ast.expr, scope: Scope) -> None:
        part = ""
        if isinstance(items, ast.Call) and isinstance(items.func, ast.Attribute) and not items.args:
            if items.func.attr in {"items", "values", "keys"}:
                part, items = items.func.attr, items.func.value
        elif isinstance(items, ast.Call) and isinstance(items.func, ast.Name) and items.args:
            if items.func.id == "enumerate" and isinstance(target, ast.Tuple) and len(target.elts) == 2:
                target = target.elts[1]
            items = items.args[0]
        if isinstance(target, ast.Name):
            self._bind(scope, target.id, Bound(Items(items, part), scope))
        elif isinstance(target, ast.Tuple):
            parts = ("keys", "values") if part == "items" else [f"#{i}" for i in range(len(target.elts))]
            for inner, which in zip(target.elts, parts, strict=False):
                if isinstance(inner, ast.Name):
                    self._bind(scope, inner.id, Bound(Items(items, which), scope))

    def _note_call(self, node: ast.Call, scope: Scope) -> None:
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        named = {keyword.arg: keyword.value for keyword in node.keywords if keyword.arg}
        first = node.args[0].value if node.args and isinstance(node.args[0], ast.Constant) else None
        if name in {"DEFINE_string", "DEFINE_enum"} and isinstance(first, str):
            default = named.get("default") or (node.args[1] if len(node.args) > 1 else None)
            if default is not None:
                self.attributes.setdefault(first, []).append(Bound(default, scope))
        elif name == "add_argument" and "default" in named:
            for option in node.args:
                if isinstance(option, ast.Constant) and str(option.value).startswith("--"):
                    attribute = str(option.value).lstrip("-").replace("-", "_")
                    self.attributes.setdefault(attribute, []).append(Bound(named["default"], scope))
        for arguments, function, first_own in self._functions.get(name, ()):
            own = [*arguments.posonlyargs, *arguments.args]
            skipped = first_own or int(bool(own) and own[0].arg in {"self", "cls"})
            for argument, value in zip(own[skipped:], node.args, strict=False):
                self._bind(function, argument.arg, Bound(value, scope))
            for argument in (*own, *arguments.kwonlyargs):
                if argument.arg in named:
                    self._bind(function, argument.arg, Bound(named[argument.arg], scope))

    def _bind(self, scope: Scope, name: str, bound: Bound) -> None:
        self._names.setdefault((scope, name), []).append(bound)
