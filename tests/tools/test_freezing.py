"""An encoder's weights as constants: the same features, made when it pays and where it can be."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from tensorflow_hub.tools import freezing
from tensorflow_hub.tools.encoders import open_encoder
from tensorflow_hub.tools.freezing import FreezingEncoder

IMAGES = np.random.default_rng(0).random((5, 16, 16, 3)).astype(np.float32)


@pytest.fixture
def encoder(image_module):
    return open_encoder(str(image_module), "image")


def test_features_stay_the_same_when_weights_become_constants(encoder):
    encode, expected = FreezingEncoder(encoder, after=10), encoder(IMAGES)
    np.testing.assert_array_equal(encode(IMAGES), expected)
    assert encode._apply is encoder
    for _ in range(3):
        np.testing.assert_allclose(encode(IMAGES), expected, atol=1e-5)
    assert encode._apply is not encoder
    for variable in encoder.variables:
        variable.assign(tf.zeros_like(variable))
    np.testing.assert_allclose(encode(IMAGES), expected, atol=1e-5)  # they are constants indeed


def test_large_weights_and_graphs_that_cannot_be_frozen_stay_as_they_are(encoder, monkeypatch):
    expected = encoder(IMAGES)
    with monkeypatch.context() as small:
        small.setattr(freezing, "LARGEST", 10)
        encode = FreezingEncoder(encoder, after=1)
        np.testing.assert_array_equal(encode(IMAGES), expected)
        assert encode._apply is encoder

    def refuse(function):
        raise ValueError("an op that TensorFlow does not know how to convert")

    monkeypatch.setattr(freezing, "convert_variables_to_constants_v2", refuse)
    encode = FreezingEncoder(encoder, after=1)
    np.testing.assert_array_equal(encode(IMAGES), expected)
    assert encode._apply is encoder
