"""The layer with Keras on JAX and PyTorch, each in a process of its own (`make test-backends`)."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys

import pytest

# `make test-backends` names those that it installed: with these a test must not skip.
EXPECTED = os.environ.get("TFHUB_TEST_BACKENDS", "").split()

PRELUDE = """
import sys, warnings
import numpy as np, keras
import tensorflow_hub as hub
from tensorflow_hub.errors import ModeError, UnsupportedFeatureError

path = sys.argv[1]
x = np.array([[1.0], [2.0]], np.float32)
"""

INFERENCE = """
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    layer = hub.KerasLayer(path)
    hub.KerasLayer(path)
assert [str(w.message) for w in said if "runs modules in TensorFlow on the CPU" in str(w.message)], said
assert keras.ops.convert_to_numpy(layer(x)).tolist() == [[4.0], [7.0]]
assert layer.weights == []
model = keras.Sequential([keras.Input([1]), layer, keras.layers.Dense(1)])
model.compile("sgd", "mse")
assert model.jit_compile == (keras.backend.backend() == "jax")
before = model.layers[-1].get_weights()[0].copy()
model.fit(x, x, verbose=0)
assert (model.layers[-1].get_weights()[0] != before).all()
assert model.predict(x, verbose=0).shape == (2, 1)
model.save(sys.argv[2] + "/model.keras")
again = keras.models.load_model(sys.argv[2] + "/model.keras")
np.testing.assert_allclose(again.predict(x, verbose=0), model.predict(x, verbose=0), rtol=1e-6)
try:
    keras.Sequential([keras.Input((), dtype="string"), hub.KerasLayer(sys.argv[3])]).predict(x, verbose=0)
except Exception as error:
    assert "string" in str(error), error
else:
    raise AssertionError("strings inside a model")
print("done")
"""

REFUSED = """
try:
    hub.KerasLayer(path, trainable=True)
except ModeError as error:
    assert "Expected trainable=False" in str(error) and "KERAS_BACKEND=tensorflow or jax" in str(error), error
    print("done")
"""

FINE_TUNING = """
import tensorflow as tf

# One step of gradient descent by plain TensorFlow.
plain = hub.load(path)
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(plain(x, training=True) ** 2) + plain.regularization_losses[0]()
gradients = tape.gradient(loss, list(plain.trainable_variables))
for variable, gradient in zip(plain.trainable_variables, gradients):
    variable.assign_sub(0.01 * gradient)

layer = hub.KerasLayer(path, trainable=True)
assert len(layer.trainable_weights) == 2 and len(layer.non_trainable_weights) == 1
assert keras.ops.convert_to_numpy(layer(x)).tolist() == [[4.0], [7.0]]
assert float(layer.losses[0]) == 4.5
model = keras.Sequential([keras.Input([1]), layer])
model.compile(keras.optimizers.SGD(0.01), "mse")
assert model.jit_compile
history = model.fit(x, 0 * x, verbose=0)
np.testing.assert_allclose(history.history["loss"][0], loss, rtol=1e-6)
for weight, variable in zip(layer.weights, plain.variables):
    np.testing.assert_allclose(weight.numpy(), variable, rtol=1e-6)  # the average too
hub.save(layer, sys.argv[2] + "/tuned")
np.testing.assert_allclose(hub.load(sys.argv[2] + "/tuned")(x), model.predict(x, verbose=0), rtol=1e-6)
model.save(sys.argv[2] + "/model.keras")
again = keras.models.load_model(sys.argv[2] + "/model.keras")
np.testing.assert_allclose(again.predict(x, verbose=0), model.predict(x, verbose=0), rtol=1e-6)

# A convolutional network with batch normalization.
layer = hub.KerasLayer(sys.argv[4], trainable=True)
images = np.random.default_rng(0).random([4, 8, 8, 3]).astype(np.float32)
np.testing.assert_allclose(layer(images), hub.load(sys.argv[4])(images), rtol=1e-5, atol=1e-6)
model = keras.Sequential([keras.Input([8, 8, 3]), layer, keras.layers.Dense(1)])
model.compile("sgd", "mse")
before = layer.get_weights()
model.fit(images, np.ones([4, 1]), verbose=0)
changed = [(b != w).any() for b, w in zip(before, layer.get_weights())]
assert all(changed[-2:]) and sum(changed) >= 5, changed

# What cannot be converted is said to be so.
layer = hub.KerasLayer(lambda x: tf.strings.length(tf.strings.as_string(x)), trainable=True)
try:
    layer(np.zeros([2], np.float32))
except UnsupportedFeatureError as error:
    assert "AsString" in str(error) and "KERAS_BACKEND=tensorflow" in str(error), error
    print("done")
"""


@pytest.mark.parametrize(
    ("backend", "program"),
    [
        pytest.param("jax", INFERENCE, id="jax: inference"),
        pytest.param("torch", INFERENCE, id="torch: inference"),
        pytest.param("torch", REFUSED, id="torch: fine-tuning is refused"),
        pytest.param("jax", FINE_TUNING, id="jax: fine-tuning"),
    ],
)
def test_a_backend_other_than_tensorflow(modules, tmp_path, backend, program):
    if backend not in EXPECTED and importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed; see `make test-backends`")
    paths = [modules("regression"), str(tmp_path), modules("text"), modules("image")]
    done = subprocess.run(
        [sys.executable, "-c", PRELUDE + program, *paths],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"},
    )
    assert done.stdout.endswith("done\n"), done.stderr[-3000:] + done.stdout


def test_without_tf2jax_fine_tuning_in_jax_says_what_to_install(modules):
    program = """
import sys
sys.modules["tf2jax"] = None
from tensorflow_hub.errors import MissingDependencyError
from tensorflow_hub.keras_layer.backends.jax_function import JaxFunction
try:
    JaxFunction(print, "acme/line/1")
except MissingDependencyError as error:
    assert "pip install tf2jax" in str(error), error
    print("done")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stdout.endswith("done\n"), done.stderr[-3000:]
