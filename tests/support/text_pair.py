"""A text encoder in two parts: the first takes strings, the second what the first gives."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

INPUTS = {
    "ids": tf.TensorSpec([None, None], tf.int32, "ids"),
    "mask": tf.TensorSpec([None, None], tf.int32, "mask"),
}


class Preprocessor(tf.Module):
    """Strings [b] → ids and mask, int32 [b, words]."""

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
    def __call__(self, texts):
        words = tf.strings.split(texts)
        ids = tf.cast(tf.strings.to_hash_bucket_fast(words, 200), tf.int32).to_tensor()
        return {"ids": ids, "mask": tf.cast(tf.sequence_mask(words.row_lengths()), tf.int32)}


class Encoder(tf.Module):
    """Ids and mask → float32 [b, 16], the mean of the words' vectors, and an output for each word."""

    def __init__(self):
        super().__init__()
        self.table = tf.Variable(np.random.default_rng(0).normal(size=(200, 16)).astype(np.float32))

    @tf.function(input_signature=[INPUTS])
    def __call__(self, inputs):
        words = tf.gather(self.table, inputs["ids"]) * tf.cast(inputs["mask"], tf.float32)[..., None]
        count = tf.maximum(tf.reduce_sum(inputs["mask"], axis=1, keepdims=True), 1)
        mean = tf.reduce_sum(words, axis=1) / tf.cast(count, tf.float32)
        return {"pooled_output": mean, "sequence_output": words}


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    folder = tmp_path_factory.mktemp("parts")
    tf.saved_model.save(Preprocessor(), str(folder / "first"))
    tf.saved_model.save(Encoder(), str(folder / "encoder"))
    return str(folder / "first"), str(folder / "encoder")
