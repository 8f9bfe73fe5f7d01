"""The layer called: eagerly, symbolically, in functions and in pipelines; on all kinds of inputs."""

from __future__ import annotations

import numpy as np
import pytest

import tensorflow_hub as hub

pytestmark = pytest.mark.keras

X = np.array([[1.0], [2.0]], np.float32)


@pytest.mark.parametrize(
    "inputs",
    [
        pytest.param(lambda tf: tf.constant(X), id="tensor"),
        pytest.param(lambda tf: X, id="array"),
        pytest.param(lambda tf: X.astype(np.float64), id="array of doubles"),
        pytest.param(lambda tf: X.astype(np.int64), id="array of integers"),
        pytest.param(lambda tf: [[1.0], [2.0]], id="list"),
        pytest.param(lambda tf: [[1], [2]], id="list of integers"),
        pytest.param(lambda tf: ([1.0], [2.0]), id="tuple"),
        pytest.param(lambda tf: tf.Variable(X), id="variable"),
        pytest.param(lambda tf: tf.constant(X, tf.float16), id="half precision"),
        pytest.param(lambda tf: tf.constant(X, tf.float64), id="double precision"),
    ],
)
def test_numbers_of_any_kind_are_taken(kit, modules, inputs):
    import tensorflow as tf

    layer = kit.KerasLayer(modules("regression"))
    outputs = layer(inputs(tf))
    assert isinstance(outputs, tf.Tensor)
    np.testing.assert_array_equal(outputs, [[4.0], [7.0]])


@pytest.mark.parametrize(
    "inputs",
    [
        pytest.param(lambda tf: tf.constant(["a", "c"]), id="tensor"),
        pytest.param(lambda tf: ["a", "c"], id="list"),
        pytest.param(lambda tf: ("a", "c"), id="tuple"),
        pytest.param(lambda tf: np.array(["a", "c"]), id="array of text"),
        pytest.param(lambda tf: np.array(["a", "c"], object), id="array of objects"),
        pytest.param(lambda tf: [b"a", b"c"], id="bytes"),
    ],
)
def test_strings_of_any_kind_are_taken(kit, modules, inputs):
    import tensorflow as tf

    layer = kit.KerasLayer(modules("text"), dtype=tf.string)
    np.testing.assert_array_equal(layer(inputs(tf)), [[0, 1], [4, 5]])


@pytest.mark.parametrize("dtype", ["string", "tf.string", None])
def test_the_dtype_of_strings_may_be_named_or_left_out(kit, modules, dtype):
    import tensorflow as tf

    layer = kit.KerasLayer(modules("text"), dtype=tf.string if dtype == "tf.string" else dtype)
    np.testing.assert_array_equal(layer(tf.constant(["b"])), [[2, 3]])


def test_an_empty_batch_gives_an_empty_batch(kit, modules):
    assert kit.KerasLayer(modules("regression"))(np.zeros([0, 1])).shape == (0, 1)


def test_a_loaded_object_may_be_given_in_place_of_a_handle(kit, modules):
    loaded = hub.load(modules("regression"))
    layer = kit.KerasLayer(loaded)
    assert layer.resolved_object is loaded
    np.testing.assert_array_equal(layer(X), [[4.0], [7.0]])


def test_any_callable_may_be_given(kit):
    import tensorflow as tf

    layer = kit.KerasLayer(lambda x: tf.cast(x, tf.float32) * 2)
    np.testing.assert_array_equal(layer(X), X * 2)
    assert layer.weights == []


def test_a_keras_model_may_be_given(kit):
    inner = kit.keras.Sequential([kit.keras.Input([1]), kit.keras.layers.Dropout(0.5)])
    inner.add(kit.keras.layers.Dense(2, kernel_regularizer="l2"))
    layer = kit.KerasLayer(inner, trainable=True)
    np.testing.assert_array_equal(layer(X), inner(X))
    assert len(layer.trainable_weights) == 2
    assert len(layer.losses) == 1
    layer.trainable = False
    assert layer.trainable_weights == []
    np.testing.assert_array_equal(layer(X, training=True), inner(X))  # no dropout


