"""The docstring of every public name has what a reader needs: arguments, result, errors, an example."""

from __future__ import annotations

import inspect
import re

import pytest

import tensorflow_hub as hub

SECTION = re.compile(r"^(Args|Attributes|Returns|Yields|Raises|Example|Examples)::?$", re.MULTILINE)
# Classes that a program gets from a function and does not make, and messages.
NOT_CALLED = {"HubError", "ImageModuleInfo", "ModuleSpec"}
PUBLIC = {name: getattr(hub, name) for name in hub.__all__ if name not in {"__version__", *NOT_CALLED}}
CLASSES = {
    name: value for name, value in {**PUBLIC, "ModuleSpec": hub.ModuleSpec}.items() if inspect.isclass(value)
}
METHODS = {
    f"{class_name}.{name}": method
    for class_name, kind in CLASSES.items()
    for name, method in vars(kind).items()
    if inspect.isfunction(method) and class_name != "KerasLayer" and (name == "__call__" or name[0] != "_")
}


def documentation(value) -> str:
    """The docstring, of a class together with that of its `__init__`."""
    own = [value.__doc__, value.__init__.__doc__] if inspect.isclass(value) else [value.__doc__]
    return "\n\n".join(inspect.cleandoc(text) for text in own if text)


def sections(text: str) -> dict[str, str]:
    """The sections of a docstring by their names."""
    names = [match[1] for match in SECTION.finditer(text)]
    return dict(zip(names, SECTION.split(text)[2::2], strict=True))


def undocumented_arguments(value) -> list[str]:
    describe_inputs = sections(documentation(value)).get("Args", "")
    parameters = inspect.signature(value).parameters.values()
    stars = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}
    names = [stars.get(p.kind, "") + p.name for p in parameters]
    asked = [name for name in names if name != "self" and not name.startswith("_")]
    return [
        name for name in asked if not re.search(rf"^ +{re.escape(name)}\b.*:", describe_inputs, re.MULTILINE)
    ]


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_a_public_name_tells_its_arguments_result_errors_and_an_example(name):
    value = PUBLIC[name]
    text = documentation(value)
    found = sections(text)
    assert undocumented_arguments(value) == []
    returns = inspect.signature(value).return_annotation
    if not inspect.isclass(value) and returns not in {"None", None}:
        assert {"Returns", "Yields"} & set(found), "no section Returns"
    assert "Raises" in found, "no section Raises"
    assert {"Example", "Examples"} & set(found) or ">>> " in text, "no example"


@pytest.mark.parametrize("name", sorted(METHODS))
def test_a_public_method_tells_its_arguments(name):
    assert METHODS[name].__doc__, "no docstring"
    assert undocumented_arguments(METHODS[name]) == []


def test_a_missing_argument_is_found():
    def function(given: int, missing: int) -> int:
        """Adds.

        Args:
          given: a number.
        """

    assert undocumented_arguments(function) == ["missing"]
    assert sorted(sections(documentation(hub.create_module_spec))) == ["Args", "Example", "Raises", "Returns"]
