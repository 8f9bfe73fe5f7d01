"""Static evaluation: the strings that an expression may have as its value.

It follows constants, assignments, parameters (from calls and defaults), loops over lists, dictionaries of
settings, `f"…"`, `+`, `%`, `.format`, `os.path.join`, and the defaults of command-line flags. Nothing is run.
Values that cannot be found in the text are ignored.
"""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

from tensorflow_hub.scanning.bindings import Bindings, Items, Scope

_DEEPEST = 24  # the most expressions on the way to a constant
_MOST_STEPS = 4000  # the most expressions to evaluate for one
_MOST = 64  # the most values of one expression
_LONGEST = 2048  # characters

_SAME = frozenset(
    {"str", "Path", "PurePath", "PosixPath", "fspath", "abspath", "expanduser", "resolve", "load_module_spec"}
    | {"create_module_spec_from_saved_model", "strip", "rstrip", "lstrip"}
)  # functions and methods whose result is a handle for the same module as their argument
# Functions whose last argument is a default value.
_DEFAULTED = frozenset({"get", "getenv", "pop", "setdefault", "getattr"})


Meaning: TypeAlias = "tuple[ast.AST, Scope]"


class Values:
    """Evaluates expressions of one program.

    Args:
      bindings: the bindings of the program.
      others: the bindings of the other programs in the folder, by the last part of their module names.
    """

    def __init__(self, bindings: Bindings, others: Mapping[str, Bindings] | None = None) -> None:
        self._bindings = bindings
        self._others = others or {}
        self._steps = 0

    def texts(self, node: ast.AST, scope: Scope = None) -> tuple[str, ...]:
        """The possible values of an expression; empty if they cannot be found.

        Args:
          node: the expression.
          scope: the function that contains it; None for the top level of the program.
        """
        self._steps = _MOST_STEPS
        return tuple(dict.fromkeys(itertools.islice(self._texts(node, scope, _DEEPEST), _MOST)))

    def _texts(self, node: ast.AST, scope: Scope, depth: int) -> Iterator[str]:
        self._steps -= 1
        if depth <= 0 or self._steps < 0:
            return
        depth -= 1
        match node:
            case ast.Constant(value=str(value)) if len(value) <= _LONGEST:
                yield value
            case ast.JoinedStr(values=parts):
                yield from _joined([self._parts(part, scope, depth) for part in parts])
            case ast.BinOp():
                yield from self._of_operation(node, scope, depth)
            case ast.IfExp() | ast.BoolOp() | ast.NamedExpr():
                yield from self._all(_alternatives(node), scope, depth)
            case ast.Call():
                yield from self._of_call(node, scope, depth)
            case ast.Name() | ast.Attribute() | ast.Subscript():
                for meant, where in self._meanings(node, scope, depth):
                    yield from self._texts(meant, where, depth)
                yield from self._of_other_program(node)

    def _of_operation(self, node: ast.BinOp, scope: Scope, depth: int) -> Iterator[str]:
        if isinstance(node.op, ast.Mod):
            items = node.right.elts if isinstance(node.right, ast.Tuple) else [node.right]
            values = [self._parts(item, scope, depth) for item in items]
            yield from self._filled(node.left, values, None, scope, depth)
        elif isinstance(node.op, (ast.Add, ast.Div)):  # the latter joins paths
            between = [["/"]] if isinstance(node.op, ast.Div) else []
            left, right = (list(self._texts(side, scope, depth)) for side in (node.left, node.right))
            yield from _joined([left, *between, right])

    def _all(self, nodes: Iterable[ast.AST], scope: Scope, depth: int) -> Iterator[str]:
        for node in nodes:
            yield from self._texts(node, scope, depth)

    def _parts(self, node: ast.AST, scope: Scope, depth: int) -> list[str]:
        """The possible values of a part of a string, which may be a number."""
        match node:
            case ast.FormattedValue(value=value, format_spec=None):
                return self._parts(value, scope, depth)
            case ast.Constant(value=int(number)) if abs(number) < 10**18:
                return [str(number)]
            case ast.Name() | ast.Attribute() | ast.Subscript() if depth > 0 and self._steps > 0:
                meanings = self._meanings(node, scope, depth)
                found = [text for meant, where in meanings for text in self._parts(meant, where, depth - 1)]
                return (found or list(self._of_other_program(node)))[:_MOST]
        return list(itertools.islice(self._texts(node, scope, depth), _MOST))

    def _filled(
        self,
        template: ast.AST,
        values: list[list[str]],
        named: dict[str, list[str]] | None,
        scope: Scope,
        depth: int,
    ) -> Iterator[str]:
        """Fills a template with each combination of values; `named` is for `str.format`, None for `%`."""
        for pattern in itertools.islice(self._texts(template, scope, depth), _MOST):
            for chosen in itertools.islice(itertools.product(*values, *(named or {}).values()), _MOST):
                by_name = None if named is None else dict(zip(named, chosen[len(values) :], strict=True))
                text = _fill(pattern, chosen[: len(values)], by_name)
                if text and len(text) <= _LONGEST:
                    yield text

    def _of_call(self, node: ast.Call, scope: Scope, depth: int) -> Iterator[str]:
        function = node.func
        name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
        owner = function.value if isinstance(function, ast.Attribute) else None
        if name == "format" and owner is not None:
            values = [self._parts(argument, scope, depth) for argument in node.args]
            named = {k.arg: self._parts(k.value, scope, depth) for k in node.keywords if k.arg}
            yield from self._filled(owner, values, named, scope, depth)
        elif name == "join" and owner is not None and node.args:
            yield from self._of_join(owner, node, scope, depth)
        elif name == "model_download" and node.args:  # of kagglehub
            yield from (f"kaggle://{text}" for text in self._texts(node.args[0], scope, depth))
        elif name in _SAME:
            yield from self._all(node.args[:1] or ([owner] if owner is not None else []), scope, depth)
        elif name in _DEFAULTED and node.args:
            yield from self._texts(node.args[-1], scope, depth) if len(node.args) > 1 else ()
            if owner is not None and name in {"get", "pop"}:
                lookup = ast.Subscript(value=owner, slice=node.args[0], ctx=ast.Load())
                yield from self._texts(lookup, scope, depth)

    def _of_join(self, owner: ast.expr, node: ast.Call, scope: Scope, depth: int) -> Iterator[str]:
        if isinstance(owner, ast.Constant):
            [items] = node.args[:1]
            parts = [self._parts(item, scope, depth) for item in getattr(items, "elts", ())]
            separator = [str(owner.value)]
        else:  # os.path.join
            parts, separator = [self._parts(item, scope, depth) for item in node.args], ["/"]
        between: list[list[str]] = []
        for part in parts:
            between += [part] if not between else [separator, part]
        if between:
            yield from _joined(between)

    def _meanings(self, node: ast.AST, scope: Scope, depth: int) -> list[Meaning]:
        """The expressions that a name, an attribute or a subscript may be bound to."""
        self._steps -= 1
        if depth <= 0 or self._steps < 0:
            return []
        match node:
            case ast.Name(id=name):
                bound = self._bindings.of_name(name, scope)
            case ast.Attribute(attr=name, value=owner):
                bound = self._bindings.attributes.get(name, [])
                if not bound and isinstance(owner, ast.Name):  # of a class
                    bound = self._bindings.of_any(name)
            case ast.Subscript(value=container, slice=key):
                return self._at_key(container, key, scope, depth - 1)
            case _:
                return []
        found: list[Meaning] = []
        for item in bound[:_MOST]:
            if isinstance(item.value, Items):
                found += self._items(item.value.of, item.scope, depth - 1, item.value.part)
            elif item.value is not node:
                found.append((item.value, item.scope))
        return found[:_MOST]

    def _at_key(self, container: ast.expr, key: ast.expr, scope: Scope, depth: int) -> list[Meaning]:
        keys = frozenset(itertools.islice(self._texts(key, scope, depth), _MOST))
        given = [bound for text in keys for bound in self._bindings.attributes.get(f"[{text}]", ())]
        found: list[Meaning] = [(b.value, b.scope) for b in given if isinstance(b.value, ast.expr)]
        return [*found, *self._items(container, scope, depth, "values", keys)][:_MOST]

    def _items(
        self, node: ast.AST, scope: Scope, depth: int, part: str, keys: frozenset[str] = frozenset()
    ) -> list[Meaning]:
        """The items of a list or dictionary; of a dictionary only those at `keys`, if keys are given."""
        if depth <= 0 or self._steps < 0:
            return []
        match node:
            case ast.Name() | ast.Attribute() | ast.Subscript():
                meanings = self._meanings(node, scope, depth)
                inner = [self._items(meant, where, depth - 1, part, keys) for meant, where in meanings]
                return list(itertools.chain(*inner))[:_MOST]
        found: list[Meaning] = [(item, scope) for item in _literal_items(node, part, keys)[:_MOST]]
        return found

    def _of_other_program(self, node: ast.AST) -> Iterator[str]:
        """The possible values of a name that was imported from another program, or of an item of it."""
        inner = node.value if isinstance(node, ast.Subscript) else node
        match inner:
            case ast.Name(id=name) if name in self._bindings.imported:
                module, original = self._bindings.imported[name]
            case ast.Attribute(value=ast.Name(id=owner), attr=original):
                module = self._bindings.imported.get(owner, (owner, owner))[1]
            case _:
                return
        other = self._others.get(module)
        if other is not None and other is not self._bindings:
            there: ast.expr = ast.Name(original, ast.Load())
            if isinstance(node, ast.Subscript):
                there = ast.Subscript(there, node.slice, ast.Load())
            yield from Values(other).texts(there)


