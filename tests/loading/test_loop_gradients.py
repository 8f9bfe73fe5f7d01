"""Modules with loops of TensorFlow 1 train as they did there: recurrent networks above all."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest
import tensorflow as tf

import tensorflow_hub as hub

v1 = tf.compat.v1
pytestmark = [pytest.mark.tf1, pytest.mark.keras]

IDS = np.array([[1, 2, 3], [4, 1, 0]])
WORDS = np.array([["a", "b", "?"], ["c", "a", "b"]])
NUMBERS = np.array([[0.5, -0.2], [0.1, 0.9]], np.float32)


@contextlib.contextmanager
def loops_of_tensorflow_1():
    before = v1.control_flow_v2_enabled()
    v1.disable_control_flow_v2()
    try:
        yield
    finally:
        (v1.enable_control_flow_v2 if before else v1.disable_control_flow_v2)()


def weights(name: str, shape: list[int]):
    return v1.get_variable(name, shape, initializer=v1.random_normal_initializer(seed=len(name)))


def recurrent(dropout: float = 0.0):
    """Word ids → the last state of a recurrent network, by `tf.scan` over TensorArrays."""
    ids = v1.placeholder(tf.int64, [None, None])
    table, kernel = weights("table", [5, 4]), weights("kernel", [8, 4])
    words = tf.transpose(tf.gather(table, ids), [1, 0, 2])
    if dropout:
        words = tf.nn.dropout(words, rate=dropout)
    states = tf.scan(
        lambda state, word: tf.tanh(tf.linalg.matmul(tf.concat([state, word], 1), kernel)),
        words,
        tf.zeros([tf.shape(ids)[0], 4]),
    )
    steps = v1.get_variable("steps", initializer=0.0, trainable=False)
    v1.add_to_collection(v1.GraphKeys.UPDATE_OPS, v1.assign_add(steps, 1.0))
    hub.add_signature(inputs=ids, outputs={"default": states[-1], "length": tf.shape(words)[0]})


def table_lookup(inside: bool):
    """Words → the last state; the vocabulary and its vectors are looked up before or inside of the loop."""
    words = v1.placeholder(tf.string, [None, None])
    keys = tf.lookup.KeyValueTensorInitializer(["a", "b", "c"], tf.range(3, dtype=tf.int64))
    vocabulary = tf.lookup.StaticVocabularyTable(keys, 1)
    table, kernel = weights("table", [4, 3]), weights("kernel", [6, 3])

    def vectors(words):
        return tf.nn.embedding_lookup(table, vocabulary.lookup(words))

    def step(state, word):
        return tf.tanh(tf.linalg.matmul(tf.concat([state, vectors(word) if inside else word], 1), kernel))

    steps = tf.transpose(words) if inside else vectors(tf.transpose(words))
    states = tf.scan(step, steps, tf.zeros([tf.shape(words)[0], 3]))
    hub.add_signature(inputs=words, outputs={"default": states[-1], "ids": vocabulary.lookup(words)})


def repeated(x, step, times: int = 3):
    return v1.while_loop(lambda i, _: i < times, lambda i, state: (i + 1, step(i, state)), [0, x])[1]


def nested():
    x = v1.placeholder(tf.float32, [None, 2])
    inner, outer = weights("inner", [2, 2]), weights("outer", [2, 2])

    def step(_, state):
        return repeated(state, lambda _, state: tf.tanh(state @ inner), 2) @ outer + x

    hub.add_signature(inputs=x, outputs=repeated(x, step))


def branches():
    """A branch in a loop in a branch."""
    x = v1.placeholder(tf.float32, [None, 2])
    kernel = weights("kernel", [2, 2])

    def step(i, state):
        return v1.cond(tf.equal(i % 2, 0), lambda: tf.tanh(state @ kernel), lambda: 2.0 * state)

    hub.add_signature(inputs=x, outputs=v1.cond(tf.reduce_sum(x) > 0, lambda: repeated(x, step), lambda: -x))


def whole_arrays():
    """Arrays that are split, read twice, written out of order, gathered and concatenated."""
    x = v1.placeholder(tf.float32, [None, 2])
    kernel = weights("kernel", [2, 2])
    rows = tf.TensorArray(tf.float32, 2).split(x @ kernel, [1, 1])
    sums = tf.TensorArray(tf.float32, 0, dynamic_size=True, clear_after_read=False)

    def step(i, written):
        return i + 1, written.write(1 - i, tf.tanh(rows.read(i) @ kernel))

    (_, sums) = v1.while_loop(lambda i, _: i < 2, step, [0, sums])
    outputs = {"default": sums.concat() * x, "gathered": sums.gather([1, 1, 0])}
    hub.add_signature(inputs=x, outputs=outputs["default"] + tf.reduce_sum(outputs["gathered"] ** 3))


def scaled():
    """An update changes what the forward pass has read before the loop."""
    x = v1.placeholder(tf.float32, [None, 2])
    kernel = weights("kernel", [2, 2])
    scale = v1.get_variable("scale", initializer=1.0, trainable=False)
    output = repeated(scale * x, lambda _, state: tf.tanh(state @ kernel))
    with tf.control_dependencies([output]):
        v1.add_to_collection(v1.GraphKeys.UPDATE_OPS, v1.assign_add(scale, 1.0))
    hub.add_signature(inputs=x, outputs=output)


def sampled():
    x = v1.placeholder(tf.float32, [None, 2])
    kernel = weights("kernel", [2, 2])
    ids = tf.random.log_uniform_candidate_sampler(tf.zeros([1, 1], tf.int64), 1, 2, unique=False, range_max=9)
    output = repeated(tf.cast(ids[0], tf.float32) * x, lambda _, state: tf.tanh(state @ kernel))
    hub.add_signature(inputs=x, outputs={"default": output, "ids": ids[0]})


def noisy():
    x = v1.placeholder(tf.float32, [None, 2])
    kernel = weights("kernel", [2, 2])
    output = repeated(x, lambda _, state: tf.tanh(state @ kernel) + v1.random_normal(tf.shape(x)))
    hub.add_signature(inputs=x, outputs=output)


def export(path, module_fn) -> str:
    with loops_of_tensorflow_1(), tf.Graph().as_default(), v1.Session() as session:
        module = hub.Module(hub.create_module_spec(module_fn))
        session.run([v1.global_variables_initializer(), v1.tables_initializer()])
        module.export(str(path), session)
    return str(path)


def gradients_of_tensorflow_1(path: str, inputs: np.ndarray) -> dict[str, np.ndarray]:
    with loops_of_tensorflow_1(), tf.Graph().as_default(), v1.Session() as session:
        module = hub.Module(path, trainable=True)
        loss = tf.reduce_sum(module(inputs) ** 2)
        variables = {v.op.name.split("/")[-1]: v for v in v1.trainable_variables()}
        found = {name: tf.convert_to_tensor(v1.gradients(loss, v)[0]) for name, v in variables.items()}
        session.run([v1.global_variables_initializer(), v1.tables_initializer()])
        return session.run(found)


@pytest.mark.parametrize(
    ("module_fn", "inputs"),
    [
        pytest.param(recurrent, IDS, id="TensorArrays"),
        pytest.param(whole_arrays, NUMBERS, id="whole TensorArrays"),
        pytest.param(lambda: table_lookup(inside=False), WORDS, id="tables and embeddings"),
        pytest.param(lambda: table_lookup(inside=True), WORDS, id="tables and embeddings inside"),
        pytest.param(nested, NUMBERS, id="nested loops"),
        pytest.param(branches, NUMBERS, id="branches"),
        pytest.param(scaled, NUMBERS, id="updates of what was read"),
    ],
)
def test_gradients_are_those_of_the_tf1_graph(tmp_path, module_fn, inputs):
    path = export(tmp_path / "m", module_fn)
    module = hub.load(path)
    expected = gradients_of_tensorflow_1(path, inputs)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(module(tf.constant(inputs), training=True) ** 2)
    found = tape.gradient(loss, {v.name.split(":")[0]: v for v in module.trainable_variables})
    assert sorted(found) == sorted(expected)
    for name, gradient in found.items():
        np.testing.assert_allclose(tf.convert_to_tensor(gradient), expected[name], rtol=1e-4, atol=1e-6)


def test_one_tensor_may_be_several_outputs(tmp_path):
    def module_fn():
        x = v1.placeholder(tf.float32, [None, 2])
        output = repeated(x, lambda _, state: 2.0 * state)
        hub.add_signature(inputs=x, outputs={"default": output, "again": output})

    module = hub.load(export(tmp_path / "m", module_fn))
    x = tf.constant(NUMBERS)
    with tf.GradientTape() as tape:
        tape.watch(x)
        outputs = module.call_signature(x)
        total = tf.reduce_sum(outputs["default"] + 3.0 * outputs["again"])
    np.testing.assert_allclose(tape.gradient(total, x), np.full([2, 2], 32.0))


def test_gradients_do_not_run_updates_again(tmp_path):
    module = hub.load(export(tmp_path / "m", recurrent))
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(module(tf.constant(IDS), training=True))
    tape.gradient(loss, module.trainable_variables)
    (steps,) = {v.ref() for v in module.variables} - {v.ref() for v in module.trainable_variables}
    assert steps.deref().numpy() == 1.0


def test_dropout_before_the_loop_is_the_same_in_the_gradient(tmp_path):
    module = hub.load(export(tmp_path / "m", lambda: recurrent(dropout=0.5)))
    (table,) = (v for v in module.trainable_variables if "table" in v.name)
    tf.random.set_seed(3)
    with tf.GradientTape() as tape:
        output = module(
            tf.constant([[1]], tf.int64), training=True
        )  # one word: what was dropped has no gradient
    by_table = tf.convert_to_tensor(tape.gradient(output, table)).numpy()
    kept = by_table[1] != 0
    word = np.where(kept, 2 * table.numpy()[1], 0.0)
    (kernel,) = (v for v in module.trainable_variables if "kernel" in v.name)
    np.testing.assert_allclose(output[0], np.tanh(word @ kernel.numpy()[4:]), rtol=1e-4, atol=1e-6)


def test_random_numbers_before_the_loop_are_the_same_in_the_gradient(tmp_path):
    module = hub.load(export(tmp_path / "m", sampled))
    (kernel,) = module.trainable_variables
    for _ in range(4):  # else equal by chance
        with tf.GradientTape(persistent=True) as tape:
            outputs = module.call_signature(tf.constant(NUMBERS))
            found = tf.reduce_sum(outputs["default"])
            state = tf.cast(outputs["ids"], tf.float32) * NUMBERS
            for _ in range(3):
                state = tf.tanh(state @ kernel)
            expected = tf.reduce_sum(state)
        np.testing.assert_allclose(
            tape.gradient(found, kernel), tape.gradient(expected, kernel), rtol=1e-4, atol=1e-6
        )


def test_random_numbers_inside_of_a_loop_are_refused_when_one_trains(tmp_path):
    keras = tf.keras
    path = export(tmp_path / "m", noisy)
    layer = hub.KerasLayer(path, input_shape=[2])
    model = keras.Sequential([layer, keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(NUMBERS, np.ones([2, 1]), verbose=0)  # frozen, it is no obstacle
    layer.trainable = True
    model.compile("sgd", "mse")
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"got random numbers .* inside of loops"):
        model.fit(NUMBERS, np.ones([2, 1]), verbose=0)
    hub.save(layer, str(tmp_path / "again"))
    assert hub.load(str(tmp_path / "again"))(NUMBERS).shape == (2, 2)


@pytest.mark.parametrize("saved", [False, True])
def test_a_second_derivative_is_refused_where_it_is_requested(tmp_path, saved):
    module = hub.load(export(tmp_path / "m", nested))
    if saved:
        hub.save(module, str(tmp_path / "again"))
        module = hub.load(str(tmp_path / "again"))
    x = tf.constant(NUMBERS)
    with tf.GradientTape(persistent=True) as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            total = tf.reduce_sum(module(x))
        by_x = inner.gradient(total, x)
    np.testing.assert_allclose(outer.gradient(total, x), by_x)
    for source in (x, module.trainable_variables[0]):
        with pytest.raises(tf.errors.InvalidArgumentError, match="got a higher one"):
            outer.gradient(by_x, source)


def test_missing_gradients_are_reported(tmp_path):
    hub.save(hub.load(export(tmp_path / "m", nested)), str(tmp_path / "again"))
    module = hub.load(str(tmp_path / "again"), inference_only=True)
    with (
        tf.GradientTape() as tape,
        pytest.raises(LookupError, match=r"loaded with inference_only=True\. Save it with hub\.save"),
    ):
        tape.gradient(module(NUMBERS), module.trainable_variables)


def test_a_tensor_inside_of_a_loop_is_not_an_endpoint(tmp_path):
    module = hub.load(export(tmp_path / "m", nested))
    names = hub.endpoint_names(module)
    assert "while/Exit_1:0" in names
    assert "while/Identity:0" not in names
    with pytest.raises(
        hub.errors.SignatureError, match=r"outside of the graph's loops and branches, got .*while/Identity"
    ):
        hub.with_endpoints(module, ["while/Identity"])(NUMBERS)
    hub.save(module, str(tmp_path / "again"))
    with pytest.raises(hub.errors.UnsupportedFeatureError, match="on the original module of TensorFlow 1"):
        hub.endpoint_names(hub.load(str(tmp_path / "again")))


def test_a_layer_trains_is_saved_and_loaded(tmp_path):
    path = export(tmp_path / "m", recurrent)
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
