"""Signatures, choices of outputs, endpoints and what is refused."""

from __future__ import annotations

import importlib
import importlib.metadata

import numpy as np
import pytest

import tensorflow_hub as hub
from tensorflow_hub.errors import InputError, ModeError, ModuleError, NotFoundError, SignatureError

pytestmark = pytest.mark.keras

X = np.array([[1.0], [2.0]], np.float32)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"signature": "serving_default", "output_key": "y"}, [[4.0], [7.0]]),
        ({"signature": "serving_default", "output_key": "twice"}, [[6.0], [12.0]]),
        ({"signature": "single"}, [[3.0], [6.0]]),
        ({"signature": "single", "output_key": "only"}, [[3.0], [6.0]]),
        ({"signature": "single", "signature_outputs_as_dict": True}, {"only": [[3.0], [6.0]]}),
        (
            {"signature": "serving_default", "signature_outputs_as_dict": True},
            {"y": [[4.0], [7.0]], "twice": [[6.0], [12.0]]},
        ),
    ],
    ids=str,
)
def test_choices_of_signature_and_output(kit, modules, options, expected):
    outputs = kit.KerasLayer(modules("regression"), **options)(X)
    if isinstance(expected, dict):
        assert {key: value.numpy().tolist() for key, value in outputs.items()} == expected
    else:
        np.testing.assert_array_equal(outputs, expected)


def test_a_signature_of_two_inputs_takes_a_dict(kit, modules):
    layer = kit.KerasLayer(modules("regression"), signature="pair")
    np.testing.assert_array_equal(layer({"p": X, "q": X}), X * 4)


def test_a_signature_in_a_functional_model(kit, modules):
    inputs = kit.keras.Input([1])
    outputs = kit.KerasLayer(
        modules("regression"), signature="serving_default", signature_outputs_as_dict=True
    )(inputs)
    model = kit.keras.Model(inputs, outputs)
    assert model.predict(X, verbose=0)["y"].tolist() == [[4.0], [7.0]]


def test_an_output_of_a_callable_by_key(kit, modules):
    layer = kit.KerasLayer(modules("nested"), output_key="default")
    assert layer({"a": np.ones([1, 2]), "b": np.ones([1, 2], np.int32)}).shape == (1, 2)


@pytest.mark.parametrize(
    ("options", "error", "match"),
    [
        (
            {"signature": "nope"},
            SignatureError,
            r"one of \['pair', 'serving_default', 'single'\], got 'nope'",
        ),
        ({"signature": "serving_default"}, ModuleError, r"for the outputs \['twice', 'y'\]"),
        (
            {"signature": "single", "output_key": "z"},
            SignatureError,
            r"one of \['only'\], got output_key='z'",
        ),
        ({"signature_outputs_as_dict": True}, ModuleError, "got no signature"),
        (
            {"signature": "single", "signature_outputs_as_dict": True, "output_key": "only"},
            ModuleError,
            "got both",
        ),
        ({"unknown": 1}, (TypeError, ValueError), "unknown"),
        ({"_sentinel": "single"}, InputError, "by keyword, got 'single' by position"),
    ],
    ids=str,
)
def test_wrong_options_are_refused_at_once(kit, modules, options, error, match):
    with pytest.raises(error, match=match):
        kit.KerasLayer(modules("regression"), **options)


@pytest.mark.parametrize("handle", [None, 5, [1]])
def test_something_that_is_not_a_handle_is_refused(kit, handle):
    with pytest.raises(InputError, match="Expected a handle"):
        kit.KerasLayer(handle)


def test_a_missing_directory_is_not_found(kit, tmp_path):
    with pytest.raises(NotFoundError, match="missing"):
        kit.KerasLayer(str(tmp_path / "missing"))