def test_the_path_may_be_a_path_object(kit, modules):
    from pathlib import Path

    np.testing.assert_array_equal(kit.KerasLayer(Path(modules("regression")))(X), [[4.0], [7.0]])


def test_dict_inputs_and_nested_outputs(kit, modules):
    outputs = kit.KerasLayer(modules("nested"))({"a": np.ones([3, 2]), "b": np.ones([3, 2], np.int64)})
    np.testing.assert_array_equal(outputs["default"], np.full([3, 2], 3.0))
    assert [t.shape for t in outputs["list"]] == [(3, 2), (3, 2)]
    assert outputs["list"][1].dtype.name == "int32"


def test_arguments_go_with_every_call(kit, modules):
    layer = kit.KerasLayer(modules("nested"), arguments={"scale": 10.0})
    outputs = layer({"a": np.ones([1, 2]), "b": np.ones([1, 2], np.int32)})
    np.testing.assert_array_equal(outputs["default"], [[30.0, 30.0]])


def test_list_inputs_and_outputs(kit, modules):
    total, difference = kit.KerasLayer(modules("listed"))([np.ones([2, 1]), np.ones([2, 1])])
    np.testing.assert_array_equal(total, [[2.0], [2.0]])
    np.testing.assert_array_equal(difference, [[0.0], [0.0]])


def test_ragged_inputs(kit, modules):
    import tensorflow as tf

    layer = kit.KerasLayer(modules("ragged"))
    for rows in (tf.ragged.constant([[1.0, 2.0], [3.0]]), [[1, 2], [3]]):
        np.testing.assert_array_equal(layer(rows), [3.0, 3.0])


def test_rows_of_ragged_inputs_may_be_counted_in_32_bits(kit, modules):
    import tensorflow as tf

    rows = tf.ragged.constant([[1.0, 2.0], [3.0]], row_splits_dtype=tf.int32)
    np.testing.assert_array_equal(kit.KerasLayer(modules("ragged"))(rows), [3.0, 3.0])


def test_ragged_outputs(kit, modules):
    outputs = kit.KerasLayer(modules("ragged_out"), dtype="string")(["a b", "c"])
    assert outputs.to_list() == [[b"a", b"b"], [b"c"]]


def test_inside_a_tf_function(kit, modules):
    import tensorflow as tf

    layer = kit.KerasLayer(modules("regression"))
    np.testing.assert_array_equal(tf.function(layer)(tf.constant(X)), [[4.0], [7.0]])


def test_inside_a_tf_data_map(kit, modules):
    import tensorflow as tf

    layer = kit.KerasLayer(modules("text"), dtype=tf.string)
    rows = list(tf.data.Dataset.from_tensor_slices(["a", "b", "c"]).batch(2).map(layer))
    np.testing.assert_array_equal(rows[0], [[0, 1], [2, 3]])
    np.testing.assert_array_equal(rows[1], [[4, 5]])


@pytest.mark.parametrize("shape", [(None, 1), (7, 1)])
def test_symbolic_outputs_have_static_shapes(kit, modules, shape):
    inputs = kit.keras.Input(batch_shape=shape)
    outputs = kit.KerasLayer(modules("regression"))(inputs)
    assert tuple(outputs.shape)[1:] == (1,)
    assert str(getattr(outputs.dtype, "name", outputs.dtype)) == "float32"


def test_symbolic_strings(kit, modules):
    words = kit.keras.Input(shape=(), dtype="string")
    vectors = kit.KerasLayer(modules("text"), dtype="string")(words)
    assert tuple(vectors.shape) == (None, 2)
    model = kit.keras.Model(words, kit.keras.layers.Dense(3)(vectors))
    import tensorflow as tf

    assert model(tf.constant(["a", "b"])).shape == (2, 3)


def test_symbolic_dicts(kit, modules):
    inputs = {
        "a": kit.keras.Input([2], name="a"),
        "b": kit.keras.Input([2], dtype="int32", name="b"),
    }
    outputs = kit.KerasLayer(modules("nested"))(inputs)
    model = kit.keras.Model(inputs, outputs["default"])
    assert (
        model.predict({"a": np.ones([2, 2]), "b": np.ones([2, 2], np.int32)}, verbose=0).tolist()
        == [[3, 3]] * 2
    )


