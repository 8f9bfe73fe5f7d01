"""`hub.Module`: from a module_fn or a directory into a graph, applied, exported."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

import tensorflow_hub as hub
from tests.support.module_fns import export, in_function, run, vocabulary, word_ids

v1 = tf.compat.v1
pytestmark = pytest.mark.tf1


@pytest.fixture
def text_module(tmp_path):
    """A text embedding with a vocabulary of three words and one out-of-vocabulary bucket."""
    vocabulary = tmp_path / "vocabulary.txt"
    vocabulary.write_text("a\nb\nc\n")
    values = np.arange(8, dtype=np.float32).reshape(4, 2)

    def module_fn():
        text = v1.placeholder(tf.string, [None])
        table = tf.lookup.StaticVocabularyTable(
            tf.lookup.TextFileInitializer(
                str(vocabulary),
                tf.string,
                tf.lookup.TextFileIndex.WHOLE_LINE,
                tf.int64,
                tf.lookup.TextFileIndex.LINE_NUMBER,
            ),
            1,
        )
        embeddings = v1.get_variable("embeddings", initializer=values)
        hub.add_signature(inputs=text, outputs=tf.gather(embeddings, table.lookup(text)))

    with tf.Graph().as_default(), v1.Session() as session:
        module = hub.Module(hub.create_module_spec(module_fn))
        session.run([v1.global_variables_initializer(), v1.tables_initializer()])
        module.export(tmp_path / "module", session)
    vocabulary.unlink()
    return tmp_path / "module"


def test_strings_become_vectors_through_a_vocabulary_that_travels_with_the_module(text_module):
    with tf.Graph().as_default():
        result = run(hub.Module(text_module)(["b", "zz", "a"]))
    np.testing.assert_array_equal(result, [[2, 3], [6, 7], [0, 1]])


def test_an_exported_module_has_the_files_of_the_format(text_module):
    files = sorted(str(p.relative_to(text_module)) for p in text_module.rglob("*") if p.is_file())
    assert files == [
        "assets/vocabulary.txt",
        "saved_model.pb",
        "tfhub_module.pb",
        "variables/variables.data-00000-of-00001",
        "variables/variables.index",
    ]
    assert (text_module / "tfhub_module.pb").read_bytes() == b"\x08\x03"


def two_inputs():
    x, y = (v1.placeholder(tf.float32, [None], name=name) for name in "xy")
    hub.add_signature(inputs={"x": x, "y": y}, outputs=x + y)


def only_input(kind="dense"):
    """A module with one input of a name of its own."""

    def module_fn():
        if kind == "dense":
            value = v1.placeholder(tf.float32, [None])
            total = tf.reduce_sum(value)
        elif kind == "sparse":
            value = v1.sparse_placeholder(tf.float32, [None, None])
            total = tf.reduce_sum(value.values)
        else:
            value = v1.ragged.placeholder(tf.float32, 1, [])
            total = tf.reduce_sum(value.flat_values)
        hub.add_signature(inputs={"images": value}, outputs=total)
        hub.add_signature("other", inputs={"text": value}, outputs=-total)

    return hub.create_module_spec(module_fn)


@pytest.mark.parametrize("given", [[1.0, 2.0], np.float32([1, 2]), {"images": [1.0, 2.0]}], ids=type)
def test_the_only_input_may_be_given_bare(given):
    with tf.Graph().as_default():
        assert run(hub.Module(only_input())(given)) == 3
    with hub.eval_function_for_module(only_input()) as function:
        assert function(given) == 3


def test_the_only_input_of_any_kind_and_signature_may_be_given_bare():
    with tf.Graph().as_default():
        sparse = tf.SparseTensor([[0, 0]], [3.0], [1, 1])
        assert run(hub.Module(only_input("sparse"))(sparse, signature="other")) == -3
        assert run(hub.Module(only_input("ragged"))(tf.ragged.constant([[3.0], []]))) == 3
    with hub.eval_function_for_module(only_input("sparse")) as function:
        assert function(v1.SparseTensorValue([[0, 0]], [3.0], [1, 1])) == 3


def test_a_module_used_in_a_module_takes_its_only_input_bare():
    def module_fn():
        x = v1.placeholder(tf.float32, [None])
        hub.add_signature(inputs={"x": x}, outputs=hub.Module(only_input())(2.0 * x))

    with tf.Graph().as_default():
        assert run(hub.Module(hub.create_module_spec(module_fn))([1.0, 2.0])) == 6


def test_in_an_eager_program_the_only_input_is_bare_too(tmp_path):
    path = str(export(only_input(), tmp_path / "module"))
    function = in_function(path, tf.TensorSpec([None]))
    assert function(tf.ones([3])) == 3
    module = hub.load(path)
    assert module([1.0, 2.0]) == 3
    assert module.signatures["other"](tf.ones([2]))["default"] == -2


def test_a_bare_value_for_several_inputs_is_refused():
    spec = hub.create_module_spec(two_inputs)
    with tf.Graph().as_default(), pytest.raises(hub.HubError, match=r"a dict with the inputs \['x', 'y'\]"):
        hub.Module(spec)([1.0])
    with (
        hub.eval_function_for_module(spec) as function,
        pytest.raises(TypeError, match=r"a dict with the inputs \['x', 'y'\]"),
    ):
        function([1.0])


@pytest.mark.parametrize("lookup", [False, True], ids=["variables", "tables"])
def test_a_module_that_was_never_exported_works_in_wrap_function(tmp_path, lookup):
    source = vocabulary(tmp_path / "words.txt", "a", "b")

    def module_fn():
        words = v1.placeholder(tf.string, [None])
        scale = v1.get_variable("scale", initializer=3.0)
        total = v1.get_variable("total", initializer=2.0 * scale.initial_value)
        ids = word_ids(source).lookup(words) if lookup else tf.strings.length(words)
        hub.add_signature(inputs={"text": words}, outputs=total * tf.cast(ids, tf.float32))

    spec = hub.create_module_spec(module_fn)
    function = in_function(spec, tf.TensorSpec([None], tf.string))
    np.testing.assert_array_equal(function(tf.constant(["a", "b"])), [0, 6] if lookup else [6, 6])
    (total,) = function.variables
    total.assign(1.0)
    np.testing.assert_array_equal(function(tf.constant(["b"])), [1])


def test_ops_that_other_signatures_and_updates_need_can_be_asked_for_by_name():
    def module_fn():
        x = v1.placeholder(tf.float32, [None], name="x")
        y = v1.placeholder(tf.float32, [None], name="y")
        count = v1.get_variable("count", initializer=0.0, trainable=False)
        with tf.control_dependencies([tf.identity(x, name="checked")]):
            first = tf.multiply(x, 2.0, name="first")
        hub.add_signature(inputs=x, outputs=first)
        second = tf.add(tf.nn.relu(first, name="layer"), 1.0, name="second")
        hub.add_signature("second", inputs={"x": x}, outputs=second)
        hub.add_signature("third", inputs={"y": y}, outputs=tf.negative(y, name="third"))
        with tf.name_scope("update"):
            v1.add_to_collection(v1.GraphKeys.UPDATE_OPS, v1.assign_add(count, tf.reduce_sum(x)))
        tf.exp(x, name="needed_by_nothing")

    with tf.Graph().as_default() as graph:
        module = hub.Module(hub.create_module_spec(module_fn), name="m")
        module([1.0, -1.0])
        names = {op.name.removeprefix("m_apply_default/") for op in graph.get_operations()}
        assert {"checked", "first", "layer", "second", "y", "third", "update/AssignAddVariableOp"} <= names
        assert "needed_by_nothing" not in names
        assert v1.get_collection(v1.GraphKeys.UPDATE_OPS) == []
        np.testing.assert_array_equal(run("m_apply_default/second:0"), [3, 1])
        np.testing.assert_array_equal(run("m_apply_default/third:0", {"m_apply_default/y:0": [4.0]}), [-4])


def test_a_function_gets_the_called_signature_only(tmp_path):
    def module_fn():
        x = v1.placeholder(tf.float32, [])
        count = v1.get_variable("count", initializer=0.0, trainable=False)
        hub.add_signature(inputs=x, outputs=x + count)
        hub.add_signature("count", {"x": x}, {"default": tf.identity(v1.assign_add(count, x))})

    path = str(export(hub.create_module_spec(module_fn), tmp_path / "module"))
    function = in_function(path, tf.TensorSpec([]))
    assert [function(1.0), function(1.0)] == [1, 1]  # a function runs all in it that writes to variables
    with tf.Graph().as_default():
        module = hub.Module(path)
        looped = tf.map_fn(module, tf.constant([1.0, 2.0]))
        assert run([looped, module.variables[0]])[1] == 0
