"""Saved models load in a process that only imports the library, and not `hub.KerasLayer`."""

from __future__ import annotations

import os
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


@pytest.mark.parametrize("hook", ["0", "1"])
def test_the_import_hook_goes_when_it_is_not_needed_and_can_be_kept_out(hook):
    code = (
        "import sys, tensorflow_hub\n"
        "hooks = lambda: [f for f in sys.meta_path if type(f).__module__.startswith('tensorflow_hub')]\n"
        "print(len(hooks()))\n"
        "sys.modules['tf_keras'] = sys.modules.get('tf_keras') or sys\n"
        "[f._names.discard('tf_keras') for f in hooks()]\n"
        "import keras\n"
        "print(len(hooks()), 'TensorFlowHub>KerasLayer' in keras.utils.get_custom_objects())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"TFHUB_IMPORT_HOOK": hook, "TF_CPP_MIN_LOG_LEVEL": "3"},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.splitlines() == (["1", "0 True"] if hook == "1" else ["0", "0 False"])


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
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | environment,
    )
    assert done.returncode == 0, done.stderr[-2000:]
