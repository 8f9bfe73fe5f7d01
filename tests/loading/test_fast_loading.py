"""Whether SavedModels are loaded the fast way, and what is logged where they are not."""

from __future__ import annotations

import logging

import numpy as np
import pytest

import tensorflow_hub as hub

FAST = "Loaded a trimmed copy of {path}, and restored its variables with one op"

# Those of keras.applications, with the least size of images that each takes.
SMALL = {"MobileNet": 32, "MobileNetV2": 32, "DenseNet121": 32}
ARCHITECTURES = {
    "ConvNeXtTiny": 32,
    "DenseNet201": 32,
    "EfficientNetB0": 32,
    "EfficientNetV2B0": 32,
    "InceptionResNetV2": 75,
    "InceptionV3": 75,
    "MobileNetV3Large": 32,
    "MobileNetV3Small": 32,
    "NASNetMobile": 32,
    "ResNet50": 32,
    "ResNet50V2": 32,
    "VGG16": 32,
    "Xception": 71,
}


def loading(path, caplog):
    with caplog.at_level(logging.DEBUG, logger="tensorflow_hub"):
        caplog.clear()
        loaded = hub.load(path)
    return loaded, [message for message in caplog.messages if "Load" in message or "Restor" in message]


@pytest.mark.parametrize(
    ("name", "size"),
    [
        *SMALL.items(),
        *(pytest.param(*item, marks=pytest.mark.slow) for item in ARCHITECTURES.items()),
    ],
)
def test_networks_of_keras_applications_are_loaded_the_fast_way(tmp_path, caplog, name, size):
    import keras

    options = {"alpha": 0.25} if name == "MobileNet" else {}
    model = getattr(keras.applications, name)(
        weights=None, include_top=False, pooling="avg", input_shape=(size, size, 3), **options
    )
    path = str(tmp_path / "model")
    hub.export_keras_model(model, path)
    loaded, messages = loading(path, caplog)
    assert messages == [FAST.format(path=path)]
    images = np.random.default_rng(0).random([1, size, size, 3]).astype(np.float32)
    np.testing.assert_allclose(loaded(images), model(images), rtol=1e-4, atol=1e-5)


def test_why_variables_are_restored_one_by_one_is_logged(tmp_path, caplog):
    import tensorflow as tf

    module = tf.Module()
    module.table = tf.lookup.experimental.MutableHashTable(tf.string, tf.int64, -1)
    module.table.insert(["a"], [1])
    module.__call__ = tf.function(module.table.lookup, input_signature=[tf.TensorSpec([None], tf.string)])
    tf.saved_model.save(module, str(tmp_path))
    loaded, messages = loading(str(tmp_path), caplog)
    assert loaded(tf.constant(["a", "b"])).numpy().tolist() == [1, -1]
    (message,) = messages
    assert message.startswith(f"Restoring the variables of {tmp_path} one by one, which takes longer: ")


def test_why_a_file_is_loaded_whole_is_logged(tmp_path, caplog, monkeypatch):
    import tensorflow as tf

    module = tf.Module()
    module.__call__ = tf.function(lambda x: x, input_signature=[tf.TensorSpec([None], tf.float32)])
    tf.saved_model.save(module, str(tmp_path / "model"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "missing"))  # no place for the trimmed file
    _, messages = loading(str(tmp_path / "model"), caplog)
    (message,) = messages
    assert message.startswith(
        f"Loading {tmp_path}/model without trimming it, which takes longer: FileNotFoundError"
    )
