"""Keras models and fine-tuned modules written as modules, and read back in every way there is."""

from __future__ import annotations

import numpy as np
import pytest

import tensorflow_hub as hub
from tensorflow_hub.errors import ExportError, NotFoundError
from tensorflow_hub.format.description import describe

X = np.random.default_rng(0).random([4, 8, 8, 3]).astype(np.float32)


@pytest.fixture(scope="module")
def model():
    import keras

    keras.utils.set_random_seed(1)
    return keras.Sequential(
        [
            keras.Input([8, 8, 3]),
            keras.layers.Conv2D(4, 3, kernel_regularizer="l2", name="conv"),
            keras.layers.BatchNormalization(name="norm"),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(3, name="top"),
        ]
    )


@pytest.fixture(scope="module")
def exported(model, tmp_path_factory):
    paths = {}
    for kind in ("saved_model_2", "hub"):
        paths[kind] = str(tmp_path_factory.mktemp("exported") / kind)
        hub.export_keras_model(model, paths[kind], format=kind)
    return paths


@pytest.mark.parametrize("format", ["saved_model_2", "hub"])
def test_an_exported_model_is_loaded_and_computes_the_same(model, exported, format):
    assert describe(exported[format]).kind == format
    module = hub.load(exported[format])
    np.testing.assert_allclose(module(X), model(X), rtol=1e-4, atol=1e-6)
    kept = model.get_weights()
    np.testing.assert_allclose(module(X, training=True), model(X, training=True), rtol=1e-4, atol=1e-5)
    model.set_weights(kept)
    assert len(module.variables) == 8
    assert len(module.trainable_variables) == 6
    assert len(module.regularization_losses) == 1


def test_a_model_is_called_once_for_each_function_that_is_saved(tmp_path):
    import keras

    called = []

    class Counted(keras.layers.Layer):
        def call(self, inputs, training=False):
            called.append(training)
            return inputs

    model = keras.Sequential([keras.Input([3]), Counted()])
    called.clear()
    hub.export_keras_model(model, str(tmp_path / "module"))
    assert sorted(called) == [False, False, True], "`__call__` twice, and a signature"


@pytest.mark.parametrize("format", ["saved_model_2", "hub"])
def test_an_exported_model_trains_as_a_layer(exported, format):
    import keras

    layer = hub.KerasLayer(exported[format], trainable=True)
    network = keras.Sequential([keras.Input([8, 8, 3]), layer])
    network.compile(keras.optimizers.SGD(0.1), "mse")
    before = [w.numpy().copy() for w in layer.weights]
    network.fit(X, np.ones([4, 3]), verbose=0)
    assert all((w.numpy() != b).any() for w, b in zip(layer.weights, before, strict=True))
    assert len(network.losses) == 1


