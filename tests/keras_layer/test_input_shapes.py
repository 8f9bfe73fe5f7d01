"""Static shapes of inputs: those that could be the traced ones are taken, others refused when called."""

from __future__ import annotations

import numpy as np
import pytest

import tensorflow_hub as hub
from tensorflow_hub.errors import InputError

pytestmark = pytest.mark.keras


@pytest.fixture(scope="module")
def traced(tmp_path_factory):
    """The path of a module that sums up numbers of traced specs, and has a signature that does."""
    import tensorflow as tf

    def path_of(*specs):
        module = tf.Module()

        def total(x):
            dense = x.to_tensor() if isinstance(x, tf.RaggedTensor) else x
            dense = tf.sparse.to_dense(dense) if isinstance(dense, tf.SparseTensor) else dense
            return tf.reduce_sum(tf.cast(dense, tf.float32), -1)

        module.__call__ = tf.function(total)
        for spec in specs:
            module.__call__.get_concrete_function(spec)
        serve = None
        if isinstance(specs[0], tf.TensorSpec):
            serve = tf.function(lambda x: {"y": total(x)}).get_concrete_function(
                tf.TensorSpec(specs[0].shape, specs[0].dtype, "x")
            )
        path = str(tmp_path_factory.mktemp("module"))
        tf.saved_model.save(module, path, signatures=serve)
        return path

    return path_of


TRACED_AND_GIVEN = [
    pytest.param((1, None, None, 3), (10, 12, 3), id="a batch of one, as of object detectors"),
    pytest.param((4, 6), (6,), id="a fixed batch"),
    pytest.param((None, 6), (None,), id="token ids of a fixed length"),
    pytest.param((None, None), (6,), id="a narrower shape"),
    pytest.param((None, 6), (6,), id="the very shape"),
    pytest.param(None, (6,), id="any shape"),
    pytest.param((None, 2, 3), (None, None), id="two lengths"),
]


@pytest.mark.parametrize("signature", [None, "serving_default"])
@pytest.mark.parametrize(("traced_shape", "given"), TRACED_AND_GIVEN)
def test_a_shape_that_could_be_the_traced_one_is_taken(kit, traced, traced_shape, given, signature):
    import tensorflow as tf

    path = traced(tf.TensorSpec(traced_shape, tf.int32))
    options = {} if signature is None else {"signature": signature}
    output_shape = None if traced_shape else [6][:0]
    layer = kit.KerasLayer(path, output_shape=output_shape, **options)
    sizes = [
        size or actual for size, actual in zip(given, (traced_shape or given)[-len(given) :], strict=True)
    ]
    rows = np.ones([4 if traced_shape == (4, 6) else 1, *(size or 6 for size in sizes)], np.int32)

    inputs = kit.keras.Input(given, dtype="int32")
    model = kit.keras.Model(inputs, layer(inputs))
    np.testing.assert_array_equal(model.predict(rows, batch_size=4, verbose=0), rows.sum(-1))
    np.testing.assert_array_equal(layer(rows), rows.sum(-1))

    shapes = tf.TensorSpec([None, *given], tf.int32)
    pipeline = tf.data.Dataset.from_generator(lambda: iter([rows]), output_signature=shapes).map(layer)
    np.testing.assert_array_equal(next(iter(pipeline)), rows.sum(-1))
    function = tf.function(layer, input_signature=[tf.TensorSpec(None, tf.int32)])
    np.testing.assert_array_equal(function(rows), rows.sum(-1))  # of unknown rank


def test_a_tensor_of_another_size_fails_when_it_comes(kit, traced):
    import tensorflow as tf

    layer = kit.KerasLayer(traced(tf.TensorSpec([1, None], tf.float32)))
    inputs = kit.keras.Input([2])
    model = kit.keras.Model(inputs, layer(inputs))
    # Keras 3 knows the size when it makes the function to predict with, Keras 2 when that runs.
    with pytest.raises(
        (InputError, tf.errors.InvalidArgumentError), match=r"3, ?2.*1, ?(None|\?)|1, ?None.*3, ?2"
    ):
        model.predict(np.ones([3, 2]), verbose=0)


