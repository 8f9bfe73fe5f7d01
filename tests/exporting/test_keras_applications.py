"""Every architecture of `keras.applications` as a module: `make test-applications`, about an hour.

Each is exported as feature vector and as classification, as TF2 SavedModel and in TF1 Hub format, with random
weights, and has to compute what the network of Keras computes on the network's own scale of pixels.
"""

from __future__ import annotations

import gc
import inspect
import os

import numpy as np
import pytest

import tensorflow_hub as hub
from tensorflow_hub.exporting.keras_applications import KINDS

pytestmark = pytest.mark.slow

# Pixels on a side: as small as all of them take, to save time; the weights are those of any size.
SIZE = 75
FIXED_SIZE = {"NASNetLarge": 331, "NASNetMobile": 224}


def _names() -> list[str]:
    import keras

    chosen = os.environ.get("TFHUB_TEST_APPLICATIONS", "").split()
    found = vars(keras.applications).items()
    return chosen or sorted(name for name, value in found if name[0].isupper() and callable(value))


def _calibrate(network, images):
    """Sets the averages of batch normalization to those of some images.

    Without, activations of a deep network with random weights grow until rounding decides about its outputs.
    """
    kept = []
    for layer in network.layers:
        for name in ("momentum", "rate"):  # of batch normalization and of dropout
            if hasattr(layer, name):
                kept.append((layer, name, getattr(layer, name)))
                setattr(layer, name, 0.0)
    network(images, training=True)
    for layer, name, value in kept:
        setattr(layer, name, value)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", _names())
def test_it_is_exported_and_computes_what_keras_does(name, kind, tmp_path):
    import keras
    import tensorflow as tf

    size = FIXED_SIZE.get(name, SIZE) if kind == "classification" else SIZE
    build = getattr(keras.applications, name)
    pixels = 255.0 * np.random.default_rng(0).random([2, size, size, 3]).astype(np.float32)
    options = {"weights": None, "input_shape": (size, size, 3)}
    if kind == "feature-vector":
        options |= {"include_top": False, "pooling": "avg"}
    elif "classifier_activation" in inspect.signature(build).parameters:
        options |= {"classes": 10, "classifier_activation": None}
    preprocess = inspect.getmodule(inspect.unwrap(build)).preprocess_input
    keras.utils.set_random_seed(1)
    network = build(**options)
    _calibrate(network, preprocess(pixels.copy()))
    weights = str(tmp_path / "network.weights.h5")
    network.save_weights(weights)
    expected = network(preprocess(pixels.copy()), training=False).numpy()
    trained = len(network.trainable_weights)
    del network
    gc.collect()
    for form in ("saved_model_2", "hub"):
        path = str(tmp_path / form)
        hub.export_keras_application(
            name, path, kind=kind, weights=weights, classes=10, image_size=(size, size), format=form
        )
        interface = "image-feature-vector" if kind == "feature-vector" else "image-classification"
        (met,) = hub.check_interface(path, interface)
        assert not met.missing
        module = hub.load(path)
        images = tf.constant(pixels / 255.0)
        # The deepest amplify rounding ten thousand times; another scale of pixels would change tenths.
        np.testing.assert_allclose(module(images), expected, rtol=2e-3, atol=2e-2 * np.abs(expected).max())
        assert module(images, training=True).shape == expected.shape  # the variant for fine-tuning
        assert len(module.trainable_variables) == trained
        del module
        gc.collect()
