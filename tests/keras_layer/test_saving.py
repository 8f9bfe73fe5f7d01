"""The layer saved, loaded, copied and exported."""

from __future__ import annotations

import gc

import numpy as np
import pytest

import tensorflow_hub as hub
from tensorflow_hub.errors import InputError, ModeError, ModuleError, NotAModuleError, NotFoundError

pytestmark = pytest.mark.keras

X = np.array([[1.0], [2.0]], np.float32)


def small_model(kit, modules, **options):
    layer = kit.KerasLayer(modules("regression"), **{"trainable": True, **options})
    model = kit.keras.Sequential([kit.keras.Input([1]), layer, kit.keras.layers.Dense(1)])
    layer.resolved_object.w.assign([[5.0]])
    return model


def test_a_keras_file_loads_without_custom_objects(kit, modules, tmp_path):
    model = small_model(kit, modules)
    path = str(tmp_path / "model.keras")
    model.save(path)
    loaded = kit.keras.models.load_model(path)
    np.testing.assert_array_equal(loaded.predict(X, verbose=0), model.predict(X, verbose=0))
    assert loaded.layers[0].trainable is True
    assert loaded.layers[0].resolved_object.w.numpy() == 5.0


def test_a_compiled_model_continues_training_after_loading(kit, modules, tmp_path):
    model = small_model(kit, modules)
    model.compile("adam", "mse")
    model.fit(X, X, verbose=0)
    path = str(tmp_path / "model.keras")
    model.save(path)
    loaded = kit.keras.models.load_model(path)
    before = model.evaluate(X, X, verbose=0)
    assert loaded.evaluate(X, X, verbose=0) == pytest.approx(before)
    loaded.fit(X, X, verbose=0)
    assert loaded.evaluate(X, X, verbose=0) != before


@pytest.mark.parametrize("trainable", [False, True, "line/w"])
def test_trainable_survives_saving(kit, modules, tmp_path, trainable):
    model = small_model(kit, modules, trainable=trainable)
    path = str(tmp_path / "model.keras")
    model.save(path)
    loaded = kit.keras.models.load_model(path)
    assert len(loaded.trainable_weights) == len(model.trainable_weights)
    assert loaded.layers[0].resolved_object.w.numpy() == 5.0


def test_a_weights_file_loads_into_a_model_with_another_choice_of_weights(kit, modules, tmp_path):
    path = str(tmp_path / "model.weights.h5")
    saved = small_model(kit, modules, trainable=False)
    saved.save_weights(path)
    other = small_model(kit, modules, trainable=True)
    assert len(other.trainable_weights) > len(saved.trainable_weights)
    other.layers[0].resolved_object.w.assign([[0.0]])
    other.load_weights(path)
    assert other.layers[0].resolved_object.w.numpy() == 5.0


def test_weights_whose_names_differ_in_signs_alone_stay_two(kit, tmp_path):
    import tensorflow as tf

    def model():
        class Line:
            def __init__(self):
                self.variables = [tf.Variable([1.0], name=name) for name in ("a/b", "a.b")]
                self.trainable_variables = self.variables

            def __call__(self, x):
                return x * self.variables[0] + self.variables[1]

        return kit.keras.Sequential([kit.keras.Input([1]), kit.KerasLayer(Line(), trainable=True)])

    path = str(tmp_path / "model.weights.h5")
    saved, other = model(), model()
    saved.set_weights([np.array([3.0]), np.array([5.0])])
    saved.save_weights(path)
    other.load_weights(path)
    np.testing.assert_array_equal(other(X), [[8.0], [11.0]])


def test_an_hdf5_file_of_keras2_loads_with_custom_objects(kit, modules, tmp_path):
    if kit.is_keras3:
        pytest.skip("a format of Keras 2")
    model = small_model(kit, modules)
    path = str(tmp_path / "model.h5")
    model.save(path)
    loaded = kit.keras.models.load_model(path, custom_objects={"KerasLayer": kit.KerasLayer})
    np.testing.assert_array_equal(loaded.predict(X, verbose=0), model.predict(X, verbose=0))


def test_a_saved_model_of_keras2_loads(kit, modules, tmp_path):
    if kit.is_keras3:
        pytest.skip("a format of Keras 2")
    model = small_model(kit, modules)
    path = str(tmp_path / "model")
    model.save(path, save_format="tf")
    loaded = kit.keras.models.load_model(path)
    np.testing.assert_array_equal(loaded.predict(X, verbose=0), model.predict(X, verbose=0))


