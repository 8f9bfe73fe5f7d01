"""The forms a `__call__` can have, as a table: called eagerly, symbolically and in a pipeline."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tensorflow_hub.errors import InputError

pytestmark = pytest.mark.keras

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


def _with(nest: Any, values: dict[str, Any]) -> Any:
    """A nest with values in place of "x" and "y"."""
    if isinstance(nest, dict):
        return {key: _with(value, values) for key, value in nest.items()}
    if isinstance(nest, (list, tuple)):
        return type(nest)(_with(value, values) for value in nest)
    return values.get(nest, nest) if isinstance(nest, str) else nest


def _check(outputs: Any, expected: Any) -> None:
    if isinstance(expected, dict):
        assert outputs.keys() == expected.keys()
        for key, value in expected.items():
            _check(outputs[key], value)
    elif isinstance(expected, list):
        assert len(outputs) == len(expected)
        for output, value in zip(outputs, expected, strict=True):
            _check(output, value)
    elif expected is None:
        assert outputs is None
    else:
        np.testing.assert_array_equal(outputs, expected)


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """The path of a module with a `__call__` of a form."""
    import tensorflow as tf

    made: dict[str, str] = {}

    def path_of(name: str) -> str:
        if name not in made:
            specs = {name: tf.TensorSpec([None, 1], tf.float32, name) for name in ("x", "y")}
            module = tf.Module()
            module.__call__ = tf.function(FORMS[name].call)
            for args, keywords in FORMS[name].traces:
                module.__call__.get_concrete_function(*_with(args, specs), **_with(keywords, specs))
            made[name] = str(tmp_path_factory.mktemp("module"))
            tf.saved_model.save(module, made[name])
        return made[name]

    return path_of


@pytest.mark.parametrize("name", FORMS)
def test_a_form_is_called_eagerly(kit, saved, name):
    form = FORMS[name]
    layer = kit.KerasLayer(saved(name), **form.options)
    _check(layer(_with(form.inputs, {"x": X, "y": Y})), form.expected)
    import tensorflow as tf

    _check(layer(_with(form.inputs, {"x": tf.constant(X), "y": tf.constant(Y)})), form.expected)


@pytest.mark.parametrize("name", FORMS)
def test_a_form_is_called_in_a_functional_model(kit, saved, name):
    form = FORMS[name]
    symbols = {key: kit.keras.Input([1], name=key) for key in ("x", "y")}
    outputs = kit.KerasLayer(saved(name), **form.options)(_with(form.inputs, symbols))
    used = {key: symbols[key] for key in symbols if f"'{key}'" in repr(form.inputs)}
    tensors = (
        {key: outputs[key] for key in outputs if outputs[key] is not None}
        if isinstance(outputs, dict)
        else ([output for output in outputs if output is not None] if isinstance(outputs, list) else outputs)
    )
    model = kit.keras.Model(used, tensors)
    found = model.predict({key: {"x": X, "y": Y}[key] for key in used}, verbose=0)
    if isinstance(form.expected, dict):
        assert outputs.keys() == form.expected.keys()
        _check(found, {key: value for key, value in form.expected.items() if value is not None})
    elif isinstance(form.expected, list):
        assert [output is None for output in outputs] == [value is None for value in form.expected]
        _check(found[0] if isinstance(found, list) else found, form.expected[1])
    else:
        _check(found, form.expected)


@pytest.mark.parametrize("name", FORMS)
def test_a_form_is_called_in_a_pipeline(kit, saved, name):
    import tensorflow as tf

    form = FORMS[name]
    layer = kit.KerasLayer(saved(name), **form.options)

    def apply(row):
        outputs = layer(_with(form.inputs, row))
        return {str(i): o for i, o in enumerate(tf.nest.flatten(outputs)) if o is not None}

    (row,) = tf.data.Dataset.from_tensor_slices({"x": X, "y": Y}).batch(2).map(apply)
    expected = [value for value in tf.nest.flatten(form.expected) if value is not None]
    for found, value in zip(row.values(), expected, strict=True):
        np.testing.assert_array_equal(found, value)


@pytest.mark.parametrize(
    ("name", "inputs", "match"),
    [
        ("two arguments, given in a list", X, r"inputs \['x', 'y'\], or a list of them, got one value"),
        ("two arguments, given in a list", [X], r"inputs \['x', 'y'\], or a list of them, got 1 in a list"),
        (
            "two arguments, given in a list",
            {"x": X, "z": Y},
            r"inputs \['x', 'y'\].*, got a dict of \['x', 'z'\]",
        ),
        ("keywords only", [X, Y], r"a dict of the inputs \['x', 'y'\], got 2 in a list"),
        ("a list", X, r"as \[TensorSpec.*, got float32 \(2, 1\)"),
    ],
)
def test_other_inputs_are_refused_by_a_sentence_about_the_arguments(kit, saved, name, inputs, match):
    with pytest.raises(InputError, match=match):
        kit.KerasLayer(saved(name))(inputs)


def test_several_arguments_of_a_python_callable(kit):
    layer = kit.KerasLayer(lambda x, y, scale=1.0: scale * (x + y), arguments={"scale": 2.0})
    np.testing.assert_array_equal(layer([X, Y]), 2 * (X + Y))
    np.testing.assert_array_equal(layer({"x": X, "y": Y}), 2 * (X + Y))
    assert tuple(layer([kit.keras.Input([1]), kit.keras.Input([1])]).shape) == (None, 1)
    assert tuple(layer.compute_output_shape([(None, 1), (None, 1)])) == (None, 1)


def test_a_second_argument_by_position_is_no_input(kit, saved):
    layer = kit.KerasLayer(saved("two arguments, given in a list"))
    with pytest.raises(InputError, match=r"Expected training as True or False, .* got float32 \(2, 1\)"):
        layer(X, Y)
