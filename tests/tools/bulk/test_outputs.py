"""The records written by hand are those that TensorFlow writes."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from tensorflow_hub.tools.bulk.outputs import tf_example


def example(key, vector):
    features = {
        "key": tf.train.Feature(bytes_list=tf.train.BytesList(value=[key.encode()])),
        "embedding": tf.train.Feature(float_list=tf.train.FloatList(value=vector)),
    }
    return tf.train.Example(features=tf.train.Features(feature=features))


@given(st.text(max_size=300), arrays.arrays(np.float32, st.integers(1, 200)))
def test_a_record_is_an_example(key, vector):
    # Parsed and written again by TensorFlow: messages with a NaN in them are not equal to themselves.
    again = tf.train.Example.FromString(tf_example(key, vector))
    assert again.SerializeToString(deterministic=True) == example(key, vector).SerializeToString(
        deterministic=True
    )


@pytest.mark.parametrize("length", [0, 1, 126, 127, 128, 16_383, 16_384, 70_000])
def test_a_record_of_any_length_is_an_example(length):
    wide = np.arange(length + 1, dtype=np.float64)[::-1]  # neither float32 nor contiguous
    assert tf.train.Example.FromString(tf_example("k" * length, wide)) == example("k" * length, wide)
