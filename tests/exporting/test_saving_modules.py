"""Loaded modules of TensorFlow 1 as SavedModels of TensorFlow 2: nothing that can be called is lost."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

import tensorflow_hub as hub
from tests.support.module_fns import DENSE_VARIANTS, dense, export, vocabulary

v1 = tf.compat.v1
pytestmark = pytest.mark.tf1
X = np.ones([2, 3], np.float32)


@pytest.fixture
def path(tmp_path):
    return str(export(hub.create_module_spec(dense, DENSE_VARIANTS), tmp_path / "module"))


def check_dense(module):
    np.testing.assert_allclose(module(X), [[3, 3], [3, 3]])
    np.testing.assert_allclose(module.signatures["default"](tf.constant(X))["default"], [[3, 3], [3, 3]])
    before = module.signatures["count"]()["default"]
    module(X, training=True)
    np.testing.assert_allclose(module.signatures["count"]()["default"], before + 1)
    assert len(module.trainable_variables) == 1
    np.testing.assert_allclose(module.regularization_losses[0](), 0.6)


def test_a_module_is_saved_with_all_that_it_has(tmp_path, path):
    hub.save(hub.load(path), tmp_path / "saved")
    check_dense(hub.load(str(tmp_path / "saved")))
    check_dense(tf.saved_model.load(str(tmp_path / "saved")))


def test_saved_models_of_tensorflow_itself_keep_it_or_are_refused(tmp_path, path):
    module = hub.KerasLayer(path).resolved_object
    with pytest.raises(
        hub.HubError, match=r"the signatures \['count', 'default'\], got none: .* Use hub.save"
    ):
        tf.saved_model.save(module, str(tmp_path / "refused"))
    tf.saved_model.save(module, str(tmp_path / "saved"), signatures=dict(module.signatures))
    check_dense(tf.saved_model.load(str(tmp_path / "saved")))
    tf.saved_model.save(tf.saved_model.load(str(tmp_path / "saved")), str(tmp_path / "again"))


def test_a_module_inside_of_another_object_keeps_it_too(tmp_path, path):
    outer = tf.Module()
    outer.embed = hub.load(path)
    tf.saved_model.save(outer, str(tmp_path / "saved"))
    check_dense(tf.saved_model.load(str(tmp_path / "saved")).embed)


def test_a_module_without_default_signature(tmp_path):
    source = vocabulary(tmp_path / "words.txt", "a", "b")

    def module_fn():
        ids, table = v1.placeholder(tf.int32, [None, None]), v1.get_variable("table", [3, 4])
        hub.add_signature("tokens", {"input_ids": ids}, {"pooled": tf.reduce_mean(tf.gather(table, ids), 1)})
        hub.add_signature("mlm", {"input_ids": ids}, {"logits": tf.gather(table, ids)})
        words = tf.constant(source)
        v1.add_to_collection(v1.GraphKeys.ASSET_FILEPATHS, words)
        hub.add_signature("info", {}, {"words": words})

    path = str(export(hub.create_module_spec(module_fn), tmp_path / "module"))
    layer = hub.KerasLayer(path, signature="tokens", trainable=True)
    ids = tf.constant([[1, 2]])
    layer.resolved_object.variables[0].assign(tf.ones([3, 4]))
    hub.save(layer, tmp_path / "tuned")
    tuned = hub.load(str(tmp_path / "tuned"))
    assert sorted(tuned.signatures) == ["info", "mlm", "tokens"]
    np.testing.assert_array_equal(tuned.signatures["tokens"](input_ids=ids)["pooled"], np.ones([1, 4]))
    assert tuned.signatures["info"]()["words"].numpy().decode() == str(tmp_path / "tuned/assets/words.txt")
    assert not callable(tuned)
    again = hub.KerasLayer(str(tmp_path / "tuned"), signature="tokens", trainable=True)
    np.testing.assert_array_equal(again(ids), np.ones([1, 4]))
    assert len(again.trainable_weights) == 1