def test_ragged_rows_of_a_fixed_number(kit, traced):
    import tensorflow as tf

    layer = kit.KerasLayer(traced(tf.RaggedTensorSpec([2, None], tf.float32)))
    rows = tf.ragged.constant([[1.0, 2.0], [3.0]])
    np.testing.assert_array_equal(layer(rows), [3.0, 3.0])
    function = tf.function(layer, input_signature=[tf.RaggedTensorSpec([None, None], tf.float32)])
    np.testing.assert_array_equal(function(rows), [3.0, 3.0])


def test_sparse_rows_of_a_fixed_length(kit, traced):
    import tensorflow as tf

    layer = kit.KerasLayer(traced(tf.SparseTensorSpec([None, 3], tf.float32)))
    rows = tf.sparse.from_dense([[1.0, 2.0, 0.0], [0.0, 0.0, 3.0]])
    np.testing.assert_array_equal(layer(rows), [3.0, 3.0])
    function = tf.function(layer, input_signature=[tf.SparseTensorSpec([None, None], tf.float32)])
    np.testing.assert_array_equal(function(rows), [3.0, 3.0])
    with pytest.raises(tf.errors.InvalidArgumentError, match="assertion failed"):
        function(tf.sparse.from_dense([[1.0, 2.0]]))


REFUSED = [
    pytest.param("int32", (None, 4), "float32", (4,), id="floats for integers"),
    pytest.param("float32", (None, 4), "string", (4,), id="texts for numbers"),
    pytest.param("int32", (None, 4), "int32", (5,), id="another size"),
    pytest.param("int32", (None, 4), "int32", (4, 1), id="another rank"),
]


@pytest.mark.parametrize("signature", [None, "serving_default"])
@pytest.mark.parametrize(("dtype", "shape", "given_dtype", "given"), REFUSED)
def test_another_dtype_or_size_is_refused_when_called(  # noqa: PLR0917
    kit, traced, signature, dtype, shape, given_dtype, given
):
    import tensorflow as tf

    path = traced(tf.TensorSpec(shape, dtype))
    _assert_refused(
        kit, kit.KerasLayer(path, **({"signature": signature} if signature else {})), given_dtype, given
    )


@pytest.mark.parametrize(("given_dtype", "given"), [("string", (3,)), ("float32", (2,)), ("float32", (3, 1))])
def test_another_dtype_or_size_is_refused_by_a_module_of_tf1(kit, tmp_path, given_dtype, given):
    import tensorflow as tf

    v1 = tf.compat.v1
    path = str(tmp_path / "module")

    def module_fn():
        x = v1.placeholder(tf.float32, [None, 3])
        hub.add_signature(inputs=x, outputs=2 * x)

    with tf.Graph().as_default(), v1.Session() as session:
        hub.Module(hub.create_module_spec(module_fn)).export(path, session)
    layer = kit.KerasLayer(path)
    np.testing.assert_array_equal(layer(np.ones([1, 3])), [[2, 2, 2]])
    _assert_refused(kit, layer, given_dtype, given)
    with pytest.raises(InputError, match=r"Expected dense float32 .* as input 'default' .*, got dense"):
        hub.load(path)(_values(given_dtype, given))


def _values(dtype, shape):
    import tensorflow as tf

    return tf.fill([1, *shape], "a") if dtype == "string" else tf.ones([1, *shape], dtype)


def _assert_refused(kit, layer, dtype, shape):
    with pytest.raises(InputError, match=rf"Expected inputs of .* as .*, got .*{dtype} \(1,"):
        layer(_values(dtype, shape))
    with pytest.raises(InputError, match=rf"Expected inputs of .* as .*, got .*{dtype} \(None,"):
        layer(kit.keras.Input(shape, dtype=dtype))
