"""Feature columns backed by modules, in each of the places that take columns."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

import tensorflow_hub as hub
from tensorflow_hub import errors
from tests.support.module_fns import export, initialize, run, vocabulary, word_ids

v1 = tf.compat.v1
pytestmark = pytest.mark.tf1
VECTORS = np.float32([[1, 0], [0, 1], [5, 5]])
TEXT = {"a": [1, 0], "b": [0, 1]}


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    folder = tmp_path_factory.mktemp("text")
    source = vocabulary(folder / "words.txt", *TEXT)

    def module_fn():
        words = v1.placeholder(tf.string, [None])
        table = v1.get_variable("table", initializer=VECTORS)
        hub.add_signature(inputs={"text": words}, outputs=tf.gather(table, word_ids(source).lookup(words)))

    return str(export(hub.create_module_spec(module_fn), folder / "module"))


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    def module_fn():
        images = v1.placeholder(tf.float32, [None, 2, 2, 3])
        scale = v1.get_variable("scale", initializer=2.0)
        mean = scale * tf.reduce_mean(images, [1, 2])
        hub.add_signature(inputs={"images": images}, outputs={"default": mean, "first": images[:, 0, 0, :1]})

    return str(export(hub.create_module_spec(module_fn), tmp_path_factory.mktemp("image") / "module"))


def dense_features():
    return tf.keras if tf.__version__.startswith("2.15") else pytest.importorskip("tf_keras")


@pytest.mark.parametrize("trainable", [False, True])
def test_text_in_input_layer_and_linear_model(text, trainable):
    with tf.Graph().as_default():
        column = hub.text_embedding_column("t", text, trainable=trainable)
        flat = v1.feature_column.input_layer({"t": tf.constant(["a", "b"])}, [column])
        nested = v1.feature_column.input_layer({"t": tf.constant([["b"], ["zz"]])}, [column])
        assert len(v1.trainable_variables()) == 2 * trainable
        linear = v1.feature_column.linear_model({"t": tf.constant(["a"])}, [column])
        values = run([flat, nested, linear])
        names = [variable.op.name for variable in v1.global_variables()]
    np.testing.assert_array_equal(values[0], [[1, 0], [0, 1]])
    np.testing.assert_array_equal(values[1], [[0, 1], [5, 5]])
    assert values[2].shape == (1, 1)
    assert "input_layer/t_hub_module_embedding/module/table" in names


@pytest.mark.parametrize(
    ("combiner", "first"), [("mean", [0.5, 0.5]), ("sum", [1, 1]), ("sqrtn", [2**-0.5, 2**-0.5])]
)
def test_lists_of_strings(text, combiner, first):
    with tf.Graph().as_default():
        column = hub.sparse_text_embedding_column("t", text, combiner=combiner, default_value=None)
        strings = tf.SparseTensor([[0, 0], [0, 1], [2, 0]], ["a", "b", "b"], [3, 2])
        values = run(v1.feature_column.input_layer({"t": strings}, [column]))
    np.testing.assert_allclose(values, [first, [5, 5], [0, 1]], rtol=1e-6)


def test_images(image):
    pixels = np.ones([1, 2, 2, 3], np.float32)
    for layer, expected in ((None, [[2, 2, 2]]), ("first", [[1]])):
        with tf.Graph().as_default():
            column = hub.image_embedding_column("i", image, image_layer=layer)
            assert column.parse_example_spec["i"].shape == [2, 2, 3]
            values = run(v1.feature_column.input_layer({"i": tf.constant(pixels)}, [column]))
        np.testing.assert_array_equal(values, expected)


def test_the_wrong_kind_of_module(text, image):
    with pytest.raises(errors.SignatureError, match="a text embedding module"):
        hub.text_embedding_column("t", image)
    with pytest.raises(errors.SignatureError, match="an image module"):
        hub.image_embedding_column("i", text)
    with pytest.raises(errors.SignatureError, match=r"an output of \['default', 'first'\], got 'last'"):
        hub.image_embedding_column("i", image, image_layer="last")
    with pytest.raises(errors.ModuleError, match="Expected a combiner"):
        hub.sparse_text_embedding_column("t", text, combiner="max", default_value="")


@pytest.fixture(scope="module")
def image_of_any_size(tmp_path_factory):
    def module_fn():
        images = v1.placeholder(tf.float32, [None, None, None, 3])
        hub.add_signature(inputs={"images": images}, outputs=tf.reduce_sum(images, [1, 2]))
        info = hub.ImageModuleInfo()
        info.default_image_size.height, info.default_image_size.width = 8, 9
        hub.attach_image_module_info(info)

    return str(export(hub.create_module_spec(module_fn), tmp_path_factory.mktemp("sizes") / "module"))


@pytest.mark.parametrize(("size", "expected"), [(None, [8, 9, 3]), ([2, 3], [2, 3, 3]), ((4, 4), [4, 4, 3])])
def test_images_of_a_size(image_of_any_size, size, expected):
    column = hub.image_embedding_column("i", image_of_any_size, size)
    assert column.parse_example_spec["i"].shape == expected
    assert column == hub.image_embedding_column("i", image_of_any_size, image_size=size)
    assert isinstance(column.module_spec, hub.ModuleSpec)
    assert type(column).from_config(column.get_config()) == column
    pixels = np.ones(expected, np.float32)
    example = tf.train.Example()
    example.features.feature["i"].float_list.value.extend(pixels.ravel())
    with tf.Graph().as_default():
        features = tf.io.parse_example(
            [example.SerializeToString()], v1.feature_column.make_parse_example_spec([column])
        )
        values = run(v1.feature_column.input_layer(features, [column]))
    np.testing.assert_array_equal(values, [[pixels[..., 0].sum()] * 3])


@pytest.mark.parametrize("size", [[3, 3], [2], [0, 2], ["2", "2"]], ids=str)
def test_a_size_that_the_module_does_not_take(image, size):
    with pytest.raises(errors.SignatureError, match=r"Expected image_size=\[height, width\] .*got"):
        hub.image_embedding_column("i", image, image_size=size)


def test_a_column_as_key(image_of_any_size):
    pixels = v1.feature_column.numeric_column("pixels", [2, 2, 3])
    column = hub.image_embedding_column(pixels, image_of_any_size, image_size=[2, 2])
    assert column.name == "pixels_hub_module_embedding"
    assert column.parse_example_spec == pixels.parse_example_spec
    assert type(column).from_config(column.get_config()) == column
    with tf.Graph().as_default():
        values = v1.feature_column.input_layer({"pixels": tf.ones([1, 2, 2, 3])}, [column])
        np.testing.assert_array_equal(run(values), [[4, 4, 4]])
    layer = dense_features().layers.DenseFeatures([column])
    np.testing.assert_array_equal(layer({"pixels": tf.ones([1, 2, 2, 3])}), [[4, 4, 4]])
    again = type(layer).from_config(layer.get_config(), {"ImageEmbeddingColumn": type(column)})
    np.testing.assert_array_equal(again({"pixels": tf.ones([1, 2, 2, 3])}), [[4, 4, 4]])


@pytest.mark.parametrize(
    "make",
    [
        hub.text_embedding_column,
        hub.text_embedding_column_v2,
        lambda key, module: hub.sparse_text_embedding_column(key, module, "sum", None),
    ],
    ids=["text", "text v2", "sparse text"],
)
def test_names_of_columns_whose_key_is_a_column(text, make):
    key = v1.feature_column.categorical_column_with_vocabulary_list("words", ["a"])
    column = make(key, text)
    assert column.name == "words_hub_module_embedding"
    assert column.parents == [key]
    assert type(column).from_config(column.get_config()).key == key
    assert column.module_spec.get_signature_names() == ["default"]


def several_inputs():
    text, more = (v1.placeholder(tf.string, [None]) for _ in range(2))
    hub.add_signature(inputs={"text": text, "more": more}, outputs=tf.ones([tf.size(text), 2]))


def no_default():
    text = v1.placeholder(tf.string, [None])
    hub.add_signature("words", inputs={"text": text}, outputs=tf.ones([tf.size(text), 2]))


@pytest.mark.parametrize(
    ("module_fn", "match"),
    [
        (several_inputs, r"one input of strings .*'more': .*'text'"),
        (no_default, r"the signature 'default', got \['words'\]"),
    ],
)
def test_text_columns_refuse_modules_that_are_no_text_embedding(tmp_path, module_fn, match):
    spec = hub.create_module_spec(module_fn)
    for make in (hub.text_embedding_column, lambda k, s: hub.sparse_text_embedding_column(k, s, "sum", "")):
        with pytest.raises(errors.SignatureError, match=match):
            make("t", spec)
    path = str(export(spec, tmp_path / "module"))
    column = hub.text_embedding_column_v2("t", path)
    with tf.Graph().as_default(), pytest.raises(errors.SignatureError, match=match):
        v1.feature_column.input_layer({"t": tf.constant(["a"])}, [column])
    layer = dense_features().layers.DenseFeatures([column])
    with pytest.raises(errors.SignatureError, match=match):
        layer({"t": tf.constant(["a"])})


@pytest.mark.parametrize("make", [hub.text_embedding_column, hub.text_embedding_column_v2], ids=["v1", "v2"])
@pytest.mark.parametrize("trainable", [False, True])
def test_dense_features_of_keras_2(text, make, trainable):
    keras = dense_features()
    layer = keras.layers.DenseFeatures([make("t", text, trainable=trainable)])
    np.testing.assert_array_equal(layer({"t": tf.constant(["a", "b"])}), [[1, 0], [0, 1]])
    np.testing.assert_array_equal(layer({"t": tf.constant([["q"]])}), [[5, 5]])
    assert (len(layer.trainable_weights), len(layer.weights)) == (int(trainable), 1)
    config = layer._feature_columns[0].get_config()
    assert config["module"] == text


def test_images_and_lists_in_dense_features(text, image):
    keras = dense_features()
    strings = tf.SparseTensor([[0, 0], [0, 1]], ["a", "b"], [1, 2])
    layer = keras.layers.DenseFeatures(
        [hub.sparse_text_embedding_column("t", text, "sum", ""), hub.image_embedding_column("i", image)]
    )
    values = layer({"t": strings, "i": tf.ones([1, 2, 2, 3])})
    np.testing.assert_array_equal(values, [[2, 2, 2, 1, 1]])


@pytest.mark.skipif(not tf.__version__.startswith("2.15"), reason="Estimators end with TensorFlow 2.15")
@pytest.mark.parametrize("kind", ["DNNClassifier", "LinearClassifier"])
def test_canned_estimators_train_evaluate_and_restore(text, kind, tmp_path):
    column = hub.text_embedding_column("t", text, trainable=True)
    arguments = {"feature_columns": [column], "model_dir": str(tmp_path)}
    if kind == "DNNClassifier":
        arguments |= {
            "hidden_units": [8],
            "activation_fn": tf.nn.tanh,
            "optimizer": lambda: tf.keras.optimizers.legacy.Adam(0.05),
        }

    def data():
        words = tf.constant(["a", "b"] * 8)
        return tf.data.Dataset.from_tensors(({"t": words}, tf.constant([0, 1] * 8))).repeat(60)

    estimator = getattr(tf.estimator, kind)(**arguments)
    estimator.train(data, steps=40)
    assert estimator.evaluate(data, steps=1)["accuracy"] == 1.0
    again = getattr(tf.estimator, kind)(**arguments)
    assert again.evaluate(data, steps=1)["accuracy"] == 1.0
    (name,) = [name for name in again.get_variable_names() if name.endswith("module/table")]
    assert not np.array_equal(again.get_variable_value(name), VECTORS)


@pytest.mark.skipif(not tf.__version__.startswith("2.15"), reason="Estimators end with TensorFlow 2.15")
def test_the_exporter_keeps_the_newest_exports(text, tmp_path):
    def model_fn(features, labels, mode):
        module = hub.Module(text, trainable=True)
        hub.register_module_for_export(module, "text")
        y = tf.reduce_sum(module({"text": features["t"]}))
        step = v1.train.GradientDescentOptimizer(0.1).minimize(y, v1.train.get_global_step())
        return tf.estimator.EstimatorSpec(mode, predictions=y, loss=y, train_op=step)

    def serving_input_fn():
        words = v1.placeholder(tf.string, [None])
        return tf.estimator.export.ServingInputReceiver({"t": words}, words)

    def data():
        return tf.data.Dataset.from_tensors(({"t": tf.constant(["a"])}, 0)).repeat()

    exporter = hub.LatestModuleExporter("tf_hub", serving_input_fn, exports_to_keep=2)
    assert exporter.name == "tf_hub"
    assert isinstance(exporter, tf.estimator.Exporter)
    estimator = tf.estimator.Estimator(model_fn, model_dir=str(tmp_path / "model"))
    with pytest.raises(errors.ExportError, match="Expected a checkpoint"):
        exporter.export(estimator, str(tmp_path / "export"))
    estimator.train(data, steps=3)
    made = [exporter.export(estimator, str(tmp_path / "export")) for _ in range(3)]
    assert sorted(p.name for p in (tmp_path / "export").iterdir()) == sorted(Path(p).name for p in made[1:])
    with tf.Graph().as_default(), v1.Session() as session:
        table = hub.Module(os.path.join(made[-1], "text")).variable_map["table"]
        initialize(session)
        np.testing.assert_allclose(session.run(table)[0], [0.7, -0.3], rtol=1e-5)


@pytest.mark.skipif(tf.__version__.startswith("2.15"), reason="there are Estimators here")
def test_without_estimators_the_exporter_says_so():
    with pytest.raises(ImportError, match="Expected TensorFlow with tensorflow-estimator"):
        hub.LatestModuleExporter("tf_hub", lambda: None)


def test_names_of_registered_modules(text):
    with tf.Graph().as_default():
        module = hub.Module(text)
        hub.register_module_for_export(module, "text")
        with pytest.raises(errors.ModuleError, match="got 'text', which is registered already"):
            hub.register_module_for_export(module, "text")
        for name in ("", "a/b", "..", None):
            with pytest.raises(errors.ModuleError, match="the name of a directory"):
                hub.register_module_for_export(module, name)
