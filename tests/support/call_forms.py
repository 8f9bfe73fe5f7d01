"""The forms that a `__call__` can have: arguments, their traces, and what a Keras layer is given."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

X = np.array([[1.0], [2.0]], np.float32)
Y = np.array([[10.0], [20.0]], np.float32)


@dataclasses.dataclass(frozen=True)
class Form:
    """A `__call__`.

    Attributes:
      call: the function.
      traces: for each the arguments (a tuple) and keyword arguments; "x" and "y" stand for specs.
      inputs: what the layer is given, with "x" and "y" for tensors.
      expected: the output.
      options: of the layer.
    """

    call: Callable[..., Any]
    traces: list[tuple[tuple[Any, ...], dict[str, Any]]]
    inputs: Any
    expected: Any = dataclasses.field(default_factory=lambda: X + Y)
    options: dict[str, Any] = dataclasses.field(default_factory=dict)


def _keywords(*, x, y):
    return x + y


def _one_keyword(*, x):
    return 2 * x


def _positional_only(x, y, /):
    return x + y


def _with_training(x, y, training):
    return -(x + y) if training else x + y


def _mixed(x, *, y):
    return x + y


ONE = (("x",), {})
TWO = (("x", "y"), {})
FORMS = {
    "one argument": Form(lambda x: 2 * x, [ONE], "x", 2 * X),
    "one argument, given in a list": Form(lambda x: 2 * x, [ONE], ["x"], 2 * X),
    "two arguments, given in a list": Form(lambda x, y: x + y, [TWO], ["x", "y"]),
    "two arguments, given in a tuple": Form(lambda x, y: x + y, [TWO], ("x", "y")),
    "two arguments, given by name": Form(lambda x, y: x + y, [TWO], {"y": "y", "x": "x"}),
    "two arguments and training": Form(
        _with_training, [(("x", "y", False), {}), (("x", "y", True), {})], ["x", "y"]
    ),
    "positional only": Form(_positional_only, [TWO], ["x", "y"]),
    "keywords only": Form(_keywords, [((), {"x": "x", "y": "y"})], {"x": "x", "y": "y"}),
    "one keyword only": Form(_one_keyword, [((), {"x": "x"})], "x", 2 * X),
    "one argument and a keyword": Form(_mixed, [(("x",), {"y": "y"})], {"x": "x", "y": "y"}),
    "a dict": Form(lambda d: d["x"] + d["y"], [(({"x": "x", "y": "y"},), {})], {"x": "x", "y": "y"}),
    "a dict of one, given bare": Form(lambda d: 2 * d["x"], [(({"x": "x"},), {})], "x", 2 * X),
    "a list": Form(lambda parts: parts[0] + parts[1], [((["x", "y"],), {})], ["x", "y"]),
    "a tuple, given as a list": Form(lambda parts: parts[0] + parts[1], [((("x", "y"),), {})], ["x", "y"]),
    "a list of one": Form(lambda parts: 2 * parts[0], [((["x"],), {})], ["x"], 2 * X),
    "a list of one, given bare": Form(lambda parts: 2 * parts[0], [((["x"],), {})], "x", 2 * X),
    "nests in a nest": Form(
        lambda d: d["a"][0] + d["b"]["c"],
        [(({"a": ["x"], "b": {"c": "y"}},), {})],
        {"a": ["x"], "b": {"c": "y"}},
    ),
    "a number with a default": Form(lambda x, scale=2.0: scale * x, [ONE, (("x", 3.0), {})], "x", 2 * X),
    "a number given as an argument of the layer": Form(
        lambda x, scale=2.0: scale * x, [ONE, (("x", 3.0), {})], "x", 3 * X, {"arguments": {"scale": 3.0}}
    ),
    "a tensor with a default, left out": Form(
        lambda x, y=None: x if y is None else x + y, [ONE, TWO], "x", X
    ),
    "a tensor with a default, given": Form(
        lambda x, y=None: x if y is None else x + y, [ONE, TWO], {"x": "x", "y": "y"}
    ),
    "a tensor with a default, in every trace": Form(
        lambda x, scale=1.0, y=None: scale * (x + y), [(("x", 1.0, "y"), {})], ["x", "y"]
    ),
    "variable arguments": Form(lambda *parts: parts[0] + parts[1], [TWO], ["x", "y"]),
    "variable arguments after one": Form(
        lambda x, *more: x + more[0] + more[1], [(("x", "y", "y"), {})], ["x", "y", "y"], X + 2 * Y
    ),
    "one variable argument": Form(lambda *parts: 2 * parts[0], [ONE], "x", 2 * X),
    "variable keywords": Form(
        lambda **d: d["x"] + d["y"], [((), {"x": "x", "y": "y"})], {"x": "x", "y": "y"}
    ),
    "None among the outputs of a dict": Form(
        lambda x: {"a": None, "b": x, "c": 2 * x}, [ONE], "x", {"a": None, "b": X, "c": 2 * X}
    ),
    "None among the outputs of a list": Form(lambda x: [None, x], [ONE], "x", [None, X]),
}


def with_values(nest: Any, values: dict[str, Any]) -> Any:
    """A nest with values in place of "x" and "y"."""
    if isinstance(nest, dict):
        return {key: with_values(value, values) for key, value in nest.items()}
    if isinstance(nest, (list, tuple)):
        return type(nest)(with_values(value, values) for value in nest)
    return values.get(nest, nest) if isinstance(nest, str) else nest


def save_form(name: str, folder: Path) -> None:
    """Writes a module with a `__call__` of a form."""
    specs = {name: tf.TensorSpec([None, 1], tf.float32, name) for name in ("x", "y")}
    module = tf.Module()
    module.__call__ = tf.function(FORMS[name].call)
    for args, keywords in FORMS[name].traces:
        module.__call__.get_concrete_function(*with_values(args, specs), **with_values(keywords, specs))
    tf.saved_model.save(module, str(folder))
