"""Small programs, as users of earlier releases wrote them: each does one thing with the layer."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tensorflow_hub as hub

pytestmark = pytest.mark.keras

X = np.array([[1.0], [2.0]], np.float32)


@dataclasses.dataclass(frozen=True)
class Bench:
    """What the programs share: a Keras, paths of modules, a folder, and ways to make models."""

    kit: Any
    modules: Any
    folder: Path

    @property
    def keras(self):
        return self.kit.keras

    def layer(self, name="regression", trainable=True, **options):
        return self.kit.KerasLayer(self.modules(name), trainable=trainable, **options)

    def model(self, *layers, shape=(1,), optimizer="sgd", **options):
        model = self.keras.Sequential([self.keras.Input(shape), *layers])
        model.compile(optimizer, "mse", **options)
        return model

    def trains(self, layer, *more, **options):
        model = self.model(layer, **options)
        model.fit(*(more or (X, X)), verbose=0)
        assert layer.resolved_object.w.numpy() != 3.0
        assert layer.resolved_object.mean.numpy() != 0.0
        return model


@pytest.fixture
def bench(kit, modules, tmp_path):
    return Bench(kit, modules, tmp_path)


@pytest.mark.parametrize("optimizer", ["adam", "rmsprop", "adagrad", "ftrl", "nadam", "adamax"])
def test_every_optimizer_trains_it(bench, optimizer):
    bench.trains(bench.layer(), optimizer=optimizer)


@pytest.mark.parametrize(
    "options", [{"run_eagerly": True}, {"steps_per_execution": 2}, {"jit_compile": True}], ids=str
)
def test_every_way_of_compiling_trains_it(bench, options):
    bench.trains(bench.layer(), **options)


def test_a_dataset_trains_it(bench):
    import tensorflow as tf

    bench.trains(bench.layer(), tf.data.Dataset.from_tensor_slices((X, X)).batch(2))


def test_a_generator_trains_it(bench):
    model = bench.model(layer := bench.layer())
    model.fit(((X, X) for _ in range(3)), steps_per_epoch=3, verbose=0)
    assert layer.resolved_object.w.numpy() != 3.0


def test_a_training_step_of_its_own_trains_it(bench):
    import tensorflow as tf

    class Trained(bench.keras.Model):
        def __init__(self, layer):
            super().__init__()
            self.layer = layer

        def call(self, x, training=None):
            return self.layer(x, training=training)

        def train_step(self, data):
            x, y = data
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean((self(x, training=True) - y) ** 2)
            gradients = tape.gradient(loss, self.trainable_variables)
            self.optimizer.apply_gradients(zip(gradients, self.trainable_variables, strict=True))
            return {"loss": loss}

    model = Trained(layer := bench.layer())
    model.compile("sgd")
    model.fit(X, X, verbose=0)
    assert layer.resolved_object.w.numpy() != 3.0
    assert layer.resolved_object.mean.numpy() == 0.75


def test_inside_a_model_inside_a_model_it_trains(bench):
    inner = bench.keras.Sequential([bench.keras.Input([1]), layer := bench.layer()])
    model = bench.model(inner)
    assert len(model.losses) == 1
    model.fit(X, X, verbose=0)
    assert layer.resolved_object.mean.numpy() == 0.75


@pytest.mark.parametrize("before", [False, True])
def test_trainable_switched_and_compiled_again(bench, before):
    layer = bench.layer(trainable=before)
    model = bench.model(layer, bench.keras.layers.Dense(1))
    layer.trainable = not before
    model.compile("sgd", "mse")
    model.fit(X, X, verbose=0)
    assert (layer.resolved_object.w.numpy() != 3.0) is not before
    assert (layer.resolved_object.mean.numpy() != 0.0) is not before


def test_evaluate_and_predict_are_inference(bench):
    model = bench.model(bench.layer())
    assert model.evaluate(X, 3 * X + 1, verbose=0) == pytest.approx(4.5)  # the regularization loss
    np.testing.assert_allclose(model.predict(X, verbose=0), 3 * X + 1)


def test_a_callback_stops_and_keeps_the_best_weights(bench):
    callbacks = bench.keras.callbacks
    stop = callbacks.EarlyStopping(monitor="loss", patience=1, restore_best_weights=True)
    saved = callbacks.ModelCheckpoint(str(bench.folder / "w.weights.h5"), save_weights_only=True)
    model = bench.model(bench.layer(), optimizer=bench.keras.optimizers.SGD(5.0))
    history = model.fit(X, X, epochs=6, verbose=0, callbacks=[stop, saved])
    assert len(history.history["loss"]) < 6
    assert (bench.folder / "w.weights.h5").exists()


def test_weights_are_got_and_set_in_their_order(bench):
    layer = bench.layer()
    assert [float(w.ravel()[0]) for w in layer.get_weights()] == [3.0, 1.0, 0.0]
    layer.set_weights([np.array([[1.0]]), np.array([0.0]), np.array([5.0])])
    np.testing.assert_array_equal(layer(X), X)


def test_a_weight_added_to_the_layer_trains_with_it(bench):
    layer = bench.layer()
    layer.extra = layer.add_weight(name="extra", shape=(1,), initializer="ones")
    assert len(layer.trainable_weights) == 3


@pytest.mark.parametrize("trainable", [False, True])
def test_a_checkpoint_of_the_layer_or_the_model_restores_it(bench, trainable):
    import tensorflow as tf

    first, second = bench.layer(trainable=trainable), bench.layer(trainable=trainable)
    first.resolved_object.w.assign([[9.0]])
    path = tf.train.Checkpoint(layer=first).write(str(bench.folder / "layer"))
    assert "layer/_func/w/.ATTRIBUTES/VARIABLE_VALUE" in dict(tf.train.list_variables(path))
    tf.train.Checkpoint(layer=second).restore(path).expect_partial()
    assert second.resolved_object.w.numpy() == 9.0
    path = tf.train.Checkpoint(model=bench.model(first)).write(str(bench.folder / "model"))
    third = bench.layer(trainable=trainable)
    tf.train.Checkpoint(model=bench.model(third)).restore(path).expect_partial()
    np.testing.assert_array_equal(third(X), first(X))


def test_frames_through_time_distributed_and_a_recurrent_layer_train_it(bench):
    layers = bench.keras.layers
    layer = bench.layer("image")
    model = bench.model(
        layers.TimeDistributed(layer),
        layers.Bidirectional(layers.LSTM(2)),
        layers.Dense(1),
        shape=(3, 8, 8, 3),
    )
    before = layer.get_weights()
    model.fit(np.random.default_rng(0).random([2, 3, 8, 8, 3]), np.ones([2, 1]), verbose=0)
    assert any((a != b).any() for a, b in zip(before, layer.get_weights(), strict=True))


def test_an_inner_output_becomes_a_model(bench):
    inputs = bench.keras.Input([1])
    features = bench.layer(name="regression", trainable=False)(inputs)
    model = bench.keras.Model(inputs, bench.keras.layers.Dense(2)(features))
    (layer,) = [layer for layer in model.layers if isinstance(layer, bench.kit.KerasLayer)]
    inner = bench.keras.Model(model.inputs, layer.output)
    np.testing.assert_array_equal(inner.predict(X, verbose=0), [[4.0], [7.0]])


def test_a_summary_names_and_counts_it(bench):
    lines = []
    layer = bench.kit.KerasLayer(bench.modules("regression"), name="module")
    bench.model(layer).summary(print_fn=lambda line, **_: lines.append(line))
    text = "\n".join(lines)
    assert "KerasLayer" in text
    assert "Non-trainable params: 3" in text


def test_a_loaded_module_is_saved_again_by_tensorflow(bench):
    import tensorflow as tf

    module = hub.load(bench.modules("regression"))
    module.w.assign([[7.0]])
    tf.saved_model.save(module, str(bench.folder / "again"), signatures=module.signatures)
    np.testing.assert_array_equal(hub.load(str(bench.folder / "again"))(X), 7 * X + 1)


def test_a_program_of_tensorflow_alone_keeps_the_layer_and_its_assets(bench):
    import tensorflow as tf

    class Program(tf.Module):
        def __init__(self, layer):
            super().__init__()
            self.layer = layer

        @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
        def __call__(self, texts):
            return self.layer(texts)

    tf.saved_model.save(Program(bench.layer("text")), str(bench.folder / "program"))
    loaded = tf.saved_model.load(str(bench.folder / "program"))
    np.testing.assert_array_equal(loaded(tf.constant(["a"])), [[0, 1]])


@pytest.mark.parametrize("texts", ["tensor", "objects", "dataset"])
def test_texts_of_every_kind_are_predicted(bench, texts):
    import tensorflow as tf

    layer = bench.layer("text", input_shape=[], dtype=tf.string)
    model = bench.keras.Sequential([layer, bench.keras.layers.Dense(1)])
    given = {
        "tensor": tf.constant(["a", "b"]),
        "objects": np.array(["a", "b"], object),
        "dataset": tf.data.Dataset.from_tensor_slices(["a", "b"]).batch(2),
    }[texts]
    assert model.predict(given, verbose=0).shape == (2, 1)


def test_many_layers_get_no_advice_about_tracing(bench, tf1_modules, caplog):
    for _ in range(7):
        bench.layer("text", trainable=False)(["a"])
        bench.kit.KerasLayer(str(tf1_modules / "05_text_embedding" / "module"))(["a"])
    assert not [record for record in caplog.records if "retracing" in record.getMessage()]