def test_symbolic_lists(kit, modules):
    inputs = [kit.keras.Input([1]), kit.keras.Input([1])]
    total, difference = kit.KerasLayer(modules("listed"))(inputs)
    model = kit.keras.Model(inputs, [total, difference])
    outputs = model.predict([np.ones([2, 1]), np.ones([2, 1])], verbose=0)
    assert [o.tolist() for o in outputs] == [[[2], [2]], [[0], [0]]]


def test_symbolic_ragged(kit, modules):
    import tensorflow as tf

    if kit.is_keras3 and "ragged" not in kit.keras.Input.__code__.co_varnames:
        pytest.skip("this Keras 3 has no ragged inputs")
    inputs = kit.keras.Input([None], ragged=True)
    outputs = kit.KerasLayer(modules("ragged"))(inputs)
    model = kit.keras.Model(inputs, outputs)
    np.testing.assert_array_equal(model(tf.ragged.constant([[1.0, 2.0], [3.0]])), [3.0, 3.0])


def test_ragged_outputs_stay_ragged_in_a_functional_model(kit, modules):
    import tensorflow as tf

    texts = kit.keras.Input((), dtype="string")
    words = kit.KerasLayer(modules("ragged_out"))(texts)
    count = kit.KerasLayer(lambda ragged: tf.cast(ragged.row_lengths(), tf.float32)[:, None])(words)
    model = kit.keras.Model(texts, count)
    np.testing.assert_array_equal(model(tf.constant(["a b", "c"])), [[2], [1]])


def test_outputs_of_unknown_rank(kit, modules):
    import tensorflow as tf

    def unknown(x):
        return tf.py_function(lambda y: 2 * y, [x], tf.float32)

    layer = kit.KerasLayer(unknown, output_shape=[1])
    assert tuple(layer.compute_output_shape((7, 1))) == (7, 1)
    assert tuple(layer(kit.keras.Input([1])).shape) == (None, 1)
    if kit.is_keras3:
        with pytest.raises(ValueError, match="Expected an output of known rank"):
            kit.KerasLayer(unknown)(kit.keras.Input([1]))


def test_in_sequential_with_the_shape_of_a_batch(kit, modules):
    layer = kit.KerasLayer(modules("image"), batch_input_shape=(5, 8, 8, 3))
    model = kit.keras.Sequential([layer, kit.keras.layers.Dense(2)])
    assert tuple(model.output_shape) == (5, 2)
    again = kit.KerasLayer.from_config(layer.get_config())
    model = kit.keras.Sequential([again, kit.keras.layers.Dense(2)])
    assert tuple(model.output_shape) == (5, 2)


def test_in_sequential_with_an_input_shape(kit, modules):
    import tensorflow as tf

    layer = kit.KerasLayer(modules("text"), input_shape=[], dtype=tf.string)
    model = kit.keras.Sequential([layer, kit.keras.layers.Dense(1)])
    assert model.built
    assert model(tf.constant(["a"])).shape == (1, 1)
    assert tuple(model.output_shape) == (None, 1)


