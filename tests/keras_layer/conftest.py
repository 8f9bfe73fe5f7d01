"""The Kerases under test, and small modules for the layer to load, each exported once."""

from __future__ import annotations

import dataclasses
import importlib
import importlib.metadata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest


@dataclasses.dataclass(frozen=True)
class Kit:
    """A Keras, and the layer that is one of its layers."""

    name: str
    keras: Any
    KerasLayer: type

    @property
    def is_keras3(self) -> bool:
        return self.name == "keras3"


def _layer_files() -> list[str]:
    release = importlib.metadata.version("tensorflow").split(".")[:2]
    return ["keras2"] if tuple(map(int, release)) < (2, 16) else ["keras3", "keras2"]


@pytest.fixture(scope="session", params=_layer_files())
def kit(request) -> Kit:
    """Keras 3 and Keras 2 (tf_keras) with today's TensorFlow; with TensorFlow 2.15 its own Keras 2."""
    layer_file = importlib.import_module(f"tensorflow_hub.keras_layer.{request.param}")
    return Kit(request.param, layer_file.keras, layer_file.KerasLayer)


@pytest.fixture(scope="session")
def modules(tmp_path_factory) -> Callable[[str], str]:
    """The path of a small module by the name of its builder below."""
    root = tmp_path_factory.mktemp("modules")
    made: dict[str, str] = {}

    def path_of(name: str) -> str:
        if name not in made:
            made[name] = str(root / name)
            _BUILDERS[name](made[name])
        return made[name]

    return path_of


@pytest.fixture(scope="session")
def tf1_modules() -> Path:
    """Modules in TF1 Hub format that the original library wrote."""
    return Path(__file__).parents[1] / "data" / "tf1_modules"


def _text(path: str) -> None:
    """Words to vectors by a table: [batch] of strings → [batch, 2]."""
    import tensorflow as tf

    keys = tf.constant(["a", "b", "c"])
    module = tf.train.Checkpoint()
    module.table = tf.lookup.StaticVocabularyTable(
        tf.lookup.KeyValueTensorInitializer(keys, tf.range(3, dtype=tf.int64)), 1
    )
    module.embeddings = tf.Variable(np.arange(8, dtype=np.float32).reshape(4, 2), name="embeddings")
    module.variables = [module.embeddings]
    module.trainable_variables = [module.embeddings]
    module.__call__ = tf.function(
        lambda words: tf.nn.embedding_lookup(module.embeddings, module.table.lookup(words)),
        input_signature=[tf.TensorSpec([None], tf.string)],
    )
    tf.saved_model.save(module, path)


def _regression(path: str) -> None:
    """A line with a batch norm-like average, a regularization loss and both forms of `training`.

    [batch, 1] → [batch, 1]: w·x + b; in training twice that, and the average of the inputs is updated.
    """
    import tensorflow as tf

    module = tf.train.Checkpoint()
    module.w = tf.Variable([[3.0]], name="line/w")
    module.b = tf.Variable([1.0], name="line/b")
    module.mean = tf.Variable([0.0], trainable=False, name="mean")
    module.variables = [module.w, module.b, module.mean]
    module.trainable_variables = [module.w, module.b]

    @tf.function(input_signature=[])
    def loss():
        return 0.5 * tf.reduce_sum(module.w**2)

    module.regularization_losses = [loss]

    @tf.function
    def call(x, training=False):
        hidden = tf.identity(x @ module.w, name="hidden")
        y = tf.identity(hidden + module.b, name="line_out")
        if training:
            module.mean.assign(0.5 * module.mean + 0.5 * tf.reduce_mean(x, axis=0))
            return 2.0 * y
        return y

    for training in (False, True):
        call.get_concrete_function(tf.TensorSpec([None, 1], tf.float32, "x"), training=training)
    module.__call__ = call

    @tf.function(input_signature=[tf.TensorSpec([None, 1], tf.float32, "x")])
    def serve(x):
        return {"y": x @ module.w + module.b, "twice": 2 * (x @ module.w)}

    @tf.function(input_signature=[tf.TensorSpec([None, 1], tf.float32, "x")])
    def single(x):
        return {"only": x @ module.w}

    @tf.function(input_signature=[tf.TensorSpec([None, 1], tf.float32, n) for n in ("p", "q")])
    def pair(p, q):
        return {"sum": p @ module.w + q}

    module.serve, module.single, module.pair = serve, single, pair
    signatures = {"serving_default": serve, "single": single, "pair": pair}
    tf.saved_model.save(module, path, signatures=signatures)


