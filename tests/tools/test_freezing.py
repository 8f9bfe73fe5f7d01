"""An encoder's weights as constants: the same features, made when it pays and where it can be."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from tensorflow_hub.tools import freezing
from tensorflow_hub.tools.encoders import open_encoder
from tensorflow_hub.tools.freezing import FreezingEncoder

PIXELS = 16 * 16
IMAGES = np.random.default_rng(0).random((5, 16, 16, 3)).astype(np.float32)


@pytest.fixture
def encoder(image_module):
    return open_encoder(str(image_module), "image")


def test_features_stay_the_same_when_weights_become_constants(encoder):
    encode, expected = FreezingEncoder(encoder, pays_from=10 * PIXELS), encoder(IMAGES)
    np.testing.assert_array_equal(encode(IMAGES), expected)
    assert encode._apply is None
    for _ in range(3):
        np.testing.assert_allclose(encode(IMAGES), expected, atol=1e-5)
    assert encode._apply is not encoder
    for variable in encoder.variables:
        variable.assign(tf.zeros_like(variable))
    np.testing.assert_allclose(encode(IMAGES), expected, atol=1e-5)  # they are constants indeed


def test_weights_become_constants_at_once_where_so_many_images_are_expected(encoder):
    assert FreezingEncoder(encoder, expected=9, pays_from=10 * PIXELS)._apply is None
    encode = FreezingEncoder(encoder, expected=10, pays_from=10 * PIXELS)
    np.testing.assert_allclose(encode(IMAGES), encoder(IMAGES), atol=1e-5)
    assert encode._apply is not encoder


def changed(encoder, function):
    """The encoder with something else before it in its graph."""
    spec = tf.TensorSpec([None, 16, 16, 3], tf.float32)
    apply = tf.function(
        lambda images: encoder.apply(function(images)), input_signature=[spec], autograph=False
    )
    return dataclasses.replace(encoder, apply=apply)


def test_weights_in_a_graph_with_a_loop_become_constants_too(encoder):
    with_loop = changed(encoder, lambda images: tf.map_fn(lambda image: image, images))
    encode, expected = FreezingEncoder(with_loop, pays_from=PIXELS), encoder(IMAGES)
    np.testing.assert_allclose(encode(IMAGES), expected, atol=1e-5)
    assert encode._apply is not with_loop
    np.testing.assert_allclose(with_loop(IMAGES), expected, atol=1e-5)  # nothing was taken away from it


def test_what_uses_a_table_stays_as_it_is(encoder, caplog):
    zero = tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer([1], [0.0]), 0.0)
    with_table = changed(encoder, lambda images: images + zero.lookup(tf.constant(1)))
    encode = FreezingEncoder(with_table, pays_from=PIXELS)
    with caplog.at_level("DEBUG", "tensorflow_hub"):
        np.testing.assert_allclose(encode(IMAGES), encoder(IMAGES), atol=1e-5)
    assert encode._apply is with_table
    assert "do not become constants: they are not all it uses" in caplog.text


def test_large_weights_and_graphs_that_cannot_be_frozen_stay_as_they_are(encoder, monkeypatch):
    expected = encoder(IMAGES)
    with monkeypatch.context() as small:
        small.setattr(freezing, "LARGEST", 10)
        encode = FreezingEncoder(encoder, pays_from=PIXELS)
        np.testing.assert_array_equal(encode(IMAGES), expected)
        assert encode._apply is encoder

    def refuse(function):
        raise ValueError("an op that TensorFlow does not know how to convert")

    monkeypatch.setattr(freezing, "_with_constants", refuse)
    encode = FreezingEncoder(encoder, pays_from=PIXELS)
    np.testing.assert_array_equal(encode(IMAGES), expected)
    assert encode._apply is encoder
