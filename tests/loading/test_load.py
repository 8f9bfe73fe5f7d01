"""`hub.load` on TF2 SavedModels: whole, for inference only, incomplete, or in need of something."""

from __future__ import annotations

import gc
import shutil
import threading
import weakref

import numpy as np
import pytest

import tensorflow_hub as hub
from tensorflow_hub.errors import (
    FormatError,
    HandleError,
    MissingDependencyError,
    NotAModuleError,
    NotFoundError,
    TagsError,
    UnsupportedFeatureError,
)

pytestmark = pytest.mark.keras
X = np.ones([2, 3], np.float32)


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    """A dense network with dropout, a custom gradient, a table and a function for training."""
    import tensorflow as tf

    path = str(tmp_path_factory.mktemp("network") / "module")

    @tf.custom_gradient
    def swish(x):
        return x * tf.sigmoid(x), lambda dy: 7.0 * dy

    module = tf.train.Checkpoint()
    module.w = tf.Variable(np.arange(6, dtype=np.float32).reshape(3, 2) / 10, name="w")
    (tmp_path_factory.getbasetemp() / "labels.txt").write_text("cat\ndog\n")
    labels = tf.lookup.TextFileInitializer(
        str(tmp_path_factory.getbasetemp() / "labels.txt"),
        tf.int64,
        tf.lookup.TextFileIndex.LINE_NUMBER,
        tf.string,
        tf.lookup.TextFileIndex.WHOLE_LINE,
    )
    module.table = tf.lookup.StaticHashTable(labels, "?")
    module.variables = [module.w]
    module.trainable_variables = [module.w]

    @tf.function
    def call(x, training=False):
        y = swish(x @ module.w)
        return tf.nn.dropout(y, 0.5) if training else y

    for training in (False, True):
        call.get_concrete_function(tf.TensorSpec([None, 3], tf.float32), training)
    module.__call__ = call
    module.part = tf.function(lambda x: x @ module.w, input_signature=[tf.TensorSpec([None, 3], tf.float32)])

    @tf.function(input_signature=[tf.TensorSpec([None, 3], tf.float32)])
    def label(x):
        return {"label": module.table.lookup(tf.argmax(call(x), axis=1))}

    module.label = label
    tf.saved_model.save(module, path, signatures={"label": label})
    return path


def test_it_is_what_tensorflow_gives(network):
    import tensorflow as tf

    loaded, reference = hub.load(network), tf.saved_model.load(network)
    np.testing.assert_array_equal(loaded(X), reference(X))
    assert set(dir(loaded)) - {"_is_hub_module_v1"} == set(dir(reference))


def test_in_a_graph_of_tensorflow_1_a_session_restores_the_variables(network):
    import tensorflow as tf

    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as session:
        outputs = hub.load(network)(tf.constant(X))
        session.run([v1.global_variables_initializer(), v1.tables_initializer()])
        results = session.run(outputs)
    np.testing.assert_allclose(results, hub.load(network)(X), rtol=1e-6)


def test_inside_a_function_it_is_loaded_once(network):
    import tensorflow as tf

    loaded = []

    @tf.function
    def run(x):
        if not loaded:
            loaded.append(hub.load(network))
        return loaded[0](x)

    np.testing.assert_array_equal(run(X), hub.load(network)(X))
    loaded[0].w.assign(tf.zeros([3, 2]))
    np.testing.assert_array_equal(run(X), np.zeros([2, 2]))
    np.testing.assert_array_equal(loaded[0].w, np.zeros([3, 2]))


@pytest.mark.parametrize("handle", [None, b"acme/text/1", 3, ""])
def test_something_that_is_not_a_handle_is_refused(handle):
    with pytest.raises(HandleError, match="Expected a handle"):
        hub.load(handle)


def test_dependents_see_which_format_it_is(network, repository):
    assert hub.load(network)._is_hub_module_v1 is False
    assert hub.load(str(repository / "tests/data/tf1_modules/05_text_embedding/module"))._is_hub_module_v1


def test_for_inference_only_it_computes_the_same_with_less(network):
    import tensorflow as tf

    whole, part = hub.load(network), hub.load(network, inference_only=True)
    np.testing.assert_array_equal(part(X), whole(X))
    labels = [module.signatures["label"](x=tf.constant(X))["label"] for module in (whole, part)]
    np.testing.assert_array_equal(*labels)
    assert len(part.__call__.concrete_functions) == 1
    assert len(part.part.concrete_functions) == 0
    assert [v.name for v in part.variables] == [v.name for v in whole.variables]