def test_the_hub_format_serves_graphs(model, exported):
    import tensorflow as tf

    expected = model(X).numpy()
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        module = hub.Module(exported["hub"], tags={"train"}, trainable=True)
        _ = module({"images": X})
        assert len(tf.compat.v1.get_collection(tf.compat.v1.GraphKeys.UPDATE_OPS)) >= 2
        assert len(tf.compat.v1.get_collection(tf.compat.v1.GraphKeys.REGULARIZATION_LOSSES)) == 1
        plain = hub.Module(exported["hub"])({"images": X})
        session.run(tf.compat.v1.global_variables_initializer())
        np.testing.assert_allclose(session.run(plain), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("format", ["saved_model_2", "hub"])
def test_constants_of_layers_go_into_the_graph(tmp_path, format):
    import keras

    normalization = keras.layers.Normalization(mean=[0.2, 0.3, 0.4], variance=[1.0, 2.0, 3.0])
    model = keras.Sequential([keras.Input([8, 8, 3]), normalization])
    hub.export_keras_model(model, str(tmp_path / "module"), format=format)
    np.testing.assert_allclose(hub.load(str(tmp_path / "module"))(X), model(X), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("format", ["saved_model_2", "hub"])
def test_a_fine_tuned_module_is_written_with_its_weights(exported, tmp_path, format):
    layer = hub.KerasLayer(exported[format], trainable=True)
    for weight in layer.resolved_object.trainable_variables:
        weight.assign_add(tf_ones_like(weight))
    path = str(tmp_path / "fine_tuned")
    hub.save(layer, path)
    again = hub.load(path)
    np.testing.assert_allclose(again(X), layer(X), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(again(X, training=True), layer(X, training=True), rtol=1e-4, atol=1e-5)
    assert len(again.trainable_variables) == 6
    assert float(again.regularization_losses[0]()) == pytest.approx(float(layer.losses[0]), rel=1e-5)
    second = str(tmp_path / "again")
    hub.save(again, second)
    np.testing.assert_allclose(hub.load(second)(X), layer(X), rtol=1e-3, atol=1e-4)


def tf_ones_like(variable):
    import tensorflow as tf

    return 0.1 * tf.ones_like(variable)


def test_a_text_module_with_a_table_is_written_again(tmp_path):
    import tensorflow as tf

    source = "tests/data/tf1_modules/05_text_embedding/module"
    layer = hub.KerasLayer(source, dtype=tf.string, trainable=True)
    layer.resolved_object.trainable_variables[0].assign_add(
        tf.ones_like(layer.resolved_object.trainable_variables[0])
    )
    expected = layer(["hello", "world"]).numpy()
    hub.save(layer, str(tmp_path / "text"))
    np.testing.assert_allclose(hub.load(str(tmp_path / "text"))(tf.constant(["hello", "world"])), expected)


def test_dropout_draws_again_each_time_in_the_hub_format(tmp_path):
    import keras
    import tensorflow as tf

    model = keras.Sequential([keras.Input([8]), keras.layers.Dropout(0.5)])
    hub.export_keras_model(model, str(tmp_path / "module"), format="hub")
    ones = tf.ones([1, 8])
    module = hub.load(str(tmp_path / "module"))
    assert module.trainable_variables == []
    np.testing.assert_array_equal(module(ones), ones)
    assert len({bytes(module(ones, training=True).numpy()) for _ in range(10)}) > 1
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        dropped = hub.Module(str(tmp_path / "module"), tags={"train"})(np.ones([1, 8], np.float32))
        session.run(tf.compat.v1.global_variables_initializer())
        assert len({bytes(session.run(dropped)) for _ in range(10)}) > 1


@pytest.mark.parametrize("structure", [list, tuple, lambda parts: dict(zip("ab", parts, strict=True))])
def test_several_inputs_and_outputs_go_into_the_hub_format(tmp_path, structure):
    import keras
    import tensorflow as tf

    inputs = [keras.Input([2], name=name) for name in "ab"]
    outputs = [inputs[0] - inputs[1], inputs[0] * inputs[1]]
    path = str(tmp_path / "module")
    hub.export_keras_model(keras.Model(structure(inputs), structure(outputs)), path, format="hub")
    module = hub.load(path)
    names = list(module.input_specs("default"))
    results = module({name: tf.fill([1, 2], value) for name, value in zip(names, (5.0, 3.0), strict=True)})
    by_name = structure is not list and structure is not tuple
    assert (names, sorted(results)) == (
        (["a", "b"], ["a", "b"]) if by_name else (["input_0", "input_1"], ["output_0", "output_1"])
    )
    np.testing.assert_array_equal([results[name] for name in sorted(results)], [[[2, 2]], [[15, 15]]])


def test_a_table_cannot_go_into_the_hub_format(tmp_path):
    import keras

    model = keras.Sequential(
        [keras.Input([], dtype="string"), keras.layers.StringLookup(vocabulary=["hello", "world"])]
    )
    with pytest.raises(ExportError, match=r"captures only variables and constants, got one that captures a"):
        hub.export_keras_model(model, str(tmp_path / "module"), format="hub")


def test_a_saved_file_is_exported(model, tmp_path):
    model.save(tmp_path / "model.keras")
    hub.export_keras_model(str(tmp_path / "model.keras"), str(tmp_path / "module"))
    np.testing.assert_allclose(hub.load(str(tmp_path / "module"))(X), model(X), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("name", "options", "interface"),
    [
        ("MobileNetV2", {"kind": "feature-vector"}, "image-feature-vector"),
        ("MobileNetV2", {"kind": "classification", "classes": 5, "format": "hub"}, "image-feature-vector"),
    ],
)
def test_an_architecture_is_exported_under_the_common_interface(tmp_path, name, options, interface):
    path = str(tmp_path / "module")
    hub.export_keras_application(name, path, image_size=(32, 32), **options)
    assert interface in describe(path).interfaces
    outputs = hub.load(path)(np.zeros([2, 32, 32, 3], np.float32))
    assert outputs.shape == (2, options.get("classes", 1280))


def test_weights_of_the_whole_network_serve_for_its_features(tmp_path):
    import keras

    full = keras.applications.MobileNet(weights=None, input_shape=(32, 32, 3), classes=7)
    full.save_weights(tmp_path / "full.weights.h5")
    path = str(tmp_path / "module")
    hub.export_keras_application(
        "MobileNet", path, weights=str(tmp_path / "full.weights.h5"), classes=7, image_size=(32, 32)
    )
    kernel = full.get_layer("conv1").get_weights()[0]
    assert any(v.shape == kernel.shape and np.array_equal(v, kernel) for v in hub.load(path).variables)


def test_nothing_is_written_over(exported, model):
    with pytest.raises(ExportError, match="saved_model_2"):
        hub.export_keras_model(model, exported["saved_model_2"])


@pytest.mark.parametrize(
    ("arguments", "error", "match"),
    [
        (("NoNet",), ExportError, "Expected an architecture of keras.applications, got 'NoNet'"),
        (("MobileNet", {"kind": "odd"}), ExportError, "got 'odd'"),
        (
            ("MobileNet", {"weights": "missing.h5"}),
            NotFoundError,
            "file of weights at 'missing.h5', but there is none",
        ),
    ],
)
def test_wrong_requests_are_refused(tmp_path, arguments, error, match):
    name, *options = arguments
    with pytest.raises(error, match=match):
        hub.export_keras_application(name, str(tmp_path / "module"), **(options[0] if options else {}))


@pytest.mark.parametrize("name", ["keras", "tf_keras"])
@pytest.mark.parametrize("format", ["saved_model_2", "hub"])
def test_a_subclassed_model_is_exported_after_its_first_call(tmp_path, name, format):
    keras = pytest.importorskip(name)

    class Sum(keras.Model):
        def __init__(self):
            super().__init__()
            self.left, self.right = keras.layers.Dense(2), keras.layers.Dense(2)

        def call(self, inputs):
            return self.left(inputs["a"]) + self.right(inputs["b"])

    model = Sum()
    with pytest.raises(ExportError, match=r"got Sum '\w+'\. Build it with keras\.Input, or call it once"):
        hub.export_keras_model(model, str(tmp_path / "module"), format=format)
    inputs = {"a": np.ones([3, 2], np.float32), "b": np.ones([3, 4], np.float32)}
    expected = model(inputs)
    hub.export_keras_model(model, str(tmp_path / "module"), format=format)
    module = hub.load(str(tmp_path / "module"))
    for size in (3, 1):
        part = {key: value[:size] for key, value in inputs.items()}
        np.testing.assert_allclose(module(part), expected[:size], rtol=1e-5)


def test_something_that_is_not_a_model_is_refused(tmp_path):
    with pytest.raises(NotFoundError, match="Expected a Keras model at"):
        hub.export_keras_model(str(tmp_path / "missing.keras"), str(tmp_path / "m"))
    for name, content in (("text.keras", b"no model"), ("empty", b"")):
        (tmp_path / name).write_bytes(content)
        match = rf"in the format \.keras or \.h5, got '.*/{name}' with other content\. Save the model with"
        with pytest.raises(ExportError, match=match):
            hub.export_keras_model(str(tmp_path / name), str(tmp_path / "m"))
    (tmp_path / "cut.keras").write_bytes(b"PK\x03\x04")
    with pytest.raises(ExportError, match="Expected a model that Keras can load"):
        hub.export_keras_model(str(tmp_path / "cut.keras"), str(tmp_path / "m"))
    with pytest.raises(ExportError, match=r"with known inputs, got int 3\."):
        hub.export_keras_model(3, str(tmp_path / "m"))
    with pytest.raises(ExportError, match="got 'odd'"):
        hub.export_keras_model(_built(), str(tmp_path / "m"), format="odd")
    assert not (tmp_path / "m").exists()


def _built():
    import keras

    return keras.Sequential([keras.Input([1]), keras.layers.Dense(1)])