@pytest.mark.parametrize(
    ("options", "inputs", "error", "match"),
    [
        ({"signature": "pair"}, X, InputError, r"dict of the inputs \['p', 'q'\].*got one value"),
        (
            {"signature": "pair"},
            {"p": X},
            InputError,
            r"dict of the inputs \['p', 'q'\].*got a dict of \['p'\]",
        ),
        ({"signature": "pair"}, {"p": X, "r": X}, InputError, r"got a dict of \['p', 'r'\]"),
        ({"output_key": "y"}, X, SignatureError, "Expected a dict of outputs"),
        ({"output_shape": [[1], [2]]}, X, InputError, "Expected one output_shape for each of 1 outputs"),
        ({}, np.ones([2, 3], np.float32), ValueError, "Expected inputs of"),
        ({}, {"x": X}, ValueError, "Expected inputs of"),
        ({}, ["a", "b"], InputError, r"got list \['a', 'b'\]"),
        ({}, [[1.0], [2.0, 3.0]], InputError, r"got list \[\[1.0\], \[2.0, 3.0\]\]"),
        ({"arguments": {"scale": 2}}, X, InputError, r"got float32 \(2, 1\) and arguments={'scale': 2}"),
    ],
    ids=str,
)
def test_wrong_calls_say_what_was_expected(kit, modules, options, inputs, error, match):  # noqa: PLR0917
    layer = kit.KerasLayer(modules("regression"), **options)
    with pytest.raises(error, match=match):
        layer(inputs)


def test_one_value_for_a_module_of_several_is_refused(kit, modules):
    layer = kit.KerasLayer(modules("listed"))
    with pytest.raises(InputError, match=r"Expected inputs of .* as \[TensorSpec.*, got float32 \(2, 1\)"):
        layer(X)


def test_a_symbolic_call_of_another_shape_is_refused(kit, modules):
    layer = kit.KerasLayer(modules("regression"))
    with pytest.raises(InputError, match=r"Expected inputs of .*, got float32 \(None, 3\)"):
        layer(kit.keras.Input([3]))


def test_symbols_of_the_other_keras_are_refused(kit, modules):
    other = {"keras3": "tf_keras", "keras2": "keras"}[kit.name]
    if importlib.metadata.version("tensorflow").startswith("2.15"):
        pytest.skip("there is one Keras")
    symbol = importlib.import_module(other).Input([1])
    with pytest.raises(ModeError, match=rf"got one of {other}\. Write `from tensorflow_hub\.keras_layer"):
        kit.KerasLayer(modules("regression"))(symbol)


@pytest.mark.parametrize("name", ["hidden", "hidden:0", "line_out"])
def test_an_endpoint_comes_in_the_same_pass(kit, modules, name):
    layer = kit.KerasLayer(modules("regression"), endpoints=[name], trainable=True)
    outputs = layer(X)
    expected = {"hidden": [[3.0], [6.0]], "line_out": [[4.0], [7.0]]}[name.split(":")[0]]
    np.testing.assert_array_equal(outputs["default"], [[4.0], [7.0]])
    np.testing.assert_array_equal(outputs[name], expected)


def test_endpoints_train_and_pass_training_on(kit, modules):
    layer = kit.KerasLayer(modules("regression"), endpoints="hidden", trainable=True)
    np.testing.assert_array_equal(layer(X, training=True)["default"], [[8.0], [14.0]])
    assert layer.resolved_object.mean.numpy() == 0.75
    inputs = kit.keras.Input([1])
    model = kit.keras.Model(inputs, layer(inputs)["hidden"])
    model.compile(kit.keras.optimizers.SGD(0.01), "mse")
    model.fit(X, 0 * X, verbose=0)
    assert layer.resolved_object.w.numpy() < 3.0


def test_a_layer_of_an_exported_network_is_an_endpoint(kit, modules):
    module = hub.load(modules("image"))
    (name,) = [n for n in hub.endpoint_names(module) if n.endswith("/Relu:0")]
    layer = kit.KerasLayer(module, endpoints=[name])
    images = np.random.default_rng(0).random([2, 8, 8, 3]).astype(np.float32)
    outputs = layer(images)
    np.testing.assert_allclose(np.mean(outputs[name], axis=(1, 2)), outputs["default"], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("name", "match"), [("nope", "got 'nope'"), ("", "got ''")])
def test_an_unknown_endpoint_says_where_the_names_are(kit, modules, name, match):
    layer = kit.KerasLayer(modules("regression"), endpoints=[name])
    with pytest.raises(SignatureError, match=match):
        layer(X)


def test_endpoints_of_a_loaded_object(modules):
    outputs = hub.with_endpoints(hub.load(modules("regression")), ["hidden"])(X)
    np.testing.assert_array_equal(outputs["hidden"], [[3.0], [6.0]])


def test_endpoints_of_a_signature(modules):
    outputs = hub.with_endpoints(hub.load(modules("text")), [])(["a"])
    np.testing.assert_array_equal(outputs["default"], [[0.0, 1.0]])
