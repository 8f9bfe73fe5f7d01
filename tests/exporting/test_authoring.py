"""`hub.create_module_spec` and what an author calls inside a module_fn."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

import tensorflow_hub as hub
from tensorflow_hub import errors
from tests.support.module_fns import DENSE_VARIANTS, dense, export, half_plus_two, run, vocabulary, word_ids

v1 = tf.compat.v1
pytestmark = pytest.mark.tf1


def constant(**extra):
    def module_fn():
        hub.add_signature(outputs=tf.constant(1.0))
        for call in extra.values():
            call()

    return module_fn


def test_a_spec_tells_its_variants_signatures_and_tensors():
    spec = hub.create_module_spec(dense, DENSE_VARIANTS)
    assert spec.get_tags() == [frozenset(), frozenset({"train"})]
    assert spec.get_signature_names(tags={"train"}) == ["count", "default"]
    (given,) = spec.get_input_info_dict().values()
    assert (given.dtype, given.get_shape().as_list(), given.is_sparse) == (tf.float32, [None, 3], False)
    assert str(spec.get_output_info_dict("count")["default"]) == "dense float32 []"
    assert spec.get_input_info_dict("count") == {}


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: None, errors.SignatureError, None),
        (lambda: hub.add_signature(outputs=tf.constant(1.0)), errors.SignatureError, "twice for 'default'"),
        (
            lambda: hub.add_signature("a", outputs=[1.0]),
            errors.SignatureError,
            "as output 'default' .* got list",
        ),
        (
            lambda: hub.add_signature("a", inputs=v1.get_variable("v", [2])),
            errors.SignatureError,
            r"wrap variables in tf.identity\(\)",
        ),
        (
            lambda: hub.add_signature("a", outputs={1: tf.constant(1.0)}),
            errors.SignatureError,
            "strings as output names",
        ),
        (
            lambda: v1.add_to_collection("mine", 1),
            errors.CollectionError,
            r"got \['mine'\].*drop_collections=\['mine'\]",
        ),
        (
            lambda: v1.get_variable("l", [], collections=["local_variables"]),
            errors.CollectionError,
            "local_variables",
        ),
        (lambda: hub.attach_message("bad key", tf.train.BytesList()), errors.ModuleError, "a key of letters"),
        (lambda: hub.attach_message("key", "text"), errors.ModuleError, "a protobuf message .* got str"),
    ],
)
def test_misuse_in_a_module_fn(call, error, message):
    if message is None:
        with pytest.raises(error, match="signature in the module_fn, but it declared none"):
            hub.create_module_spec(call)
        return
    with pytest.raises(error, match=message):
        hub.create_module_spec(constant(call=call))


@pytest.mark.parametrize(
    ("variants", "message"),
    [
        ([(set(), {}), (set(), {})], r"got \[\] twice"),
        ([("train", {})], "Expected .set of tags, dict"),
        ([set()], "Expected .set of tags, dict"),
        ([], "at least one graph variant"),
    ],
)
def test_misuse_of_tags(variants, message):
    with pytest.raises(errors.TagsError, match=message):
        hub.create_module_spec(half_plus_two, variants)


def test_variants_that_disagree_about_a_variable():
    def module_fn(size):
        hub.add_signature(outputs=tf.identity(v1.get_variable("v", [size])))

    with pytest.raises(
        errors.ModuleError, match="the variable 'v' with the same dtype and shape in all graph variants"
    ):
        hub.create_module_spec(module_fn, [(set(), {"size": 1}), ({"big"}, {"size": 2})])


@pytest.mark.parametrize("resource", [True, False])
@pytest.mark.parametrize("state", ["variable", "table"])
def test_state_on_one_device_with_what_is_no_state(state, resource):
    def module_fn(other):
        anchor = (
            v1.get_variable("anchor", [], use_resource=resource) if other == "state" else tf.constant(1.0)
        )
        with v1.colocate_with(anchor if other != "state" or not resource else anchor.handle):
            if state == "variable":
                made = v1.get_variable("made", [], use_resource=resource)
            else:
                made = v1.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(["a"], [1]), -1).size()
        hub.add_signature(outputs=tf.identity(made))

    hub.create_module_spec(module_fn, [(set(), {"other": "state"})])
    with pytest.raises(
        errors.ModuleError, match=r"colocated with other state only, got .* colocated with 'Const"
    ):
        hub.create_module_spec(module_fn, [(set(), {"other": "op"})])


def test_dropped_collections_are_not_in_the_module(tmp_path):
    spec = hub.create_module_spec(
        constant(call=lambda: v1.add_to_collection("mine", 1)), drop_collections=["mine"]
    )
    export(spec, tmp_path / "module")
    with tf.Graph().as_default():
        hub.Module(tmp_path / "module")
        assert v1.get_collection("mine") == []


def test_messages_are_attached_to_variants():
    def module_fn(train):
        hub.add_signature(outputs=tf.constant(1.0))
        hub.attach_message("labels", tf.train.BytesList(value=[b"a"]))
        hub.attach_message("labels", tf.train.BytesList(value=[b"b"]))
        if train:
            hub.attach_message("rate", tf.train.FloatList(value=[0.5]))

    spec = hub.create_module_spec(module_fn, [(set(), {"train": False}), ({"train"}, {"train": True})])
    assert spec.get_attached_message("labels", tf.train.BytesList).value == [b"b"]
    assert spec.get_attached_message("rate", tf.train.FloatList) is None
    assert spec.get_attached_message("rate", tf.train.FloatList, tags={"train"}).value == [0.5]
    with pytest.raises(KeyError, match=r"attached under 'rate' .* which has \['labels'\]"):
        spec.get_attached_message("rate", tf.train.FloatList, required=True)


def test_images_say_their_size():
    def module_fn(shape=(None, 32, 48, 3), attached=None):
        hub.add_signature(inputs={"images": v1.placeholder(tf.float32, shape)}, outputs=tf.constant(1.0))
        if attached:
            info = hub.ImageModuleInfo()
            info.default_image_size.height, info.default_image_size.width = attached
            hub.attach_image_module_info(info)

    def size(**arguments):
        return hub.get_expected_image_size(hub.create_module_spec(module_fn, [(set(), arguments)]))

    assert size() == [32, 48]
    assert size(attached=(24, 36)) == [24, 36]
    assert size(shape=[None, None, None, 3], attached=(24, 36)) == [24, 36]
    assert hub.get_num_image_channels(hub.create_module_spec(module_fn)) == 3
    for shape in ([None, None, 48, 3], None, [32, 48, 3]):
        with pytest.raises(ValueError, match="with known height and width, got the shape"):
            size(shape=shape)
    with pytest.raises(ValueError, match=r"an input 'pixels' .* got \['images'\]"):
        hub.get_expected_image_size(hub.create_module_spec(module_fn), input_name="pixels")


def test_modules_inside_of_modules_leave_nothing_behind(tmp_path):
    def inner_fn():
        words = v1.placeholder(tf.string, [None])
        ids = word_ids(vocabulary(tmp_path / "words" / "vocabulary.txt", "a", "b")).lookup(words)
        hub.add_signature(
            inputs=words, outputs=tf.gather(v1.get_variable("v", initializer=[1.0, 2.0, 3.0]), ids)
        )

    inner = export(hub.create_module_spec(inner_fn), tmp_path / "inner")

    def outer_fn():
        words = v1.placeholder(tf.string, [None])
        first, second = hub.Module(str(inner), trainable=True), hub.Module(str(inner), name="other")
        hub.add_signature(inputs=words, outputs=first(words) + 10.0 * second(words))

    outer = export(hub.create_module_spec(outer_fn), tmp_path / "outer")
    inner.rename(tmp_path / "moved")
    with tf.Graph().as_default():
        module = hub.Module(outer, trainable=True)
        np.testing.assert_array_equal(run(module(["a", "q"])), [11.0, 33.0])
        assert sorted(module.variable_map) == ["module/v", "other/v"]
        assert len(v1.trainable_variables()) == 1
    assert str(tmp_path).encode() not in b"".join(node_value for node_value in _constants(outer))


def _constants(path):
    from tensorflow.core.protobuf import saved_model_pb2

    saved_model = saved_model_pb2.SavedModel.FromString((path / "saved_model.pb").read_bytes())
    for meta_graph in saved_model.meta_graphs:
        for node in meta_graph.graph_def.node:
            if node.op == "Const":
                yield from node.attr["value"].tensor.string_val