@pytest.mark.parametrize(
    ("dtype", "how"),
    [
        *(("string", how) for how in ("call", "fit", "fit on a dataset", "evaluate", "build")),
        ("int32", "fit"),
        ("uint8", "call"),
        ("float16", "fit"),
    ],
)
def test_first_in_sequential_without_a_shape(kit, tmp_path, dtype, how):
    import tensorflow as tf

    if how == "build" and not kit.is_keras3:
        pytest.skip("Keras 2 builds for floats only, and says so")
    module = tf.Module()
    module.w = tf.Variable(1.0)
    module.__call__ = tf.function(
        lambda x: module.w * tf.cast(tf.strings.length(x) if dtype == "string" else x, tf.float32)[:, None],
        input_signature=[tf.TensorSpec([None], dtype)],
    )
    tf.saved_model.save(module, str(tmp_path / "module"))
    model = kit.keras.Sequential([kit.KerasLayer(str(tmp_path / "module"), trainable=True)])
    model.add(kit.keras.layers.Dense(1, kernel_initializer="ones"))
    model.compile("sgd", "mse")
    inputs = tf.constant(["a", "bb", "ccc"]) if dtype == "string" else tf.constant([1, 2, 3], dtype)
    targets = np.array([[1.0], [2.0], [3.0]], np.float32)
    if how == "fit":
        model.fit(inputs, targets, verbose=0)  # has no error to learn from
    elif how == "fit on a dataset":
        model.fit(tf.data.Dataset.from_tensor_slices((inputs, targets)).batch(2), verbose=0)
    elif how == "evaluate":
        assert model.evaluate(inputs, targets, verbose=0) == 0
    elif how == "build":
        model.build([None])
    np.testing.assert_allclose((model if how == "call" else model.predict)(inputs), targets, rtol=1e-6)
    model.save(str(tmp_path / "model.keras"))
    again = kit.keras.models.load_model(str(tmp_path / "model.keras"))
    np.testing.assert_allclose(again.predict(inputs), targets, rtol=1e-6)


def test_in_sequential_after_an_input(kit, modules):
    model = kit.keras.Sequential(
        [kit.keras.Input([8, 8, 3]), kit.KerasLayer(modules("image")), kit.keras.layers.Dense(2)]
    )
    assert tuple(model.output_shape) == (None, 2)


def test_in_sequential_built_by_shape(kit, modules):
    model = kit.keras.Sequential([kit.KerasLayer(modules("image")), kit.keras.layers.Dense(2)])
    model.build([None, 8, 8, 3])
    assert model.predict(np.zeros([2, 8, 8, 3]), verbose=0).shape == (2, 2)


def test_in_sequential_added_one_by_one(kit, modules):
    model = kit.keras.Sequential()
    model.add(kit.KerasLayer(modules("image"), input_shape=(8, 8, 3)))
    model.add(kit.keras.layers.Dense(2))
    assert tuple(model.output_shape) == (None, 2)


def test_in_a_subclassed_model(kit, modules):
    class Classifier(kit.keras.Model):
        def __init__(self, path):
            super().__init__()
            self.features = kit.KerasLayer(path, trainable=True)
            self.head = kit.keras.layers.Dense(2)

        def call(self, images, training=False):
            return self.head(self.features(images, training=training))

    model = Classifier(modules("image"))
    assert model(np.zeros([2, 8, 8, 3], np.float32)).shape == (2, 2)
    assert len(model.trainable_weights) == 4 + 2
    assert len(model.non_trainable_weights) == 2


def test_after_a_layer_that_masks(kit):
    model = kit.keras.Sequential(
        [
            kit.keras.Input([2], dtype="int32"),
            kit.keras.layers.Embedding(3, 2, mask_zero=True, embeddings_initializer="ones"),
            kit.KerasLayer(lambda x: 2 * x),
        ]
    )
    np.testing.assert_array_equal(model(np.array([[1, 0]])), [[[2, 2], [2, 2]]])


def test_in_time_distributed(kit, modules):
    layer = kit.keras.layers.TimeDistributed(kit.KerasLayer(modules("image")))
    frames = kit.keras.Input([5, 8, 8, 3])
    outputs = layer(frames)
    assert tuple(outputs.shape) == (None, 5, 4)
    model = kit.keras.Model(frames, outputs)
    assert model.predict(np.zeros([2, 5, 8, 8, 3]), verbose=0).shape == (2, 5, 4)


@pytest.mark.parametrize("shape", [(None, 8, 8, 3), (6, 8, 8, 3)])
def test_the_shape_of_outputs_can_be_asked(kit, modules, shape):
    assert tuple(kit.KerasLayer(modules("image")).compute_output_shape(shape))[1:] == (4,)


