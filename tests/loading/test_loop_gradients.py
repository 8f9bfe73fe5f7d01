"""Modules with loops of TensorFlow 1 train as they did there: recurrent networks above all."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

import tensorflow_hub as hub

v1 = tf.compat.v1
pytestmark = [pytest.mark.tf1, pytest.mark.keras]

IDS = np.array([[1, 2, 3], [4, 1, 0]])


@pytest.fixture(autouse=True)
def loops_of_tensorflow_1():
    before = v1.control_flow_v2_enabled()
    v1.disable_control_flow_v2()
    yield
    (v1.enable_control_flow_v2 if before else v1.disable_control_flow_v2)()


def recurrent(dropout: float = 0.0, noise: bool = False, train: bool = False):
    """Word ids → the last state of a recurrent network, by `tf.scan` over TensorArrays."""
    ids = v1.placeholder(tf.int64, [None, None])
    table = v1.get_variable("table", [5, 4], initializer=v1.random_normal_initializer(seed=1))
    kernel = v1.get_variable("kernel", [8, 4], initializer=v1.random_normal_initializer(seed=2))
    words = tf.transpose(tf.gather(table, ids), [1, 0, 2])
    if dropout:
        words = tf.nn.dropout(words, rate=dropout)

    def step(state, word):
        if noise:
            word += v1.random_normal(tf.shape(word))
        return tf.tanh(tf.linalg.matmul(tf.concat([state, word], 1), kernel))

    states = tf.scan(step, words, tf.zeros([tf.shape(ids)[0], 4]))
    steps = v1.get_variable("steps", initializer=0.0, trainable=False)
    v1.add_to_collection(v1.GraphKeys.UPDATE_OPS, v1.assign_add(steps, 1.0))
    hub.add_signature(inputs=ids, outputs={"default": states[-1], "length": tf.shape(words)[0]})


def export(path, **options) -> str:
    with tf.Graph().as_default(), v1.Session() as session:
        module = hub.Module(hub.create_module_spec(lambda: recurrent(**options)))
        session.run(v1.global_variables_initializer())
        module.export(str(path), session)
    return str(path)


def gradients_of_tensorflow_1(path: str) -> dict[str, np.ndarray]:
    with tf.Graph().as_default(), v1.Session() as session:
        module = hub.Module(path, trainable=True)
        loss = tf.reduce_sum(module(IDS) ** 2)
        variables = {v.op.name.split("/")[-1]: v for v in v1.trainable_variables()}
        found = {name: tf.convert_to_tensor(v1.gradients(loss, v)[0]) for name, v in variables.items()}
        session.run([v1.global_variables_initializer(), v1.tables_initializer()])
        return session.run(found)


def test_gradients_are_those_of_the_tf1_graph(tmp_path):
    path = export(tmp_path / "m")
    module = hub.load(path)
    expected = gradients_of_tensorflow_1(path)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(module(tf.constant(IDS), training=True) ** 2)
    found = tape.gradient(loss, {v.name.split(":")[0]: v for v in module.trainable_variables})
    assert sorted(found) == sorted(expected) == ["kernel", "table"]
    for name, gradient in found.items():
        np.testing.assert_allclose(tf.convert_to_tensor(gradient), expected[name], rtol=1e-4, atol=1e-6)
    (steps,) = {v.ref() for v in module.variables} - {v.ref() for v in module.trainable_variables}
    assert steps.deref().numpy() == 1.0  # the gradient did not run the updates again


def test_dropout_before_the_loop_is_the_same_in_the_gradient(tmp_path):
    module = hub.load(export(tmp_path / "m", dropout=0.5))
    (table,) = (v for v in module.trainable_variables if "table" in v.name)
    tf.random.set_seed(3)
    with tf.GradientTape() as tape:
        output = module(tf.constant([[1]]), training=True)  # one word: what was dropped has no gradient
    by_table = tf.convert_to_tensor(tape.gradient(output, table)).numpy()
    kept = by_table[1] != 0
    word = np.where(kept, 2 * table.numpy()[1], 0.0)
    (kernel,) = (v for v in module.trainable_variables if "kernel" in v.name)
    np.testing.assert_allclose(output[0], np.tanh(word @ kernel.numpy()[4:]), rtol=1e-4, atol=1e-6)


def test_random_numbers_inside_of_a_loop_are_refused_when_one_trains(tmp_path):
    module = hub.load(export(tmp_path / "m", noise=True))
    assert module(tf.constant(IDS)).shape == (2, 4)
    with tf.GradientTape() as tape:
        tape.watch(module.trainable_variables)
        with pytest.raises(
            hub.errors.UnsupportedFeatureError, match=r"without random numbers to differentiate"
        ):
            tape.gradient(module(tf.constant(IDS), training=True), module.trainable_variables)


def test_a_layer_trains_is_saved_and_loaded(tmp_path):
    path = export(tmp_path / "m")
    keras = tf.keras
    model = keras.Sequential(
        [hub.KerasLayer(path, trainable=True, input_shape=[3], dtype=tf.int64), keras.layers.Dense(1)]
    )
    targets = np.array([[1.0], [-1.0]])
    model.compile("adam", "mse")
    before = [weight.numpy() for weight in model.layers[0].trainable_weights]
    losses = model.fit(IDS, targets, epochs=20, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
    changed = [np.any(old != new) for old, new in zip(before, model.layers[0].trainable_weights, strict=True)]
    assert changed == [True, True]
    hub.save(model.layers[0], str(tmp_path / "tuned"))
    again = hub.load(str(tmp_path / "tuned"))
    np.testing.assert_allclose(again(tf.constant(IDS)), model.layers[0](tf.constant(IDS)), rtol=1e-5)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(again(tf.constant(IDS), training=True))
    assert all(gradient is not None for gradient in tape.gradient(loss, again.trainable_variables))
