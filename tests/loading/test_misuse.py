"""Wrong uses of modules: each gets an error that names what was expected, what came and what to do."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

import tensorflow_hub as hub
from tensorflow_hub import errors
from tests.support.module_fns import export, half_plus_two, in_function

v1 = tf.compat.v1
pytestmark = pytest.mark.tf1


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return export(hub.create_module_spec(half_plus_two), tmp_path_factory.mktemp("modules") / "half_plus_two")


@pytest.fixture
def module(path):
    with tf.Graph().as_default():
        yield hub.Module(path)


def test_eager_program(path):
    with pytest.raises(errors.ModeError, match="Expected graph mode for hub.Module") as caught:
        hub.Module(path)
    assert "hub.load(handle)" in str(caught.value)
    assert isinstance(caught.value, (ValueError, NotImplementedError))
    with tf.Graph().as_default():
        module = hub.Module(path)
    with pytest.raises(errors.ModeError, match="Expected graph mode for calling"):
        module([1.0])
    with (
        tf.Graph().as_default(),
        pytest.raises(
            errors.ModeError,
            match="a call of the hub.Module in the graph that it was created in, got another",
        ),
    ):
        module([1.0])


def test_a_saved_model_of_tf2(tmp_path):
    tf.saved_model.save(tf.Module(), tmp_path / "saved")
    for read in (hub.load_module_spec, hub.create_module_spec_from_saved_model):
        with pytest.raises(errors.NotAModuleError, match=r"found a TF2 SavedModel. Use hub.load"):
            read(tmp_path / "saved")


def test_paths_that_hold_no_module(tmp_path, path):
    with pytest.raises(OSError, match="no directory"):
        hub.load_module_spec(tmp_path / "nothing")
    with pytest.raises(errors.NotAModuleError, match="neither tfhub_module.pb nor saved_model.pb"):
        hub.load_module_spec(tmp_path)
    plain = shutil.copytree(path, tmp_path / "plain")
    (plain / "tfhub_module.pb").unlink()
    with pytest.raises(errors.NotAModuleError, match="create_module_spec_from_saved_model"):
        hub.load_module_spec(plain)
    (plain / "saved_model.pb").write_bytes(b"\xff\xff")
    with pytest.raises(errors.FormatError, match="cannot be parsed"):
        hub.create_module_spec_from_saved_model(plain)


def test_markers_of_a_newer_library(tmp_path, path):
    copy = shutil.copytree(path, tmp_path / "copy")
    for marker, message in (
        (b"\x08\x04", "Expected .*tfhub_module.pb of format 3, got 4"),
        (b"\x08\x03\x12\x05maths", r"a module without required features, got \['maths'\]"),
        (b"\x08", "tfhub_module.pb"),
    ):
        (copy / "tfhub_module.pb").write_bytes(marker)
        for read in (hub.load_module_spec, hub.load, eager_function):
            with pytest.raises(errors.FormatError, match=message):
                read(str(copy))


def test_ops_that_are_missing_here(tmp_path, path):
    copy = shutil.copytree(path, tmp_path / "copy")
    saved_model = saved_model_pb2.SavedModel.FromString((copy / "saved_model.pb").read_bytes())
    node = saved_model.meta_graphs[0].graph_def.node.add(name="custom", op="MyOwnOp")
    (copy / "saved_model.pb").write_bytes(saved_model.SerializeToString())
    with tf.Graph().as_default(), pytest.raises(errors.UnsupportedFeatureError, match="the op 'MyOwnOp'"):
        hub.Module(copy)
    node.op = "SentencepieceOp"
    (copy / "saved_model.pb").write_bytes(saved_model.SerializeToString())
    with tf.Graph().as_default(), pytest.raises(errors.HubError, match="pip install tensorflow-text"):
        hub.Module(copy)


def copy_with_checkpoint(path, target, write):
    """A copy of a module with another checkpoint, which `write` writes at a prefix."""
    copy = shutil.copytree(path, target)
    shutil.rmtree(copy / "variables")
    if write is not None:
        (copy / "variables").mkdir()
        write(str(copy / "variables" / "variables"))
    return str(copy)


def save(**values):
    return lambda prefix: tf.raw_ops.SaveV2(
        prefix=prefix,
        tensor_names=list(values),
        shape_and_slices=[""] * len(values),
        tensors=[*values.values()],
    )


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (
            save(half=[0.5]),
            r"the variable 'half' as float32 \(\) in .*, but its checkpoint has float32 \(1,\)",
        ),
        (save(half=tf.constant(1)), r"'half' as float32 .* has int32"),
        (
            save(half=0.5),
            r"the variable 'two' as float32 \(\) in .*, but its checkpoint has no variable of this name",
        ),
        (None, "[Ee]xpected .*variables"),
        (lambda prefix: tf.io.write_file(f"{prefix}.index", "nonsense"), "Expected readable variables"),
    ],
    ids=["shape", "dtype", "lacks one", "none", "damaged"],
)
def test_a_module_that_lacks_values_of_its_variables(tmp_path, path, write, message):
    copy = copy_with_checkpoint(path, tmp_path / "copy", write)
    for read in (hub.load, hub.KerasLayer, in_graph, eager_function):
        with pytest.raises(errors.NotAModuleError, match=message) as caught:
            read(copy)
        assert "export" in caught.value.hint
        assert not isinstance(caught.value, errors.ExportError)


def in_graph(path):
    with tf.Graph().as_default():
        return hub.Module(path)


def eager_function(path):
    return in_function(path, tf.TensorSpec([None]))


@pytest.mark.parametrize("name", ["../secret", "a/../../secret", "/etc/passwd", "..\\secret", ""])
@pytest.mark.parametrize("kind", ["hub format", "saved model"])
def test_assets_outside_of_the_module(tmp_path, path, name, kind):
    copy = shutil.copytree(path, tmp_path / "copy") if kind == "hub format" else tmp_path / "copy"
    if kind == "saved model":
        tf.saved_model.save(tf.Module(), copy)
    saved_model = saved_model_pb2.SavedModel.FromString((copy / "saved_model.pb").read_bytes())
    saved_model.meta_graphs[0].asset_file_def.add(filename=name).tensor_info.name = "x:0"
    (copy / "saved_model.pb").write_bytes(saved_model.SerializeToString())
    for read in [hub.load, hub.KerasLayer] + [hub.load_module_spec, eager_function] * (kind == "hub format"):
        with pytest.raises(errors.FormatError, match="Expected the name of a file under assets/"):
            read(str(copy))


def test_tags_and_signatures(path, module):
    with pytest.raises(errors.TagsError, match=r"one of \[\[\]\], got \['train'\]"):
        hub.Module(path, tags={"train"})
    with pytest.raises(errors.SignatureError, match=r"one of the signatures \['default'\], got 'vectors'"):
        module([1.0], signature="vectors")
    with pytest.raises(errors.ModuleError, match="a name of letters"):
        hub.Module(path, name="a b")


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        (None, r"missing \['default'\], unknown \[\]"),
        ({"text": [1.0]}, r"missing \['default'\], unknown \['text'\]"),
        ({"default": [1.0], "more": 1}, r"missing \[\], unknown \['more'\]"),
        (["a"], "Expected dense float32 .None. as input 'default'.* got list"),
        (np.array([[1.0]], np.float32), r"Expected dense float32 \[None\] .* got dense float32 \(1, 1\)"),
        (np.array([1], np.complex64), "Expected dense float32 .* got ndarray complex64"),
    ],
    ids=["none", "misspelt", "too many", "strings", "rank", "dtype"],
)
def test_inputs_that_do_not_fit(module, inputs, message):
    with pytest.raises(errors.InputError, match=message) as caught:
        module(inputs)
    assert isinstance(caught.value, TypeError)


def test_the_signature_goes_by_keyword(module):
    with pytest.raises(errors.InputError, match="Expected the signature by keyword"):
        module([1.0], "default")


@pytest.mark.parametrize("name", ["", "a b", "a/", "_a", 5])
def test_names_that_are_no_scopes(path, name):
    with tf.Graph().as_default(), pytest.raises(errors.ModuleError, match="Expected a name of letters"):
        hub.Module(path, name=name)


def test_outputs_without_default():
    spec = hub.create_module_spec(lambda: hub.add_signature(outputs={"a": tf.constant(1.0)}))
    with tf.Graph().as_default():
        module = hub.Module(spec)
        assert list(module(as_dict=True)) == ["a"]
        with pytest.raises(errors.InputError, match=r"an output 'default' .* which has \['a'\]"):
            module()
        with pytest.raises(errors.InputError, match="Expected no inputs"):
            module([1.0], as_dict=True)


def test_a_session_of_another_graph(module, tmp_path):
    with (
        v1.Session(graph=tf.Graph()) as session,
        pytest.raises(errors.ModeError, match="session of the module's graph"),
    ):
        module.export(tmp_path / "m", session)
