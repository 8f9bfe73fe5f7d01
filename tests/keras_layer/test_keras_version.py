"""Which Keras `hub.KerasLayer` is a layer of, and what is said where that is the other one."""

from __future__ import annotations

import importlib
import importlib.metadata
import pickle

import numpy as np
import pytest

import tensorflow_hub as hub
from tensorflow_hub.errors import ModeError

pytestmark = [
    pytest.mark.keras,
    pytest.mark.skipif(
        importlib.metadata.version("tensorflow").startswith("2.15"), reason="there is one Keras"
    ),
]

LINE_FOR_TF_KERAS = r"from tensorflow_hub\.keras_layer\.keras2 import KerasLayer"


def class_in(*lines: str, cells: bool = False) -> str:
    """The module of the class that a file with these lines (or a notebook with these cells) calls `it`."""
    names: dict[str, object] = {"__name__": "program"}
    for code in lines if cells else ["\n".join(lines)]:
        exec(compile(code, "program.py", "exec"), names)
    return names["it"].__module__.rpartition(".")[2]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["import tensorflow_hub as hub", "it = hub.KerasLayer"], "keras3"),
        (["import tf_keras, tensorflow_hub as hub", "it = hub.KerasLayer"], "keras2"),
        (["import tf_keras as keras", "from tensorflow_hub import KerasLayer as it"], "keras2"),
        (["from tensorflow_hub import KerasLayer as it", "import tf_keras"], "keras2"),
        (["from tensorflow_hub.keras_layer import KerasLayer as it", "import tf_keras"], "keras2"),
        (
            ["from tf_keras.layers import Dense", "import tensorflow_hub as hub", "it = hub.KerasLayer"],
            "keras2",
        ),
        (
            ["import tf_keras", "import tensorflow_hub", "it = tensorflow_hub.keras_layer.KerasLayer"],
            "keras2",
        ),
        (
            [
                "import tensorflow_hub as hub",
                "def f():",
                " import tf_keras",
                " return hub.KerasLayer",
                "it = f()",
            ],
            "keras2",
        ),
        (["import tf_keras, keras, tensorflow_hub as hub", "it = hub.KerasLayer"], "keras3"),
        (["from tensorflow_hub import KerasLayer as it", "import keras, tf_keras"], "keras3"),
        (
            [
                "import tensorflow as tf, tf_keras, tensorflow_hub as hub",
                "keras = tf.keras",
                "it = hub.KerasLayer",
            ],
            "keras3",
        ),
    ],
    ids=str,
)
def test_the_class_is_that_of_the_keras_which_the_file_imports(lines, expected):
    assert class_in(*lines) == expected


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["import tensorflow_hub as hub", "import tf_keras", "it = hub.KerasLayer"], "keras2"),
        (
            [
                "import importlib, tensorflow_hub as hub",
                "k = importlib.import_module('tf_keras')",
                "it = hub.KerasLayer",
            ],
            "keras2",
        ),
        # The limit: the name is bound before anything tells which package will be used.
        (["from tensorflow_hub import KerasLayer as it", "import tf_keras"], "keras3"),
    ],
    ids=str,
)
def test_in_a_notebook_the_cells_that_ran_before_count(cells, expected):
    assert class_in(*cells, cells=True) == expected


def test_a_base_class_is_that_of_the_file_and_a_class_can_be_pickled():
    names: dict[str, object] = {"__name__": "program"}
    exec("import tf_keras, tensorflow_hub as hub\nclass Mine(hub.KerasLayer): pass", names)
    (base,) = names["Mine"].__bases__
    assert base.__module__ == "tensorflow_hub.keras_layer.keras2"
    for kind in (base, hub.KerasLayer):
        assert pickle.loads(pickle.dumps(kind)) is kind


def test_models_of_tf_keras_are_made_saved_and_loaded_as_with_earlier_releases(modules, tmp_path):
    import tf_keras

    path = str(tmp_path / "model.h5")
    layer = hub.KerasLayer(modules("regression"), input_shape=(1,), trainable=True)
    model = tf_keras.Sequential([layer, tf_keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(np.ones([2, 1]), np.ones([2, 1]), verbose=0)
    model.save(path)
    again = tf_keras.models.load_model(path, custom_objects={"KerasLayer": hub.KerasLayer})
    np.testing.assert_array_equal(again.predict(np.ones([2, 1])), model.predict(np.ones([2, 1])))


def test_a_layer_of_the_other_keras_is_refused_with_the_line_to_change(modules, tmp_path):
    import tf_keras

    from tensorflow_hub.keras_layer import keras3

    layer = keras3.KerasLayer(modules("regression"))
    with pytest.raises(TypeError, match=LINE_FOR_TF_KERAS):
        tf_keras.Sequential([layer])
    with pytest.raises(ValueError, match=LINE_FOR_TF_KERAS):
        tf_keras.layers.TimeDistributed(layer)
    with pytest.raises(ModeError, match=LINE_FOR_TF_KERAS):
        layer(tf_keras.Input([1]))


@pytest.mark.parametrize("functional", [False, True])
def test_a_file_of_earlier_releases_with_the_class_of_the_other_keras(modules, functional):
    import tf_keras

    from tensorflow_hub.keras_layer import keras2, keras3

    # Earlier releases did not register the layer: its name in the file is that of the class.
    x = tf_keras.Input([1], name="x")
    layer = keras2.KerasLayer(modules("regression"))
    model = tf_keras.Model(x, layer(x)) if functional else tf_keras.Sequential([layer])
    text = (
        model.to_json().replace("TensorFlowHub>KerasLayer", "KerasLayer").replace('"TensorFlowHub"', "null")
    )
    text = text.replace("tensorflow_hub.keras_layer.keras2", "tensorflow_hub.keras_layer")
    with pytest.raises((TypeError, ModeError), match=LINE_FOR_TF_KERAS):
        tf_keras.models.model_from_json(text, custom_objects={"KerasLayer": keras3.KerasLayer})


def test_keras3_refuses_a_layer_of_keras2_with_the_line_to_change(modules):
    import keras

    from tensorflow_hub.keras_layer import keras2

    with pytest.raises(ValueError, match=r"from tensorflow_hub\.keras_layer\.keras3 import KerasLayer"):
        keras.Sequential([keras2.KerasLayer(modules("regression"))])