def _nested(path: str) -> None:
    """A dict of two inputs to a dict, a list and a tuple; with a keyword argument."""
    import tensorflow as tf

    module = tf.train.Checkpoint()
    module.v = tf.Variable(2.0, name="v")
    module.variables = [module.v]
    module.trainable_variables = [module.v]

    @tf.function
    def call(inputs, training=None, scale=1.0):
        a, b = inputs["a"], inputs["b"]
        return {
            "default": scale * (a * module.v + tf.cast(b, tf.float32)),
            "list": [a, b],
            "flag": tf.constant(bool(training)),
        }

    spec = {"a": tf.TensorSpec([None, 2], tf.float32, "a"), "b": tf.TensorSpec([None, 2], tf.int32, "b")}
    for training in (False, True):
        for scale in (1.0, 10.0):
            call.get_concrete_function(spec, training=training, scale=scale)
    module.__call__ = call
    tf.saved_model.save(module, path)


def _listed(path: str) -> None:
    """A list of two inputs to a list of two outputs."""
    import tensorflow as tf

    module = tf.train.Checkpoint()

    @tf.function(input_signature=[[tf.TensorSpec([None, 1]), tf.TensorSpec([None, 1])]])
    def call(inputs):
        return [inputs[0] + inputs[1], inputs[0] - inputs[1]]

    module.__call__ = call
    tf.saved_model.save(module, path)


def _ragged(path: str) -> None:
    """Ragged numbers [batch, (n)] to their sums [batch] and to twice themselves."""
    import tensorflow as tf

    module = tf.train.Checkpoint()

    @tf.function(input_signature=[tf.RaggedTensorSpec([None, None], tf.float32)])
    def call(x):
        return tf.reduce_sum(x, axis=1)

    module.__call__ = call
    tf.saved_model.save(module, path)


def _ragged_out(path: str) -> None:
    """Strings [batch] to their words, ragged."""
    import tensorflow as tf

    module = tf.train.Checkpoint()
    module.__call__ = tf.function(tf.strings.split, input_signature=[tf.TensorSpec([None], tf.string)])
    tf.saved_model.save(module, path)


def _image(path: str) -> None:
    """A small convolutional network exported by Keras: [batch, 8, 8, 3] → [batch, 4], with batch norm."""
    import tensorflow as tf

    keras = tf.keras
    keras.utils.set_random_seed(0)
    inputs = keras.Input([8, 8, 3])
    x = keras.layers.Conv2D(4, 3, name="conv")(inputs)
    x = keras.layers.BatchNormalization(name="norm")(x)
    x = keras.layers.ReLU(name="act")(x)
    model = keras.Model(inputs, keras.layers.GlobalAveragePooling2D()(x))
    module = tf.train.Checkpoint()
    module.model = model

    def plain(variables):
        return [v if isinstance(v, tf.Variable) else v.value for v in variables]

    module.variables = plain(model.variables)
    module.trainable_variables = plain(model.trainable_variables)

    @tf.function
    def call(images, training=False):
        return model(images, training=training)

    for training in (False, True):
        call.get_concrete_function(tf.TensorSpec([None, 8, 8, 3], tf.float32, "images"), training=training)
    module.__call__ = call
    tf.saved_model.save(module, path)


def _bare(path: str) -> None:
    """A tf.Module without lists of its variables."""
    import tensorflow as tf

    class Bare(tf.Module):
        def __init__(self) -> None:
            self.w = tf.Variable([[2.0]], name="w")
            self.count = tf.Variable(0.0, trainable=False, name="count")

        @tf.function(input_signature=[tf.TensorSpec([None, 1], tf.float32)])
        def __call__(self, x):
            return x @ self.w + self.count

    tf.saved_model.save(Bare(), path)


def _half(path: str) -> None:
    """Takes and gives float16."""
    import tensorflow as tf

    module = tf.train.Checkpoint()
    module.__call__ = tf.function(lambda x: x / 2, input_signature=[tf.TensorSpec([None], tf.float16)])
    tf.saved_model.save(module, path)


_BUILDERS = {
    "text": _text,
    "regression": _regression,
    "nested": _nested,
    "listed": _listed,
    "ragged": _ragged,
    "ragged_out": _ragged_out,
    "image": _image,
    "bare": _bare,
    "half": _half,
}
