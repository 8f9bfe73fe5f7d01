"""Calls of a layer that do not fit the module: one sentence says what to change."""

from __future__ import annotations

import re

import numpy as np
import pytest

import tensorflow_hub as hub
from tensorflow_hub.errors import InputError, ModeError, SignatureError, UnsupportedFeatureError

pytestmark = pytest.mark.keras

X = np.array([[1.0], [2.0]], np.float32)


def test_the_error_has_no_values_of_the_inputs_in_it(kit, modules):
    with pytest.raises(InputError, match=r"got float32 \(2, 1\)\. Pass strings\.$"):
        kit.KerasLayer(modules("text"))(X)


def test_the_advice_for_symbols_names_their_input(kit, modules):
    with pytest.raises(
        InputError,
        match=r"'b': convert it with tf.cast.*dtype of an input of a Keras model is set with keras\.Input\(",
    ):
        kit.KerasLayer(modules("nested"))({"a": kit.keras.Input([2]), "b": kit.keras.Input([2])})


@pytest.mark.parametrize("given", [{"a": X, "b": X}, {"mask": X}])
def test_inputs_by_keyword_are_refused(kit, modules, given):
    layer = kit.KerasLayer(modules("regression"))
    inputs = (X,) if "mask" in given else ()
    with pytest.raises(
        InputError, match=re.escape(f"keyword arguments {list(given)}") + ".*as one dict.*arguments="
    ):
        layer(*inputs, **given)


def test_a_module_with_a_quantized_input_needs_keras_2(kit, tmp_path):
    import tensorflow as tf

    class Dequantized(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None], tf.qint8)])
        def __call__(self, inputs):
            return tf.quantization.dequantize(inputs, -1.0, 1.0)

    tf.saved_model.save(Dequantized(), str(tmp_path / "quantized"))
    if kit.name == "keras3":
        with pytest.raises(
            UnsupportedFeatureError,
            match="got '.*quantized' with an input of the dtype 'qint8'. Call hub.load.* import tf_keras",
        ):
            kit.KerasLayer(str(tmp_path / "quantized"))
    else:
        inputs = tf.quantization.quantize([0.5], -1.0, 1.0, tf.qint8).output
        assert kit.KerasLayer(str(tmp_path / "quantized"))(inputs).numpy() == pytest.approx(0.5, abs=0.01)


def test_a_module_with_a_quantized_input_among_others_needs_keras_2(kit, tmp_path):
    import tensorflow as tf

    class Scaled(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None], tf.float32), tf.TensorSpec([None], tf.qint8)])
        def __call__(self, scale, value):
            return scale * tf.quantization.dequantize(value, -1.0, 1.0)

    tf.saved_model.save(Scaled(), str(tmp_path / "scaled"))
    if kit.name == "keras3":
        with pytest.raises(
            UnsupportedFeatureError, match="got '.*scaled' with an input of the dtype 'qint8'. Call hub.load"
        ):
            kit.KerasLayer(str(tmp_path / "scaled"))
    else:
        value = tf.quantization.quantize([0.5], -1.0, 1.0, tf.qint8).output
        result = kit.KerasLayer(str(tmp_path / "scaled"))({"scale": tf.constant([2.0]), "value": value})
        assert result.numpy() == pytest.approx(1.0, abs=0.02)


def test_a_module_with_a_trace_without_quantized_inputs_is_a_layer_of_any_keras(kit, tmp_path):
    import tensorflow as tf

    class Halved(tf.Module):
        @tf.function
        def __call__(self, inputs):
            values = tf.quantization.dequantize(inputs, -1.0, 1.0) if inputs.dtype == tf.qint8 else inputs
            return values / 2

    module = Halved()
    for dtype in (tf.qint8, tf.float32):
        module.__call__.get_concrete_function(tf.TensorSpec([None], dtype))
    tf.saved_model.save(module, str(tmp_path / "halved"))
    assert kit.KerasLayer(str(tmp_path / "halved"))(tf.constant([3.0])).numpy() == [1.5]


def test_an_output_shape_that_is_another_is_refused(kit, modules):
    with pytest.raises(
        InputError, match=r"output_shape=\[5\].*got an output of \(2, 1\)\. Correct output_shape"
    ):
        kit.KerasLayer(modules("regression"), output_shape=[5])(X)


@pytest.fixture(scope="module")
def parts(tmp_path_factory) -> str:
    """A module that cannot be called itself: its parts can."""
    import tensorflow as tf

    module = tf.Module()
    module.tokenize = tf.Module()
    module.tokenize.words = tf.function(tf.strings.split, input_signature=[tf.TensorSpec([None], tf.string)])
    path = str(tmp_path_factory.mktemp("modules") / "parts")
    tf.saved_model.save(module, path)
    return path


def test_the_parts_that_can_be_called_are_named(kit, parts):
    with pytest.raises(
        SignatureError, match=r"only callable parts\. Pass part=… with one of \['tokenize\.words'\]"
    ):
        kit.KerasLayer(parts)
    with pytest.raises(InputError, match=r"Pass one of the parts of it that can be called: \['words'\]"):
        kit.KerasLayer(hub.load(parts).tokenize)


def test_a_part_is_named_by_its_handle(kit, parts):
    layer = kit.KerasLayer(hub.load(parts).tokenize.words)
    with pytest.raises(InputError, match=rf"inputs of '{parts}', part 'tokenize\.words' as"):
        layer(X)


def test_the_first_layer_of_a_model_under_mixed_precision_keeps_its_inputs(kit, modules):
    import tensorflow as tf

    policy = kit.keras.mixed_precision
    choose = getattr(policy, "set_dtype_policy", getattr(policy, "set_global_policy", None))
    choose("mixed_float16")
    try:
        layer = kit.KerasLayer(modules("text"))
        model = kit.keras.Sequential([layer, kit.keras.layers.Dense(1, dtype="float32")])
        model.compile("sgd", "mse")
        model.fit(tf.constant(["a", "b"]), X, verbose=0)
        assert layer(["a"]).dtype.name == "float16"
        assert kit.KerasLayer.from_config(layer.get_config())(["a"]).dtype.name == "float16"
    finally:
        choose("float32")


def test_a_model_of_the_other_keras_that_trains_the_layer_names_the_line(kit, modules):
    if not kit.is_keras3:
        pytest.skip("the layer of Keras 3 is the one that a model of tf_keras takes in")
    import tf_keras

    class Model(tf_keras.Model):
        def __init__(self):
            super().__init__()
            self.embed = kit.KerasLayer(modules("regression"), trainable=True)

        def call(self, x):
            return self.embed(x)

    model = Model()
    model.compile("adam", "mse")
    with pytest.raises(ModeError, match=r"got the variable.*from tensorflow_hub\.keras_layer\.keras2 import"):
        model.fit(X, X, verbose=0)