def _alternatives(node: ast.IfExp | ast.BoolOp | ast.NamedExpr) -> list[ast.expr]:
    match node:
        case ast.IfExp(body=body, orelse=otherwise):
            return [body, otherwise]
        case ast.BoolOp(values=values):
            return values
        case ast.NamedExpr(value=value):
            return [value]


def _joined(parts: Sequence[Sequence[str]]) -> Iterator[str]:
    for combination in itertools.islice(itertools.product(*parts), _MOST):
        text = "".join(combination)
        if len(text) <= _LONGEST:
            yield text


def _literal_items(node: ast.AST, part: str, keys: frozenset[str]) -> list[ast.expr]:
    """The items of a list or dictionary display."""
    match node:
        case ast.Dict(keys=names, values=values):
            pairs = [(name, value) for name, value in zip(names, values, strict=True) if name is not None]
        case ast.Call(func=ast.Name(id="dict"), keywords=named):
            pairs = [(ast.Constant(keyword.arg), keyword.value) for keyword in named if keyword.arg]
        case ast.List(elts=elements) | ast.Tuple(elts=elements) | ast.Set(elts=elements):
            if not part.startswith("#"):
                return elements
            at, groups = int(part[1:]), [e.elts for e in elements if isinstance(e, (ast.Tuple, ast.List))]
            return [group[at] for group in groups if at < len(group)]
        case _:
            return []
    if keys and all(isinstance(name, ast.Constant) for name, _ in pairs):
        pairs = [(name, value) for name, value in pairs if getattr(name, "value", None) in keys]
    return [value if part == "values" else name for name, value in pairs]


def _fill(pattern: str, values: Sequence[str], named: Mapping[str, str] | None) -> str:
    """Fills a pattern for `str.format`, or for `%` if `named` is None; "" if it has other format fields.

    Only plain fields are filled, because a pattern of an untrusted program such as `{:>1000000000}` would
    need much memory.

    >>> _fill("a/%s/%d", ["b", "1"], None), _fill("{}/{x}", ["b"], {"x": "1"})
    ('a/b/1', 'b/1')
    >>> _fill("{:>9}", ["b"], {})
    ''
    """
    rest = list(values)
    failed = False

    def place(found: re.Match[str]) -> str:
        nonlocal failed
        if found[0] in {"%%", "{{", "}}"}:
            return found[0][0]
        key = found[1]
        if key == "" or named is None:
            text = rest.pop(0) if rest else None
        else:
            text = values[int(key)] if key.isdecimal() and int(key[:3]) < len(values) else named.get(key)
        failed = failed or text is None
        return text or ""

    form = r"%%|%()[sdr]" if named is None else r"\{\{|\}\}|\{([A-Za-z0-9_]*)\}"
    filled, left = re.sub(form, place, pattern), re.sub(form, "", pattern)
    return "" if failed or ("%" if named is None else "{") in left else filled
