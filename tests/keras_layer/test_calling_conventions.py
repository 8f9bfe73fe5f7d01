"""The forms that a `__call__` can have: called eagerly, symbolically and in a pipeline."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from call_forms import FORMS, X, Y, save_form, with_values

from tensorflow_hub.errors import InputError

pytestmark = pytest.mark.keras


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
    made: dict[str, str] = {}

    def path_of(name: str) -> str:
        if name not in made:
            folder = tmp_path_factory.mktemp("module")
            save_form(name, folder)
            made[name] = str(folder)
        return made[name]

    return path_of


@pytest.mark.parametrize("name", FORMS)
def test_a_form_is_called_eagerly(kit, saved, name):
    form = FORMS[name]
    layer = kit.KerasLayer(saved(name), **form.options)
    _check(layer(with_values(form.inputs, {"x": X, "y": Y})), form.expected)
    import tensorflow as tf

    _check(layer(with_values(form.inputs, {"x": tf.constant(X), "y": tf.constant(Y)})), form.expected)


@pytest.mark.parametrize("name", FORMS)
def test_a_form_is_called_in_a_functional_model(kit, saved, name):
    form = FORMS[name]
    symbols = {key: kit.keras.Input([1], name=key) for key in ("x", "y")}
    outputs = kit.KerasLayer(saved(name), **form.options)(with_values(form.inputs, symbols))
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
        outputs = layer(with_values(form.inputs, row))
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
