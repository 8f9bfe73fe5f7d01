"""The layer with Keras on JAX and PyTorch, each in a process of its own."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys

import pytest

PROGRAM = """
import sys, warnings
warnings.simplefilter("ignore")
import numpy as np, keras
import tensorflow_hub as hub
from tensorflow_hub.errors import ModeError

path = sys.argv[1]
layer = hub.KerasLayer(path)
x = np.array([[1.0], [2.0]], np.float32)
assert keras.ops.convert_to_numpy(layer(x)).tolist() == [[4.0], [7.0]]
assert layer.weights == []
model = keras.Sequential([keras.Input([1]), layer, keras.layers.Dense(1)])
model.compile("sgd", "mse")
before = model.layers[-1].get_weights()[0].copy()
model.fit(x, x, verbose=0)
assert (model.layers[-1].get_weights()[0] != before).all()
assert model.predict(x, verbose=0).shape == (2, 1)
try:
    hub.KerasLayer(path, trainable=True)
except ModeError as error:
    assert "Expected trainable=False" in str(error), error
else:
    raise AssertionError("trained")
print("ok")
"""


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_inference_and_training_of_the_layers_after_it(modules, backend):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, modules("regression")],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"},
    )
    assert done.returncode == 0, done.stderr[-3000:]
