"""The layer under `tf.distribute` on two devices, which have to be chosen when a process starts."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.keras

PROGRAM = """
import importlib, sys, warnings
warnings.simplefilter("ignore")
import numpy as np, tensorflow as tf
half, regression, text, text_of_tf1, image_of_tf1 = sys.argv[1:]
device = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(device, [tf.config.LogicalDeviceConfiguration()] * 2)
half = importlib.import_module(f"tensorflow_hub.keras_layer.{half}")
keras, KerasLayer = half.keras, half.KerasLayer
strategy = tf.distribute.MirroredStrategy(
    ["CPU:0", "CPU:1"], cross_device_ops=tf.distribute.ReductionToOneDevice()
)
X = np.array([[1.0], [2.0]], np.float32)

def equal(a, b):
    np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)

# Called eagerly in the scope, outside of the replicas; and after it.
with strategy.scope():
    layer = KerasLayer(regression)
    words = KerasLayer(text, dtype=tf.string)
    old_words = KerasLayer(text_of_tf1, dtype=tf.string)
    equal(layer(X), [[4.0], [7.0]])
    equal(words(["a", "c"]), [[0, 1], [4, 5]])
    in_scope = old_words(["hello", "world"])
equal(layer(X), [[4.0], [7.0]])
equal(old_words(["hello", "world"]), in_scope)
equal(KerasLayer(text_of_tf1, dtype=tf.string)(["hello", "world"]), in_scope)

# A layer made outside of the scope is applied there, and refused with a sentence when it is to train.
outside = KerasLayer(regression)
with strategy.scope():
    equal(outside(X), [[4.0], [7.0]])
outside.trainable = True
try:
    with strategy.scope():
        model = keras.Sequential([keras.Input([1]), outside])
        model.compile("sgd", "mse")
    model.fit(X, X, verbose=0)
except Exception as error:
    assert "scope" in str(error) and "strategy.scope()" in str(error), error
else:
    raise AssertionError("trained variables of no replica")

# One step on two replicas is one step on one.
def trained(handle, inputs, shape, dtype):
    keras.utils.set_random_seed(1)
    layer = KerasLayer(handle, trainable=True, dtype=dtype)
    head = keras.layers.Dense(1, kernel_initializer="ones", dtype="float32")
    model = keras.Sequential([keras.Input(shape, dtype=dtype), layer, head])
    model.compile(keras.optimizers.SGD(0.1), "mse")
    return layer, model

def weights_after_a_step(handle, inputs, shape, dtype, scope):
    with scope:
        layer, model = trained(handle, inputs, shape, dtype)
    before = [np.array(w) for w in layer.get_weights()]
    data = tf.data.Dataset.from_tensor_slices((inputs, np.arange(4, dtype=np.float32)[:, None])).batch(4)
    model.fit(data, verbose=0)
    after = layer.get_weights()
    assert any((a != b).any() for a, b in zip(after, before)), handle
    assert not any(np.isnan(a).any() for a in after), handle
    replicas = [strategy.experimental_local_results(v) for v in layer.resolved_object.trainable_variables]
    for values in replicas:
        equal(values[0], values[-1])
    return after

import contextlib
texts = [(text_of_tf1, ["hello", "world", "hello", "you"], (), "string")]
if half.__name__.endswith("keras3"):
    texts = []  # its fit adds up the inputs of all replicas, and texts have no sum
for handle, inputs, shape, dtype in (
    *texts,
    (image_of_tf1, np.random.default_rng(0).random([4, 16, 16, 3]).astype("f"), (16, 16, 3), "float32"),
    (regression, np.array([[1.0], [2.0], [1.0], [2.0]], np.float32), (1,), "float32"),
):
    one = weights_after_a_step(handle, inputs, shape, dtype, contextlib.nullcontext())
    two = weights_after_a_step(handle, inputs, shape, dtype, strategy.scope())
    if handle == text_of_tf1:
        for a, b in zip(one, two):
            equal(a, b)
print("done")
"""


def test_two_replicas(kit, modules, tf1_modules):
    arguments = [
        kit.name,
        modules("regression"),
        modules("text"),
        str(tf1_modules / "05_text_embedding" / "module"),
        str(tf1_modules / "06_image_feature_vector" / "module"),
    ]
    environment = {"TF_CPP_MIN_LOG_LEVEL": "3"}
    if importlib.util.find_spec("tf_keras"):  # TensorFlow 2.15 has one Keras, and no choice
        environment["TF_USE_LEGACY_KERAS"] = "0" if kit.is_keras3 else "1"
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | environment,
    )
    assert done.stdout.endswith("done\n"), done.stderr[-3000:]