def test_config_round_trip(kit, modules):
    layer = kit.KerasLayer(
        modules("nested"), trainable=True, arguments={"scale": 10.0}, output_key="default", name="nested"
    )
    config = layer.get_config()
    assert config["handle"] == modules("nested")
    assert "custom" not in config
    copy = kit.KerasLayer.from_config(config)
    assert copy.get_config() == config
    inputs = {"a": np.ones([1, 2]), "b": np.ones([1, 2], np.int32)}
    np.testing.assert_array_equal(copy(inputs), layer(inputs))


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"trainable": True},
        {"trainable": "line/"},
        {"signature": "serving_default", "output_key": "y"},
        {"signature": "serving_default", "signature_outputs_as_dict": True},
        {"signature": "single"},
        {"output_shape": [1]},
        {"endpoints": ["hidden"]},
        {"dtype": "mixed_float16"},
        {"name": "features"},
    ],
    ids=str,
)
def test_every_option_survives_the_config(kit, modules, options):
    import json

    layer = kit.KerasLayer(modules("regression"), **options)
    config = layer.get_config()
    restored = kit.KerasLayer.from_config(json.loads(json.dumps(config)) if options != {} else config)
    assert restored.get_config() == config
    assert restored.trainable == layer.trainable


def test_a_layer_of_an_object_of_the_program_has_no_config(kit, modules):
    layer = kit.KerasLayer(lambda x: x)
    with pytest.raises(NotImplementedError, match=r"Expected a layer created from a handle \(a string\)"):
        layer.get_config()
    with pytest.raises(ModeError, match="which can be saved"):
        kit.KerasLayer(modules("regression"), trainable=lambda v: True).get_config()


PARTS = {
    "the module": (lambda module: module, None),
    "an attribute": (lambda module: module.tokenize, ["tokenize"]),
    "a function": (lambda module: module.lengths, ["lengths"]),
    "an attribute of one": (lambda module: module.tokenize.inner, ["tokenize", "inner"]),
    "an item of a list": (lambda module: module.parts[1], ["parts", "1"]),
    "an item of a dict": (lambda module: module.named["a.b"], ["named", "a.b"]),
    "a signature": (lambda module: module.signatures["serving_default"], ["signatures", "serving_default"]),
}


@pytest.fixture(scope="module")
def preprocessor(tmp_path_factory):
    """A module with parts, each giving the lengths of texts times a number of its own."""
    import tensorflow as tf

    class Part(tf.Module):
        def __init__(self, factor):
            self.factor = tf.Variable(factor)

        @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "text")])
        def __call__(self, text):
            return self.factor * tf.cast(tf.strings.length(text), tf.float32)

    module = Part(1.0)
    module.tokenize = Part(2.0)
    module.tokenize.inner = Part(3.0)
    module.parts = [Part(4.0), Part(5.0)]
    module.named = {"a.b": Part(6.0)}
    module.lengths = tf.function(tf.strings.length, input_signature=[tf.TensorSpec([None], tf.string)])
    path = str(tmp_path_factory.mktemp("preprocessor"))
    tf.saved_model.save(module, path, signatures=module.tokenize.__call__)
    return path


@pytest.mark.parametrize("name", PARTS)
def test_a_layer_of_a_part_of_a_loaded_module_is_saved_by_handle_and_path(kit, preprocessor, tmp_path, name):
    import tensorflow as tf

    choose, part = PARTS[name]
    module = hub.load(preprocessor)
    layer = kit.KerasLayer(choose(module))
    del module
    gc.collect()  # the layer keeps what the part needs of the module
    assert layer.get_config()["handle"] == preprocessor
    assert layer.get_config().get("part") == part
    text = kit.keras.Input([], dtype="string")
    model = kit.keras.Model(text, layer(text))
    words = tf.constant(["abc", "d"])
    path = str(tmp_path / "model.keras")
    model.save(path)
    for again in (kit.keras.models.load_model(path), kit.keras.models.clone_model(model)):
        tf.nest.map_structure(np.testing.assert_array_equal, again(words), model(words))
    assert again.layers[-1].get_config() == layer.get_config()


def test_a_part_may_be_asked_for_by_its_path(kit, preprocessor):
    layer = kit.KerasLayer(preprocessor, part="tokenize.inner")
    np.testing.assert_array_equal(layer(["abc", "d"]), [9, 3])
    assert len(layer.weights) == 1
    with pytest.raises(
        ModuleError, match=r"but its part 'tokenize' has no attribute 'iner', only \['factor', 'inner'\]"
    ):
        kit.KerasLayer(preprocessor, part="tokenize.iner")
    with pytest.raises(ModuleError, match="but it has no attribute '__init__'"):
        kit.KerasLayer(preprocessor, part=["__init__", "__globals__", "os", "system"])
    with pytest.raises(InputError, match=r"Expected part=… with a handle"):
        kit.KerasLayer(hub.load(preprocessor), part="tokenize")


def test_a_part_of_a_tf1_module_is_saved(kit, tf1_modules):
    path = str(tf1_modules / "01_linear_scalar" / "module")
    module = hub.load(path)
    layer = kit.KerasLayer(module.signatures["default"])
    again = kit.KerasLayer.from_config(layer.get_config())
    assert layer.get_config()["part"] == ["signatures", "default"]
    np.testing.assert_array_equal(again([1.0, 2.0])["default"], layer([1.0, 2.0])["default"])