def test_shared_between_two_branches(kit, modules):
    layer = kit.KerasLayer(modules("regression"), trainable=True)
    a, b = kit.keras.Input([1]), kit.keras.Input([1])
    model = kit.keras.Model([a, b], kit.keras.layers.Add()([layer(a), layer(b)]))
    assert len(model.trainable_weights) == 2
    np.testing.assert_array_equal(model.predict([X, X], verbose=0), [[8.0], [14.0]])


def test_two_layers_of_one_handle_have_weights_of_their_own(kit, modules):
    first, second = (kit.KerasLayer(modules("regression")) for _ in range(2))
    first.resolved_object.w.assign([[0.0]])
    np.testing.assert_array_equal(second(X), [[4.0], [7.0]])


@pytest.mark.parametrize(("policy", "dtype"), [("mixed_float16", "float16"), ("mixed_bfloat16", "bfloat16")])
def test_mixed_precision_casts_at_the_boundary(kit, modules, policy, dtype):
    import tensorflow as tf

    layer = kit.KerasLayer(modules("regression"), dtype=policy, trainable=True)
    outputs = layer(tf.constant(X, dtype))
    assert outputs.dtype.name == dtype
    np.testing.assert_array_equal(tf.cast(outputs, tf.float32), [[4.0], [7.0]])
    assert all(str(w.dtype) in {"float32", "<dtype: 'float32'>"} for w in layer.weights)


def test_a_model_under_a_global_policy_trains(kit, modules):
    policy = kit.keras.mixed_precision
    getattr(policy, "set_dtype_policy", getattr(policy, "set_global_policy", None))("mixed_float16")
    try:
        layer = kit.KerasLayer(modules("regression"), trainable=True)
        model = kit.keras.Sequential(
            [kit.keras.Input([1]), layer, kit.keras.layers.Dense(1, dtype="float32")]
        )
        model.compile("sgd", "mse")
        model.fit(X, X, verbose=0)
        assert layer(X).dtype.name == "float16"
    finally:
        getattr(policy, "set_dtype_policy", getattr(policy, "set_global_policy", None))("float32")


def test_integer_and_string_outputs_are_not_cast_by_a_policy(kit, modules):
    outputs = kit.KerasLayer(modules("nested"), dtype="mixed_float16")(
        {"a": np.ones([1, 2]), "b": np.ones([1, 2], np.int32)}
    )
    assert outputs["list"][1].dtype.name == "int32"
    assert outputs["default"].dtype.name == "float16"


def test_outputs_that_are_none_stay_so_under_a_policy(kit):
    outputs = kit.KerasLayer(lambda x: {"y": x, "nothing": None}, dtype="float16")(np.ones([1, 2]))
    assert outputs["nothing"] is None
    assert outputs["y"].dtype.name == "float16"


def test_a_module_of_half_precision_takes_floats(kit, modules):
    assert kit.KerasLayer(modules("half"))(np.array([4.0, 2.0])).numpy().tolist() == [2.0, 1.0]


def test_an_output_shape_is_written_where_it_is_unknown(kit):
    import tensorflow as tf

    layer = kit.KerasLayer(lambda x: tf.reshape(x, tf.shape(x)[:2] + 0), output_shape=[3])
    assert tuple(layer(kit.keras.Input([3])).shape) == (None, 3)


def test_a_name_is_kept(kit, modules):
    assert kit.KerasLayer(modules("regression"), name="features").name == "features"


def test_it_is_a_layer(kit, modules):
    layer = kit.KerasLayer(modules("regression"))
    assert isinstance(layer, kit.keras.layers.Layer)
    assert isinstance(layer, kit.KerasLayer)


def test_sparse_inputs_of_a_tf1_module(kit, tf1_modules):
    import tensorflow as tf

    layer = kit.KerasLayer(str(tf1_modules / "09_sparse" / "module"), signature_outputs_as_dict=True)
    (spec,) = layer.resolved_object.input_specs("default").values()
    assert isinstance(spec, tf.SparseTensorSpec)
    outputs = layer(tf.cast(tf.sparse.from_dense(tf.ones([2, 6])), spec.dtype))
    assert set(outputs) == set(layer.resolved_object.output_names("default"))
