"""What trains and what does not: weights, losses and the argument `training`."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import tensorflow_hub as hub
from tensorflow_hub.errors import InputError

pytestmark = pytest.mark.keras

X = np.array([[1.0], [2.0]], np.float32)


def names(weights):
    return [getattr(w, "path", w.name).split(":")[0].replace("_", "/") for w in weights]


@pytest.mark.parametrize("trainable", [True, False])
def test_weights_as_keras_counts_them(kit, modules, trainable):
    layer = kit.KerasLayer(modules("regression"), trainable=trainable)
    assert len(layer.weights) == 3
    assert len(layer.trainable_weights) == (2 if trainable else 0)
    assert len(layer.non_trainable_weights) == (1 if trainable else 3)
    assert layer.count_params() == 3


def test_trainable_may_be_set_after_construction(kit, modules):
    layer = kit.KerasLayer(modules("regression"))
    assert layer.trainable is False
    layer.trainable = True
    assert len(layer.trainable_weights) == 2
    assert len(layer.losses) == 1
    layer.trainable = False
    assert layer.trainable_weights == []
    assert len(layer.losses) == 0


def test_trainable_of_the_model_reaches_the_layer(kit, modules):
    layer = kit.KerasLayer(modules("regression"), trainable=True)
    model = kit.keras.Sequential([kit.keras.Input([1]), layer])
    for trainable in (False, True):
        model.trainable = trainable
        assert layer.trainable is trainable
        assert len(model.trainable_weights) == (2 if trainable else 0)


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (r"line/w", 1),
        (r"^line/", 2),
        (r"/[wb]:0$", 2),
        ("nothing", 0),
        (lambda v: v.name.startswith("line/b"), 1),
        (lambda v: v.shape.rank == 2, 1),
        (lambda v: True, 2),
    ],
)
def test_a_choice_of_variables_by_pattern_or_function(kit, modules, choice, expected):
    layer = kit.KerasLayer(modules("regression"), trainable=choice)
    assert layer.trainable is True
    assert len(layer.trainable_weights) == expected
    assert len(layer.weights) == 3


def test_only_the_chosen_variables_change(kit, modules):
    layer = kit.KerasLayer(modules("regression"), trainable="line/b")
    model = kit.keras.Sequential([kit.keras.Input([1]), layer])
    model.compile(kit.keras.optimizers.SGD(0.01), "mse")
    model.fit(X, 0 * X, verbose=0)
    assert layer.resolved_object.w.numpy() == 3.0
    assert layer.resolved_object.b.numpy() != 1.0


@pytest.mark.parametrize("choice", ["(", 3.5, object()])
def test_a_choice_that_is_none_says_what_is_one(kit, modules, choice):
    with pytest.raises(InputError, match="trainable"):
        kit.KerasLayer(modules("regression"), trainable=choice)


@pytest.mark.parametrize(
    ("trainable", "training", "expected"),
    [
        (False, None, 1.0),
        (False, False, 1.0),
        (False, True, 1.0),
        (True, None, 1.0),
        (True, False, 1.0),
        (True, True, 2.0),
    ],
)
def test_training_reaches_the_module_only_while_trainable(kit, modules, trainable, training, expected):
    layer = kit.KerasLayer(modules("regression"), trainable=trainable)
    arguments = {} if training is None else {"training": training}
    np.testing.assert_array_equal(layer(X, **arguments), expected * np.array([[4.0], [7.0]]))


@pytest.mark.parametrize("training", [True, False])
def test_training_is_a_python_bool(kit, training):
    seen = []

    class Spy:
        variables = ()
        trainable_variables = ()

        def __call__(self, inputs, training=None):
            seen.append(training)
            return inputs

    layer = kit.KerasLayer(Spy(), trainable=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        layer(X, training=training)
    assert seen == [training]
    assert type(seen[0]) is bool


@pytest.mark.parametrize("kind", ["python", "numpy", "tensor", "variable", "in a graph"])
def test_training_may_be_any_kind_of_truth(kit, modules, kind):
    import tensorflow as tf

    layer = kit.KerasLayer(modules("regression"), trainable=True)
    call = (
        tf.function(lambda x, t: layer(x, training=t))
        if kind == "in a graph"
        else (lambda x, t: layer(x, training=t))
    )
    wrap = {"python": int, "numpy": np.bool_, "variable": tf.Variable}.get(kind, tf.constant)
    np.testing.assert_array_equal(call(tf.constant(X), wrap(True)), [[8.0], [14.0]])
    np.testing.assert_array_equal(call(tf.constant(X), wrap(False)), [[4.0], [7.0]])


@pytest.mark.parametrize("training", [True, False])
def test_training_may_be_given_by_position(kit, modules, training):
    layer = kit.KerasLayer(modules("regression"), trainable=True)
    np.testing.assert_array_equal(layer(X, training), layer(X, training=training))


def test_a_callable_without_training_is_not_given_it(kit):
    layer = kit.KerasLayer(lambda inputs: inputs, trainable=False)
    np.testing.assert_array_equal(layer(X, training=True), X)


def test_training_moves_the_averages(kit, modules):
    layer = kit.KerasLayer(modules("regression"), trainable=True)
    layer(X, training=True)
    assert layer.resolved_object.mean.numpy() == 0.75
    layer(X, training=False)
    assert layer.resolved_object.mean.numpy() == 0.75


def test_a_frozen_layer_in_a_model_in_training_leaves_the_averages(kit, modules):
    layer = kit.KerasLayer(modules("regression"), trainable=False)
    model = kit.keras.Sequential([kit.keras.Input([1]), layer, kit.keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(X, X, verbose=0)
    assert layer.resolved_object.mean.numpy() == 0.0
    assert layer.resolved_object.w.numpy() == 3.0


def test_fit_trains_the_module(kit, modules):
    layer = kit.KerasLayer(modules("regression"), trainable=True)
    model = kit.keras.Sequential([kit.keras.Input([1]), layer])
    model.compile(kit.keras.optimizers.SGD(0.01), "mse")
    history = model.fit(X, 0 * X, epochs=5, verbose=0).history["loss"]
    assert history[-1] < history[0] / 2
    assert layer.resolved_object.w.numpy() < 3.0
    assert layer.resolved_object.mean.numpy() > 0.7


def test_one_step_is_that_of_plain_tensorflow(kit, modules):
    import tensorflow as tf

    reference = hub.load(modules("regression"))
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(reference(X, training=True) ** 2) + reference.regularization_losses[0]()
    gradients = tape.gradient(loss, list(reference.trainable_variables))
    layer = kit.KerasLayer(modules("regression"), trainable=True)
    model = kit.keras.Sequential([kit.keras.Input([1]), layer])
    model.compile(kit.keras.optimizers.SGD(0.01), "mse")
    assert model.train_on_batch(X, 0 * X) == pytest.approx(float(loss), rel=1e-6)
    for variable, before, gradient in zip(
        layer.resolved_object.trainable_variables, reference.trainable_variables, gradients, strict=True
    ):
        np.testing.assert_allclose(variable, before - 0.01 * gradient, rtol=1e-6)


def test_gradients_flow_through_a_frozen_layer(kit, modules):
    import tensorflow as tf

    layer = kit.KerasLayer(modules("regression"))
    x = tf.constant(X)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = layer(x)
    np.testing.assert_array_equal(tape.gradient(y, x), [[3.0], [3.0]])


def test_tapes_give_second_derivatives_and_those_of_frozen_weights(kit, modules):
    import tensorflow as tf

    layer = kit.KerasLayer(modules("regression"))
    w = layer.resolved_object.w
    x = tf.constant(X)
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape(persistent=True) as inner:
            inner.watch(x)
            y = layer(x) ** 2
        first = inner.gradient(y, x)
    np.testing.assert_array_equal(first, [[24.0], [42.0]])
    np.testing.assert_array_equal(outer.gradient(first, x), [[18.0], [18.0]])
    np.testing.assert_array_equal(inner.gradient(y, w), [[36.0]])


@pytest.mark.parametrize("trainable", [True, False])
def test_regularization_losses_appear_exactly_when_trainable(kit, modules, trainable):
    layer = kit.KerasLayer(modules("regression"), trainable=trainable)
    assert [float(loss) for loss in layer.losses] == ([4.5] if trainable else [])
    model = kit.keras.Sequential([kit.keras.Input([1]), layer])
    assert [float(loss) for loss in model.losses] == ([4.5] if trainable else [])


def test_regularization_losses_follow_the_weights(kit, modules):
    layer = kit.KerasLayer(modules("regression"), trainable=True)
    layer.resolved_object.w.assign([[1.0]])
    assert float(layer.losses[0]) == 0.5


def test_the_regularization_loss_alone_trains(kit, modules):
    layer = kit.KerasLayer(modules("regression"), trainable=True)
    model = kit.keras.Sequential([kit.keras.Input([1]), layer])
    model.compile(kit.keras.optimizers.SGD(0.1), loss=lambda y, p: 0.0 * p)
    model.fit(X, X, batch_size=2, verbose=0)
    assert layer.resolved_object.w.numpy() == pytest.approx(2.7)


def test_losses_that_cannot_be_called_are_refused(kit):
    class WrongLosses:
        regularization_losses = (1.0,)

        def __call__(self, x):
            return x

    with pytest.raises(ValueError, match="regularization_losses .* to be callables"):
        kit.KerasLayer(WrongLosses())


def test_a_trainable_layer_without_weights_warns_once(kit):
    layer = kit.KerasLayer(lambda x: x, trainable=True)
    with pytest.warns(UserWarning, match="has no trainable weights"):
        layer(X)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        layer(X)


def test_a_pattern_that_no_variable_matches_is_named(kit, modules):
    layer = kit.KerasLayer(modules("regression"), trainable="block_1/")
    with pytest.warns(UserWarning, match="no trainable weights that match 'block_1/'"):
        layer(X)


def test_a_module_without_lists_has_the_variables_that_it_uses(kit, modules):
    layer = kit.KerasLayer(modules("bare"), trainable=True)
    assert len(layer.trainable_weights) == 1
    assert len(layer.non_trainable_weights) == 1


@pytest.mark.parametrize(("key", "expected"), [("y", [[4.0], [7.0]]), ("twice", [[6.0], [12.0]])])
def test_signatures_train_too(kit, modules, key, expected):
    layer = kit.KerasLayer(modules("regression"), trainable=True, signature="serving_default", output_key=key)
    np.testing.assert_array_equal(layer(X), expected)
    model = kit.keras.Sequential([kit.keras.Input([1]), layer])
    model.compile(kit.keras.optimizers.SGD(0.01), "mse")
    model.fit(X, 0 * X, verbose=0)
    assert layer.resolved_object.w.numpy() < 3.0


def test_a_string_module_trains(kit, modules):
    import tensorflow as tf

    layer = kit.KerasLayer(modules("text"), input_shape=[], dtype=tf.string, trainable=True)
    before = layer.resolved_object.embeddings.numpy()
    model = kit.keras.Sequential([layer, kit.keras.layers.Dense(1)])
    model.compile("adam", "mse")
    model.fit(tf.data.Dataset.from_tensor_slices((["a", "b"] * 4, np.ones(8))).batch(4), verbose=0)
    assert (layer.resolved_object.embeddings.numpy() != before).any(axis=1).tolist() == [
        True,
        True,
        False,
        False,
    ]


def test_a_keras_network_trains_with_its_batch_norm(kit, modules):
    layer = kit.KerasLayer(modules("image"), trainable=True)
    before = [w.numpy().copy() for w in layer.weights]
    model = kit.keras.Sequential([kit.keras.Input([8, 8, 3]), layer, kit.keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(np.random.default_rng(0).random([8, 8, 8, 3]).astype(np.float32), np.ones(8), verbose=0)
    changed = [not np.array_equal(w.numpy(), b) for w, b in zip(layer.weights, before, strict=True)]
    assert all(changed[-2:]), "the averages"
    assert sum(changed) >= 5


def test_under_a_distribution_strategy(kit, modules):
    import tensorflow as tf

    strategy = tf.distribute.MirroredStrategy(["CPU:0"])
    with strategy.scope():
        layer = kit.KerasLayer(modules("regression"), trainable=True)
        model = kit.keras.Sequential([kit.keras.Input([1]), layer])
        model.compile(kit.keras.optimizers.SGD(0.01), "mse")
    model.fit(X, 0 * X, verbose=0)
    assert float(np.asarray(layer.weights[0].numpy()).ravel()[0]) < 3.0


def test_jit_compilation_is_left_to_what_can_be_compiled(kit, modules):
    import tensorflow as tf

    if not kit.is_keras3:
        pytest.skip("Keras 2 compiles nothing on its own")
    layer = kit.KerasLayer(modules("text"), input_shape=[], dtype=tf.string, trainable=True)
    model = kit.keras.Sequential([layer, kit.keras.layers.Dense(1)])
    model.compile("sgd", "mse", jit_compile="auto")
    assert not model.jit_compile
    model.fit(tf.constant(["a", "b"]), tf.ones(2), verbose=0)


def test_a_program_may_say_that_a_module_can_be_compiled(kit, modules):
    if not kit.is_keras3:
        pytest.skip("Keras 2 asks no layer")
    layer = kit.KerasLayer(modules("regression"), trainable=True)
    layer.supports_jit = True
    model = kit.keras.Sequential([kit.keras.Input([1]), layer])
    model.compile("sgd", "mse", jit_compile=True)
    assert model.jit_compile
    model.fit(X, X, verbose=0)
    assert layer.resolved_object.w.numpy() != 3.0


def test_run_eagerly(kit, modules):
    layer = kit.KerasLayer(modules("regression"), trainable=True)
    model = kit.keras.Sequential([kit.keras.Input([1]), layer])
    model.compile("sgd", "mse", run_eagerly=True)
    model.fit(X, X, verbose=0)
    assert layer.resolved_object.w.numpy() != 3.0


def test_subclasses_may_use_the_protected_names(kit, modules):
    """The way in which a widely used trainer of image classifiers subclasses the layer."""

    class Subclass(kit.KerasLayer):
        def _setup_layer(self, trainable=False, **kwargs):
            if self._is_hub_module_v1:
                raise AssertionError("not one of TF1")
            super(kit.KerasLayer, self).__init__(trainable=trainable, **kwargs)
            trained = {id(v) for v in self._func.trainable_variables}
            for v in self._func.trainable_variables:
                self._add_existing_weight(v, trainable=True)
            for v in self._func.variables:
                if id(v) not in trained:
                    self._add_existing_weight(v, trainable=False)
            for loss in self._func.regularization_losses:
                self.add_loss(self._call_loss_if_trainable(loss))

        def _check_trainability(self):
            self.checked = True

    layer = Subclass(modules("regression"), trainable=True)
    assert len(layer.trainable_weights) == 2
    assert len(layer.losses) == 1
    layer(X)
    assert layer.checked
    loss = layer._call_loss_if_trainable(lambda: 7.0)
    assert loss() == 7.0
    layer.trainable = False
    assert loss() == 0.0
    assert len(layer.losses) == 0


def test_a_subclass_may_have_layers_of_its_own(kit, modules):
    class WithHead(kit.KerasLayer):
        def __init__(self, handle, **kwargs):
            super().__init__(handle, **kwargs)
            self.head = kit.keras.layers.Dense(2)

        def call(self, inputs, training=None):
            return self.head(super().call(inputs, training=training))

        def compute_output_spec(self, inputs, training=None):
            return kit.keras.KerasTensor((inputs.shape[0], 2))

    layer = WithHead(modules("regression"), trainable=True)
    assert layer(X).shape == (2, 2)
    assert len(layer.trainable_weights) == 4