def test_for_inference_only_second_copies_of_variables_are_left_out(tmp_path):
    import tensorflow as tf

    module = tf.train.Checkpoint()  # with what Keras gives an export
    module.variables = [tf.Variable([1.0, 2.0, 3.0])]
    module._all_variables = [tf.Variable([1.0, 2.0, 3.0])]
    module.serve = tf.function(
        lambda x: x * module.variables[0], input_signature=[tf.TensorSpec([None, 3], tf.float32)]
    )
    tf.saved_model.save(module, str(tmp_path / "module"))
    whole, part = (hub.load(str(tmp_path / "module"), inference_only=only) for only in (False, True))
    assert len(whole._all_variables) == 1
    assert not hasattr(part, "_all_variables")
    np.testing.assert_array_equal(part.serve(X), whole.serve(X))


def test_for_inference_only_private_variables_that_are_used_stay(tmp_path):
    import tensorflow as tf

    module = tf.Module()
    module._parts = [tf.Variable(2.0), tf.Variable(5.0)]
    module._count = tf.Variable(7.0)
    module.__call__ = tf.function(
        lambda x: x * module._parts[0], input_signature=[tf.TensorSpec([None, 3], tf.float32)]
    )
    tf.saved_model.save(module, str(tmp_path / "module"))
    part = hub.load(str(tmp_path / "module"), inference_only=True)
    np.testing.assert_array_equal(part(X), 2 * X)
    assert [v.numpy() for v in part._parts] == [2, 5]
    assert not hasattr(part, "_count")


def test_for_inference_only_gradients_are_those_of_the_ops(network):
    import tensorflow as tf

    module = hub.load(network, inference_only=True)
    x = tf.constant(X)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = module(x)
    z = X @ module.w.numpy()
    sigmoid = 1 / (1 + np.exp(-z))
    expected = (sigmoid * (1 + z * (1 - sigmoid))) @ module.w.numpy().T
    np.testing.assert_allclose(tape.gradient(y, x), expected, rtol=1e-5)


def test_a_layer_takes_an_object_loaded_for_inference(network):
    layer = hub.KerasLayer(hub.load(network, inference_only=True))
    assert layer(X).shape == (2, 2)


def test_the_only_tag_may_be_a_string(network):
    assert hub.load(network, tags="serve").signatures
    with pytest.raises(TagsError, match=r"got \['serv'\]"):
        hub.load(network, tags="serv")


def test_unknown_tags_are_refused(network):
    with pytest.raises(TagsError, match=r"\(\['serve'\]\), got \['nope'\]"):
        hub.load(network, tags=["nope"])


def test_a_missing_directory_is_not_found(tmp_path):
    with pytest.raises(NotFoundError, match="nowhere"):
        hub.load(str(tmp_path / "nowhere"))


@pytest.mark.parametrize("missing", ["variables", "variables/variables.index", "assets"])
def test_missing_files_are_named_as_the_cause(network, tmp_path, missing):
    path = tmp_path / "module"
    shutil.copytree(network, path)
    (shutil.rmtree if (path / missing).is_dir() else (lambda p: p.unlink()))(path / missing)
    with pytest.raises(
        (NotAModuleError, OSError), match=r"missing|damaged|variables|assets|labels|No such file"
    ):
        hub.load(str(path))


@pytest.mark.parametrize("content", [b"", b"not a protobuf", b"\xff" * 100])
def test_a_damaged_graph_is_reported(tmp_path, content):
    (tmp_path / "saved_model.pb").write_bytes(content)
    with pytest.raises(NotAModuleError, match="Expected a SavedModel"):
        hub.load(str(tmp_path))


@pytest.mark.parametrize(
    ("op", "error", "match"),
    [
        ("SentencepieceTokenizeOp", MissingDependencyError, "the package tensorflow-text"),
        ("Addons>Rotate", MissingDependencyError, "the package tensorflow-addons"),
        (
            "SomebodysOwnOp",
            UnsupportedFeatureError,
            "registered ops in the module .*, got the op 'SomebodysOwnOp', which TensorFlow .* does not know",
        ),
    ],
)
def test_a_custom_op_is_named_before_anything_is_loaded(network, tmp_path, op, error, match):
    from tensorflow.core.protobuf import saved_model_pb2

    path = tmp_path / "module"
    shutil.copytree(network, path)
    proto = saved_model_pb2.SavedModel.FromString((path / "saved_model.pb").read_bytes())
    proto.meta_graphs[0].graph_def.library.function[0].node_def.add(name="custom", op=op)
    (path / "saved_model.pb").write_bytes(proto.SerializeToString())
    with pytest.raises(error, match=match):
        hub.load(str(path))


