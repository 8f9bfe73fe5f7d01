"""Exported directories: whole or absent, with assets of their own, in the form of the original library."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

import tensorflow_hub as hub
from tensorflow_hub import errors
from tests.support.module_fns import export, half_plus_two, initialize, run, vocabulary, word_ids

v1 = tf.compat.v1
pytestmark = pytest.mark.tf1
AUTHENTIC = Path(__file__).parents[1] / "data" / "tf1_modules"


def saved_model(path):
    return saved_model_pb2.SavedModel.FromString((Path(path) / "saved_model.pb").read_bytes())


def names(path):
    return sorted(p.relative_to(path).as_posix() for p in Path(path).rglob("*") if p.is_file())


def test_a_target_with_something_in_it_is_refused_and_left_alone(tmp_path):
    spec = hub.create_module_spec(half_plus_two)
    export(spec, tmp_path / "module")
    before = {p: p.read_bytes() for p in (tmp_path / "module").rglob("*") if p.is_file()}
    with pytest.raises(errors.ExportError, match="which exists"):
        export(spec, tmp_path / "module")
    assert {p: p.read_bytes() for p in (tmp_path / "module").rglob("*") if p.is_file()} == before
    (tmp_path / "empty").mkdir()
    export(spec, tmp_path / "empty")
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []


def test_a_failed_export_leaves_nothing(tmp_path):
    source = vocabulary(tmp_path / "words.txt", "a")

    def module_fn():
        words = v1.placeholder(tf.string, [None])
        hub.add_signature(inputs=words, outputs=word_ids(source).lookup(words))

    spec = hub.create_module_spec(module_fn)
    with tf.Graph().as_default(), v1.Session() as session:
        module = hub.Module(spec)
        initialize(session)
        Path(source).unlink()
        with pytest.raises(errors.ExportError, match="the asset file .*words.txt', but it is missing"):
            module.export(tmp_path / "out" / "module", session)
    assert names(tmp_path) == []
    with pytest.raises(errors.ExportError, match="Expected an asset file"):
        hub.create_module_spec(module_fn)


def test_a_killed_export_leaves_nothing_that_looks_like_a_module(tmp_path):
    program = textwrap.dedent(
        """
        import os, signal, sys
        import tensorflow as tf
        import tensorflow_hub as hub
        from tensorflow_hub.graphs import checkpoint
        v1 = tf.compat.v1
        write = checkpoint.write_values
        def killed(*arguments):
            write(*arguments)
            os.kill(os.getpid(), signal.SIGKILL)
        checkpoint.write_values = killed
        def module_fn():
            hub.add_signature(outputs=tf.identity(v1.get_variable("v", [10])))
        with tf.Graph().as_default(), v1.Session() as session:
            module = hub.Module(hub.create_module_spec(module_fn))
            session.run(v1.global_variables_initializer())
            module.export(sys.argv[1], session)
        """
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(hub.__file__).parents[1])}
    result = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "module")],
        env=environment,
        capture_output=True,
        check=False,
    )
    assert result.returncode == -signal.SIGKILL
    assert not (tmp_path / "module").exists()
    assert list(tmp_path.rglob("*.pb")) == []
    export(hub.create_module_spec(half_plus_two), tmp_path / "module")


def test_remote_file_systems_of_tensorflow(tmp_path):
    target = f"ram://{tmp_path.name}/module"
    export(hub.create_module_spec(half_plus_two), target)
    with pytest.raises(errors.ExportError, match="which exists"):
        export(hub.create_module_spec(half_plus_two), target)
    with tf.Graph().as_default():
        np.testing.assert_array_equal(run(hub.Module(target)([4.0])), [4.0])


def test_a_path_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="Expected to be able to create a directory"):
        export(hub.create_module_spec(half_plus_two), tmp_path / "file" / "module")


def test_assets_of_equal_names_and_of_odd_ones(tmp_path):
    odd = "mit Leerzeichen, ä.txt"
    paths = [
        vocabulary(tmp_path / folder / name, word)
        for folder, name, word in (
            ("a", "v.txt", "one"),
            ("b", "v.txt", "two"),
            ("c", "v.txt", "three"),
            ("d", odd, "four"),
        )
    ]

    def module_fn():
        words = v1.placeholder(tf.string, [None])
        tables = [word_ids(path).lookup(words) for path in [*paths, paths[0]]]
        hub.add_signature(inputs=words, outputs=tf.stack(tables))

    export(hub.create_module_spec(module_fn), tmp_path / "module")
    assert sorted(p.name for p in (tmp_path / "module" / "assets").iterdir()) == [
        odd,
        "v.txt",
        "v.txt0",
        "v.txt1",
    ]
    for path in paths:
        Path(path).unlink()
    with tf.Graph().as_default():
        ids = run(hub.Module(tmp_path / "module")(["one", "two", "three", "four"]))
    np.testing.assert_array_equal(np.argmin(ids, axis=1), [0, 1, 2, 3, 0])


@pytest.mark.parametrize("name", ["../outside.txt", "/etc/hostname", "a/../../outside.txt", ""])
def test_assets_that_lead_out_of_the_module_are_refused(name, tmp_path):
    source = vocabulary(tmp_path / "words.txt", "a")

    def module_fn():
        words = v1.placeholder(tf.string, [None])
        hub.add_signature(inputs=words, outputs=word_ids(source).lookup(words))

    path = export(hub.create_module_spec(module_fn), tmp_path / "module")
    changed = saved_model(path)
    (packed,) = changed.meta_graphs[0].collection_def["saved_model_assets"].any_list.value
    asset = type(changed.meta_graphs[0].asset_file_def.add())()
    packed.Unpack(asset)
    asset.filename = name
    packed.Pack(asset)
    changed.meta_graphs[0].ClearField("asset_file_def")
    (path / "saved_model.pb").write_bytes(changed.SerializeToString())
    with pytest.raises(errors.FormatError, match="the name of a file under assets/"):
        hub.load_module_spec(path)


def test_the_structure_is_that_of_the_original_library(tmp_path):
    """The definition of case 06, written again by us, beside what the original library wrote."""

    def module_fn(training):
        images = v1.placeholder(tf.float32, [None, None, None, 3], name="images")
        with v1.variable_scope("ConvNet"):
            updates, ends, h, width = [], {}, images, 3
            for i, filters in enumerate((8, 12, 16)):
                with v1.variable_scope(f"conv{i}"):
                    kernel = v1.get_variable(
                        "kernel", [3, 3, width, filters], regularizer=lambda w: 1e-4 * tf.nn.l2_loss(w)
                    )
                h = tf.nn.conv2d(h, kernel, 1, "SAME")
                with v1.variable_scope(f"bn{i}"):
                    gamma, beta = v1.get_variable("gamma", [filters]), v1.get_variable("beta", [filters])
                    mean = v1.get_variable("moving_mean", [filters], trainable=False)
                    variance = v1.get_variable("moving_variance", [filters], trainable=False)
                    updates += [v1.assign(mean, beta), v1.assign(variance, beta)]
                h = ends[f"ConvNet/layer_{i}"] = tf.nn.relu6((h - mean) * variance * gamma + beta)
                width = filters
            features = tf.reduce_mean(h, [1, 2])
            with v1.variable_scope("Logits"):
                logits = features @ v1.get_variable("kernel", [16, 5]) + v1.get_variable("bias", [5])
        if training:
            v1.get_collection_ref(v1.GraphKeys.UPDATE_OPS).extend(updates)
        hub.add_signature(inputs={"images": images}, outputs=features)
        hub.add_signature(
            "image_feature_vector", inputs={"images": images}, outputs={"default": features, **ends}
        )
        outputs = {"default": logits, "probabilities": tf.nn.softmax(logits), **ends}
        hub.add_signature("image_classification", inputs={"images": images}, outputs=outputs)
        info = hub.ImageModuleInfo()
        info.default_image_size.height, info.default_image_size.width = 24, 32
        hub.attach_image_module_info(info)

    spec = hub.create_module_spec(module_fn, [({"train"}, {"training": True}), (set(), {"training": False})])
    ours = export(spec, tmp_path / "module")
    theirs = AUTHENTIC / "06_image_feature_vector" / "module"
    assert names(ours) == names(theirs)
    assert (ours / "tfhub_module.pb").read_bytes() == (theirs / "tfhub_module.pb").read_bytes()
    mine, original = saved_model(ours), saved_model(theirs)
    assert mine.saved_model_schema_version == original.saved_model_schema_version
    for a, b in zip(mine.meta_graphs, original.meta_graphs, strict=True):
        assert a.meta_info_def.tags == b.meta_info_def.tags
        assert a.meta_info_def.stripped_default_attrs == b.meta_info_def.stripped_default_attrs
        assert a.HasField("saver_def") == b.HasField("saver_def")
        assert {k: v.WhichOneof("kind") for k, v in a.collection_def.items()} == {
            k: v.WhichOneof("kind") for k, v in b.collection_def.items()
        }
        assert a.collection_def["hub_module_attachments"] == b.collection_def["hub_module_attachments"]
        for key in ("variables", "trainable_variables"):
            assert len(a.collection_def[key].bytes_list.value) == len(b.collection_def[key].bytes_list.value)
        assert _signatures(a) == _signatures(b)
    assert _variables(ours) == _variables(theirs)


def _signatures(meta_graph):
    return {
        name: [{k: (t.dtype, str(t.tensor_shape)) for k, t in part.items()} for part in (s.inputs, s.outputs)]
        for name, s in meta_graph.signature_def.items()
    }


def _variables(path):
    return tf.train.list_variables(str(path / "variables" / "variables"))


def test_exporting_a_loaded_module_changes_only_values(tmp_path):
    for case in ("03_train_variants", "05_text_embedding", "07_partitioned", "22_attached_messages"):
        original = AUTHENTIC / case / "module"
        tags = {"train"} if case.startswith("03") else None
        copy = export(hub.load_module_spec(original), tmp_path / case, tags)
        assert saved_model(copy) == saved_model(original)
        assert _variables(copy) == _variables(original)
        again = tmp_path / f"{case}_spec"
        hub.load_module_spec(original).export(again)
        assert _values(again) == _values(original)


def _values(path):
    reader = tf.train.load_checkpoint(str(path / "variables" / "variables"))
    return {name: reader.get_tensor(name).tobytes() for name in reader.get_variable_to_shape_map()}


def test_export_from_a_checkpoint(tmp_path):
    with tf.Graph().as_default(), v1.Session() as session:
        with v1.variable_scope("model"):
            v1.get_variable("half", initializer=0.25)
            v1.get_variable("two", initializer=4.0)
        v1.get_variable("two", [3])
        initialize(session)
        checkpoint = v1.train.Saver().save(session, str(tmp_path / "logs" / "model.ckpt"))
    spec = hub.create_module_spec(half_plus_two)
    for source in (checkpoint, tmp_path / "logs"):
        target = tmp_path / f"from_{Path(source).name}"
        spec.export(target, checkpoint_path=source, name_transform_fn=lambda name: f"model/{name}")
        with hub.eval_function_for_module(target) as f:
            np.testing.assert_array_equal(f([4.0]), [5.0])
    with pytest.raises(errors.ExportError, match="Expected checkpoint_path=… for a module with 2 variables"):
        spec.export(tmp_path / "x")
    with pytest.raises(errors.ModuleError, match="the checkpoint by keyword"):
        spec.export(tmp_path / "x", checkpoint)
    with pytest.raises(errors.ExportError, match="Expected a variable 'half' in the checkpoint"):
        spec.export(tmp_path / "x", checkpoint_path=checkpoint)
    with pytest.raises(
        errors.ExportError, match=r"the variable 'two' as float32 \(\) .*, found float32 \(3,\)"
    ):
        spec.export(
            tmp_path / "x",
            checkpoint_path=checkpoint,
            name_transform_fn=lambda n: "model/half" if n == "half" else n,
        )
    with pytest.raises(errors.ExportError, match="Expected a TensorFlow checkpoint"):
        spec.export(tmp_path / "x", checkpoint_path=tmp_path / "nothing")
    assert not (tmp_path / "x").exists()
