"""The layer in its plainest use: strings to vectors in a Sequential model."""

from __future__ import annotations

import numpy as np
import pytest

pytestmark = pytest.mark.keras


@pytest.fixture(scope="module")
def text_module(tmp_path_factory):
    import tensorflow as tf

    path = str(tmp_path_factory.mktemp("text"))
    keys = tf.constant(["a", "b", "c"])
    table = tf.lookup.StaticVocabularyTable(
        tf.lookup.KeyValueTensorInitializer(keys, tf.range(3, dtype=tf.int64)), 1
    )
    module = tf.train.Checkpoint()
    module.table = table
    module.embeddings = tf.Variable(np.arange(8, dtype=np.float32).reshape(4, 2), name="embeddings")
    module.variables = [module.embeddings]
    module.trainable_variables = [module.embeddings]
    module.__call__ = tf.function(
        lambda words: tf.nn.embedding_lookup(module.embeddings, table.lookup(words)),
        input_signature=[tf.TensorSpec([None], tf.string)],
    )
    tf.saved_model.save(module, path)
    return path


def test_a_text_module_is_fine_tuned_in_a_sequential_model(text_module):
    import tensorflow as tf

    import tensorflow_hub as hub

    layer = hub.KerasLayer(text_module, input_shape=[], dtype=tf.string, trainable=True)
    np.testing.assert_array_equal(layer(["a", "c"]), [[0, 1], [4, 5]])
    before = layer.resolved_object.variables[0].numpy()
    model = tf.keras.Sequential([layer, tf.keras.layers.Dense(1)])
    model.compile("adam", "mse")
    model.fit(np.array(["a", "b"] * 8, dtype=object), np.ones(16), verbose=0)
    changed = (layer.resolved_object.variables[0].numpy() != before).any(axis=1)
    assert changed.tolist() == [True, True, False, False]