def _without_variables(meta_graph):
    for node in meta_graph.object_graph_def.nodes:
        if node.HasField("variable"):
            node.variable.dtype = 0


def _children_beyond_the_nodes(meta_graph):
    meta_graph.object_graph_def.nodes[0].children[0].node_id = 10**6


def _functions_without_bodies(meta_graph):
    del meta_graph.graph_def.library.function[:]


@pytest.mark.parametrize(
    "damage", [_without_variables, _children_beyond_the_nodes, _functions_without_bodies]
)
@pytest.mark.parametrize("inference_only", [False, True])
def test_damaged_objects_are_reported(network, tmp_path, damage, inference_only):
    from tensorflow.core.protobuf import saved_model_pb2

    path = tmp_path / "module"
    shutil.copytree(network, path)
    proto = saved_model_pb2.SavedModel.FromString((path / "saved_model.pb").read_bytes())
    damage(proto.meta_graphs[0])
    (path / "saved_model.pb").write_bytes(proto.SerializeToString())
    with pytest.raises(FormatError, match="its graph or objects are damaged") as caught:
        hub.load(str(path), inference_only=inference_only)
    assert caught.value.__cause__ is not None


def _resident() -> int:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096


@pytest.fixture(scope="module")
def heavy(tmp_path_factory):
    """A network whose one variable takes 4 MB, with a custom gradient, by format."""
    import tensorflow as tf

    v1 = tf.compat.v1
    root = tmp_path_factory.mktemp("heavy")

    @tf.custom_gradient
    def twice(x):
        return 2.0 * x, lambda dy: 3.0 * dy

    module = tf.train.Checkpoint(w=tf.Variable(tf.ones([3, 350_000])))
    module.__call__ = tf.function(
        lambda x: twice(x @ module.w), input_signature=[tf.TensorSpec([None, 3], tf.float32)]
    )
    tf.saved_model.save(module, str(root / "TF2"))

    def graph():
        x = v1.placeholder(tf.float32, [None, 3])
        w = v1.get_variable("w", [3, 350_000], initializer=v1.ones_initializer())
        hub.add_signature(inputs=x, outputs=2.0 * (x @ w))

    with tf.Graph().as_default(), v1.Session() as session:
        exported = hub.Module(hub.create_module_spec(graph))
        session.run(v1.global_variables_initializer())
        exported.export(str(root / "TF1"), session)
    return {"TF1": str(root / "TF1"), "TF2": str(root / "TF2")}


@pytest.mark.parametrize("name", ["TF1", "TF2"])
def test_loading_and_dropping_100_times_does_not_grow_the_process(heavy, name):
    from tensorflow.python.eager import context
    from tensorflow.python.framework import ops

    def once() -> weakref.ref:
        module = hub.load(heavy[name])
        module(X)
        return weakref.ref(module)

    def known() -> tuple[int, int]:
        gc.collect()
        return len(context.context().list_function_names()), len(ops.gradient_registry._registry)

    for _ in range(5):
        once()
    before, resident = known(), _resident()
    loaded = [once() for _ in range(100)]
    assert all(after <= earlier for after, earlier in zip(known(), before, strict=True))
    assert [module for module in loaded if module() is not None] == []
    assert _resident() - resident < 200e6  # 100 of them take 420 MB


def test_calling_often_does_not_grow_the_graph(network, repository):
    from tensorflow.python.eager import context

    for path, rows in ((network, 3), (str(repository / "tests/data/tf1_modules/01_linear_scalar/module"), 0)):
        layer = hub.KerasLayer(path)
        layer(np.ones([1, rows] if rows else [1], np.float32))
        before = len(context.context().list_function_names())
        for batch in range(2, 50):
            layer(np.ones([batch, rows] if rows else [batch], np.float32))
        assert len(context.context().list_function_names()) == before


def test_a_custom_gradient_of_another_thread_outlives_a_network_loaded_meanwhile():
    import tensorflow as tf

    from tensorflow_hub.loading.tf2.custom_gradients import custom_gradients_of_load

    @tf.custom_gradient
    def thrice(x):
        return 3.0 * x, lambda upstream: 30.0 * upstream

    traced = tf.function(thrice)
    loaded = tf.Module()
    with custom_gradients_of_load() as unregister_with:
        thread = threading.Thread(target=traced.get_concrete_function, args=(tf.constant(1.0),))
        thread.start()
        thread.join()
        unregister_with(loaded)
    del loaded
    gc.collect()
    x = tf.constant(1.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = traced(x)
    assert tape.gradient(y, x) == 30.0
