"""Inputs that do not fit: each error says what to change in them, also inside of a tf.function."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

import tensorflow_hub as hub
from tensorflow_hub.errors import InputError, NotAModuleError
from tensorflow_hub.loading.input_advice import advice_for

INTS = tf.TensorSpec([None, 3], tf.int32)
SPARSE = tf.SparseTensorSpec([None, 3], tf.int32)
RAGGED = tf.RaggedTensorSpec([None, None], tf.int32)


@pytest.mark.parametrize(
    ("inputs", "spec", "advice"),
    [
        (tf.ones([1, 3], tf.int32), INTS, ""),
        (tf.ones([1, 3]), INTS, "Convert it with tf.cast(…, tf.int32)."),
        (tf.constant([["a"] * 3]), INTS, "Pass numbers (int32)."),
        (tf.ones([1, 3]), tf.TensorSpec([None], tf.string), "Pass strings."),
        (tf.ones([3], tf.int32), INTS, "Add the missing batch dimension with tf.expand_dims(…, 0)."),
        (tf.ones([1, 4], tf.int32), INTS, "Reshape or resize it to (None, 3)."),
        (
            tf.ones([2, 3], tf.int32),
            tf.TensorSpec([1, 3], tf.int32),
            "Pass the examples in batches of 1, the batch size of the module.",
        ),
        (None, INTS, "Pass a value, not None."),
        (tf.ones([1, 3], tf.int32), SPARSE, "Make it sparse with tf.sparse.from_dense(…)."),
        (tf.ragged.constant([[1]]), SPARSE, "Make it sparse with its method to_sparse()."),
        (tf.ones([1, 3], tf.int32), RAGGED, "Make it ragged with tf.RaggedTensor.from_tensor(…)."),
        (tf.sparse.from_dense([[1]]), RAGGED, "Make it ragged with tf.RaggedTensor.from_sparse(…)."),
        (tf.sparse.from_dense([[1]]), INTS, "Make it dense with tf.sparse.to_dense(…)."),
        (tf.ragged.constant([[1]]), INTS, "Make it dense with its method to_tensor()."),
        ({"a": 1}, {"a": INTS, "b": INTS}, "Pass a dict with exactly the names ['a', 'b']."),
        ({"a": {}}, {"a": {"b": INTS}}, "Input 'a': pass a dict with exactly the names ['b']."),
        ({"a": tf.ones([1, 3])}, {"a": INTS}, "Input 'a': convert it with tf.cast(…, tf.int32)."),
        ([1], [INTS, INTS], "Pass a list of 2."),
        (
            [tf.ones([1, 3], tf.int32), tf.ones([1, 3])],
            [INTS, INTS],
            "Input '[1]': convert it with tf.cast(…, tf.int32).",
        ),
    ],
)
def test_the_advice_names_what_to_change(inputs, spec, advice):
    assert advice_for(inputs, spec) == advice


def test_a_second_input_in_the_place_of_training_is_refused(add_module):
    module = hub.load(add_module)
    with pytest.raises(
        InputError, match="Expected training as True or False.*got float32.*module\\(\\[a, b\\]\\)"
    ):
        module(np.ones([1], np.float32), np.ones([1], np.float32))


@pytest.mark.parametrize("training", [None, True, np.True_, tf.constant(True)])
def test_training_may_be_any_truth_value(add_module, training):
    np.testing.assert_array_equal(hub.load(add_module)([1.0], training), [2.0])


def test_training_may_be_known_later(add_module):
    module = hub.load(add_module)
    run = tf.function(lambda training: module([1.0], training), input_signature=[tf.TensorSpec([], tf.bool)])
    np.testing.assert_array_equal(run(tf.constant(True)), [2.0])


def test_errors_leave_a_function_as_they_are(add_module):
    module = hub.load(add_module)

    @tf.function
    def apply(texts):
        return module(texts)

    with pytest.raises(InputError, match=r"got dense string.*pass numbers \(float32\)"):
        apply(tf.constant(["a"]))
    with pytest.raises(InputError, match=r"pass numbers \(float32\)"):
        tf.data.Dataset.from_tensors(tf.constant(["a"])).map(module)


@pytest.mark.parametrize(
    ("name", "what", "advice"),
    [
        ("saved_model.pb", "a file of a module", "Pass the directory that it is in: '{folder}'"),
        ("frozen.pb", "a file of a frozen graph", "make a SavedModel of it"),
        ("model.tflite", "a file of TensorFlow Lite", r"tf\.lite\.Interpreter\(model_path='{folder}/model"),
        ("model.ckpt", "a file of a checkpoint", r"tf\.train\.Checkpoint"),
        ("model.ckpt-1.index", "a file of a checkpoint", r"tf\.train\.Checkpoint"),
        ("weights.h5", "a file of a Keras model", r"hub\.export_keras_model"),
    ],
)
@pytest.mark.parametrize("load", [hub.load, hub.load_module_spec, hub.KerasLayer])
def test_files_of_other_kinds_are_distinguished(tmp_path, load, name, what, advice):
    (tmp_path / name).write_bytes(b"anything")
    with pytest.raises(NotAModuleError, match=rf"got {what}, .*{name}'.*{advice.format(folder=tmp_path)}"):
        load(str(tmp_path / name))


@pytest.fixture(scope="module")
def add_module(tmp_path_factory):
    """A module in TF1 Hub format that adds 1 to float32 [batch]."""
    path = str(tmp_path_factory.mktemp("modules") / "add")

    def module_fn():
        x = tf.compat.v1.placeholder(tf.float32, [None])
        hub.add_signature(inputs={"x": x}, outputs=x + 1.0)

    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        hub.Module(hub.create_module_spec(module_fn)).export(path, session)
    return path