def test_a_model_file_finds_a_module_that_moved(kit, modules, tmp_path, monkeypatch):
    import shutil

    old, new, path = tmp_path / "old", tmp_path / "new", str(tmp_path / "model.keras")
    shutil.copytree(modules("regression"), old / "line")
    model = kit.keras.Sequential([kit.keras.Input([1]), kit.KerasLayer(str(old / "line"))])
    model.save(path)
    old.rename(new)
    with pytest.raises(
        NotFoundError, match=rf"A saved layer has the module .*TFHUB_MIRRORS='{old}/line -> /new/path'"
    ):
        kit.keras.models.load_model(path)
    monkeypatch.setenv("TFHUB_MIRRORS", f"{old} -> {new}")
    np.testing.assert_array_equal(kit.keras.models.load_model(path)(X), model(X))


def test_a_model_file_with_a_relative_path_says_which_rule_leads_to_it(kit, modules, tmp_path, monkeypatch):
    import shutil

    monkeypatch.chdir(tmp_path)
    shutil.copytree(modules("regression"), "modules/line")
    config = kit.KerasLayer("modules/line").get_config()
    shutil.move("modules", "elsewhere")
    monkeypatch.setenv("TFHUB_OFFLINE", "1")
    with pytest.raises(OSError, match=rf"TFHUB_MIRRORS='{tmp_path}/modules/line -> …'"):
        kit.KerasLayer.from_config(config)
    monkeypatch.setenv("TFHUB_MIRRORS", f"{tmp_path}/modules -> {tmp_path}/elsewhere")
    np.testing.assert_array_equal(kit.KerasLayer.from_config(config)(X), [[4.0], [7.0]])


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_a_file_of_keras_as_a_handle_says_how_it_becomes_a_module(kit, tmp_path, suffix):
    path = str(tmp_path / f"model{suffix}")
    kit.keras.Sequential([kit.keras.Input([1]), kit.keras.layers.Dense(1)]).save(path)
    with pytest.raises(NotAModuleError, match=rf"got a file of a Keras model.*export_keras_model\('{path}'"):
        kit.KerasLayer(path)
    layer = kit.KerasLayer(kit.keras.models.load_model(path, compile=False))
    assert layer(X).shape == (2, 1)


def test_clone_model(kit, modules):
    model = small_model(kit, modules)
    copy = kit.keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    np.testing.assert_array_equal(copy.predict(X, verbose=0), model.predict(X, verbose=0))
    copy.layers[0].resolved_object.w.assign([[0.0]])
    assert model.layers[0].resolved_object.w.numpy() == 5.0


@pytest.mark.parametrize("name", ["regression", "text", "image"])
def test_model_export_and_saved_model_save(kit, modules, tmp_path, name):
    import tensorflow as tf

    data = {
        "regression": X,
        "text": np.array(["a", "zz"], object),
        "image": np.ones([2, 8, 8, 3], np.float32),
    }[name]
    shape = {"regression": [1], "text": [], "image": [8, 8, 3]}[name]
    dtype = "string" if name == "text" else "float32"
    inputs = kit.keras.Input(shape, dtype=dtype)
    model = kit.keras.Model(inputs, kit.KerasLayer(modules(name), dtype=dtype)(inputs))
    expected = model(tf.constant(data))
    path = str(tmp_path / "exported")
    if name != "text" or not tf.__version__.startswith("2.15"):  # whose `export` does not keep tables
        model.export(path, **({"verbose": False} if kit.is_keras3 else {}))
        exported = tf.saved_model.load(path)
        np.testing.assert_allclose(exported.serve(tf.constant(data)), expected, rtol=1e-6)
    saved = str(tmp_path / "saved")
    tf.saved_model.save(
        model,
        saved,
        signatures=tf.function(model).get_concrete_function(tf.TensorSpec([None, *shape], dtype)),
    )
    again = tf.saved_model.load(saved)
    outputs = again.signatures["serving_default"](tf.constant(data))
    np.testing.assert_allclose(next(iter(outputs.values())), expected, rtol=1e-6)


def test_conversion_to_tflite(kit, modules):
    import tensorflow as tf

    inputs = kit.keras.Input([8, 8, 3], batch_size=1)
    model = kit.keras.Model(inputs, kit.KerasLayer(modules("image"))(inputs))
    function = tf.function(model).get_concrete_function(tf.TensorSpec([1, 8, 8, 3]))
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function], model)
    interpreter = tf.lite.Interpreter(model_content=converter.convert())
    interpreter.allocate_tensors()
    image = np.random.default_rng(0).random([1, 8, 8, 3]).astype(np.float32)
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], image)
    interpreter.invoke()
    outputs = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
    np.testing.assert_allclose(outputs, model(image), rtol=1e-4, atol=1e-5)


def test_checkpoints(kit, modules, tmp_path):
    import tensorflow as tf

    model = small_model(kit, modules)
    path = tf.train.Checkpoint(model=model).write(str(tmp_path / "checkpoint"))
    model.layers[0].resolved_object.w.assign([[0.0]])
    tf.train.Checkpoint(model=model).read(path).expect_partial()
    assert model.layers[0].resolved_object.w.numpy() == 5.0


def test_get_and_set_weights(kit, modules):
    layer = kit.KerasLayer(modules("regression"))
    layer.set_weights([w * 2 for w in layer.get_weights()])
    np.testing.assert_array_equal(layer(X), [[8.0], [14.0]])
