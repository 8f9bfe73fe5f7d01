"""What a signature says about a tensor is written as TensorFlow writes it, and read back."""

from __future__ import annotations

import pytest

tf = pytest.importorskip("tensorflow")

from tensorflow_hub.graphs.tensor_info import read_tensor_info, write_tensor_info  # noqa: E402

pytestmark = pytest.mark.tf1


@pytest.mark.parametrize(
    "make",
    [
        lambda: tf.compat.v1.placeholder(tf.float32, [None, 3]),
        lambda: tf.compat.v1.placeholder(tf.string),
        lambda: tf.compat.v1.sparse_placeholder(tf.int64, [None, 5]),
        lambda: tf.compat.v1.ragged.placeholder(tf.string, 2, ()),
    ],
    ids=["dense", "unknown shape", "sparse", "ragged"],
)
def test_a_tensor_is_written_as_tensorflow_writes_it(make):
    with tf.Graph().as_default():
        tensor = make()
        proto = tf.compat.v1.saved_model.build_tensor_info(tensor)
        ours = type(proto)()
        write_tensor_info(tensor, ours)
        assert ours == proto
        assert read_tensor_info(ours).type_spec.is_compatible_with(tensor)
