"""Saved models load in a process that only imports the library, and not `hub.KerasLayer`."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

pytestmark = pytest.mark.keras


@pytest.mark.parametrize("order", ["keras first", "hub first"])
def test_a_saved_model_loads_where_only_the_library_is_imported(kit, modules, tmp_path, order):
    layer = kit.KerasLayer(modules("regression"), trainable=True)
    path = str(tmp_path / "model.keras")
    kit.keras.Sequential([kit.keras.Input([1]), layer]).save(path)
    name = kit.keras.__name__.split(".")[0]
    imports = ["import tensorflow_hub", f"import {name} as keras"]
    if order == "keras first":
        imports.reverse()
    code = "\n".join(
        [
            *imports,
            f"import numpy; print(keras.models.load_model({path!r})(numpy.array([[2.0]])).numpy().tolist())",
        ]
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    np.testing.assert_array_equal(eval(done.stdout.splitlines()[-1]), [[7.0]])


@pytest.mark.parametrize("legacy", ["0", "1"])
def test_the_layer_is_one_of_tf_keras(legacy):
    import tensorflow as tf

    code = (
        "import tensorflow as tf, tensorflow_hub as hub\n"
        "from tensorflow_hub.keras_layer import KerasLayer\n"
        "assert KerasLayer is hub.KerasLayer\n"
        "assert issubclass(hub.KerasLayer, tf.keras.layers.Layer), hub.KerasLayer\n"
        "assert hub.keras_layer.KerasLayer is KerasLayer\n"
    )
    if tf.__version__ < "2.16" and legacy == "1":
        pytest.skip("TensorFlow 2.15 has one Keras")
    environment = {"TF_USE_LEGACY_KERAS": legacy, "TF_CPP_MIN_LOG_LEVEL": "3"}
    import os

    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | environment,
    )
    assert done.returncode == 0, done.stderr[-2000:]
