"""The calls of the library in a program, and the handles that are passed to them."""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Iterator

from tensorflow_hub.scanning.bindings import Bindings, Scope
from tensorflow_hub.scanning.names import ROOT, Names
from tensorflow_hub.scanning.values import Values

# Function → position and name of its parameter for the handle.
_HANDLES = {
    "Module": (0, "spec"),
    "KerasLayer": (0, "handle"),
    "load": (0, "handle"),
    "resolve": (0, "handle"),
    "load_module_spec": (0, "path"),
    "create_module_spec_from_saved_model": (0, "saved_model_path"),
    "text_embedding_column": (1, "module_spec"),
    "text_embedding_column_v2": (1, "module_path"),
    "sparse_text_embedding_column": (1, "module_spec"),
    "image_embedding_column": (1, "module_spec"),
    "get_expected_image_size": (0, "module_or_spec"),
    "get_num_image_channels": (0, "module_or_spec"),
    "eval_function_for_module": (0, "spec"),
    "resolver": (0, "handle"),
    "check_interface": (0, "handle"),
    "endpoint_names": (0, "handle"),
    "with_endpoints": (0, "handle"),
    "model_download": (0, "handle"),
}
_SHOWN = 60  # characters of an expression


@dataclasses.dataclass(frozen=True)
class FoundCall:
    """A call of the library, without its place in the file.

    Attributes:
      meaning: the full name of what is called, for example `tensorflow_hub.load`.
      node: the syntax node; for a class that derives from one of this library, the call of `__init__` of the
        base.
      handles: the possible values of the handle.
      expression: the source of the expression for the handle.
    """

    meaning: str
    node: ast.expr
    handles: tuple[str, ...] = ()
    expression: str = ""


def calls_of(bindings: Bindings, names: Names, values: Values) -> Iterator[FoundCall]:
    """The calls of a program, in no order."""
    bases = _derived(bindings, names)
    for node in bindings.nodes:
        if not isinstance(node, ast.Call):
            continue
        scope, meaning, arguments = bindings.scopes[node], names.meaning(node.func), node.args
        if meaning.endswith("partial") and arguments and names.meaning(arguments[0]).startswith(ROOT):
            meaning, arguments = names.meaning(arguments[0]), arguments[1:]
        elif isinstance(node.func, ast.Attribute) and node.func.attr == "__init__" and scope in bases:
            meaning = bases[scope]
        if not meaning.startswith((f"{ROOT}.", "kagglehub.")):
            continue
        given = _given(meaning, arguments, node.keywords)
        if given is None:
            yield FoundCall(meaning, node)
        else:
            handles = values.texts(given, scope)
            if meaning.startswith("kagglehub."):
                handles = tuple(f"kaggle://{text}" for text in handles)
            yield FoundCall(meaning, node, handles, _shown(given))


def mentions_of(bindings: Bindings, names: Names) -> Iterator[FoundCall]:
    """Uses of names of the library other than calls: as arguments, as base classes and so on."""
    called = {node.func for node in bindings.nodes if isinstance(node, ast.Call)}
    within = {node.value for node in bindings.nodes if isinstance(node, ast.Attribute)}
    for node in bindings.nodes:
        if isinstance(node, (ast.Attribute, ast.Name)) and node not in called and node not in within:
            meaning = names.meaning(node)
            if meaning.startswith(f"{ROOT}."):
                yield FoundCall(meaning, node)


def _derived(bindings: Bindings, names: Names) -> dict[Scope, str]:
    """Method `__init__` of a class that derives from a class of this library → the base class."""
    found: dict[Scope, str] = {}
    for node in bindings.nodes:
        if isinstance(node, ast.ClassDef):
            base = next((m for m in map(names.meaning, node.bases) if m.startswith(f"{ROOT}.")), "")
            inits = [n for n in node.body if isinstance(n, ast.FunctionDef) and n.name == "__init__"]
            found.update(dict.fromkeys(inits, base) if base else {})
    return found


def _given(meaning: str, arguments: list[ast.expr], keywords: list[ast.keyword]) -> ast.expr | None:
    """The expression that is passed for the handle; None if there is none."""
    place = _HANDLES.get(meaning.rpartition(".")[2])
    if place is None:
        return None
    position, name = place
    by_name = next((keyword.value for keyword in keywords if keyword.arg == name), None)
    if by_name is None and len(arguments) > position and not isinstance(arguments[position], ast.Starred):
        return arguments[position]
    return by_name


def _shown(node: ast.expr) -> str:
    try:
        text = ast.unparse(node)
    except (RecursionError, ValueError):
        return "…"
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
