"""The export list: what `import tensorflow_hub as hub` promises is what is there."""

from __future__ import annotations

import importlib

import pytest

import tensorflow_hub as hub
from tensorflow_hub import errors


@pytest.mark.parametrize("name", sorted(hub._EXPORTS))
def test_every_public_name_is_defined_where_the_table_says(name):
    module = importlib.import_module(f"tensorflow_hub.{hub._EXPORTS[name]}")
    assert getattr(hub, name) is getattr(module, name)
    assert getattr(module, name).__doc__, f"hub.{name} has no docstring"


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'tensorflow_hub' has no attribute 'no_such_name'"):
        _ = hub.no_such_name


def test_the_error_tree_is_drawn_in_full():
    drawn = errors.__doc__
    for name, kind in vars(errors).items():
        if isinstance(kind, type) and issubclass(kind, Exception):
            assert name in drawn, f"{name} is missing from the drawing at the top of errors.py"
            assert issubclass(kind, errors.HubError)
