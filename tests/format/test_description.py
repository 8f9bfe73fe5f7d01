"""Descriptions without TensorFlow: authentic TF1 modules, TF2 SavedModels, TFLite, TensorFlow.js."""

from __future__ import annotations

import dataclasses
import json
import shutil
import subprocess
import sys

import pytest

from tensorflow_hub.errors import FormatError, NotAModuleError, UnsupportedFeatureError
from tensorflow_hub.format.description import describe
from tensorflow_hub.format.module.module_description import ModuleDescription
from tensorflow_hub.format.module.signatures import TensorDescription

# Runs where TensorFlow is: the tests themselves import none.
EXPORT = """
import sys, tensorflow as tf
root = sys.argv[1]

class Embedding(tf.Module):
    def __init__(self):
        super().__init__()
        self.table = tf.Variable(tf.ones([10, 4]), name="table")
        self.scale = tf.Variable(2.0, trainable=False)
        self.vocabulary = tf.saved_model.Asset(sys.argv[0])

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
    def tokens(self, text):
        return tf.strings.split(text)

    @tf.function
    def __call__(self, text, training=False):
        ids = tf.strings.to_hash_bucket_fast(text, 10)
        return tf.gather(self.table, ids) * (1.0 if training else self.scale)

module = Embedding()
spec = tf.TensorSpec([None], tf.string)
calls = [module.__call__.get_concrete_function(spec, training=flag) for flag in (True, False)]
tf.saved_model.save(module, root + "/embedding", signatures=calls[1])

class Reader(tf.Module):
    @tf.function(input_signature=[tf.TensorSpec([], tf.string)])
    def __call__(self, path):
        return {"content": tf.io.read_file(path)}

tf.saved_model.save(Reader(), root + "/reader")

class Saver(tf.Module):
    @tf.function
    def save(self, path):
        tf.raw_ops.SaveV2(prefix=path, tensor_names=["a"], shape_and_slices=[""], tensors=[tf.ones([])])
        return path

    @tf.function(input_signature=[tf.TensorSpec([], tf.string)])
    def __call__(self, path):
        return self.save(path)

tf.saved_model.save(Saver(), root + "/saver")

relu = tf.function(lambda x: {"y": tf.nn.relu(x)})
relu = relu.get_concrete_function(tf.TensorSpec([1, 8, 8, 3], tf.float32))
convert = tf.lite.TFLiteConverter.from_concrete_functions([relu])
open(root + "/model.tflite", "wb").write(convert.convert())

import tf_keras
tf_keras.Sequential([tf_keras.Input([2]), tf_keras.layers.Dense(1)]).save(root + "/keras", save_format="tf")
print(tf.__version__, tf_keras.__version__)
"""


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    root = tmp_path_factory.mktemp("exported")
    script = root / "vocabulary.txt"
    script.write_text(EXPORT)
    done = subprocess.run([sys.executable, script, root], check=True, capture_output=True, text=True)
    (root / "versions").write_text(done.stdout)
    return root


def cases():
    from pathlib import Path

    return sorted((Path(__file__).parents[1] / "data" / "tf1_modules").glob("*/case.json"))


def signatures(description):
    return {
        ",".join(variant.tags): {
            signature.name: {
                "inputs": {name: dataclasses.asdict(t) for name, t in signature.inputs.items()},
                "outputs": {name: dataclasses.asdict(t) for name, t in signature.outputs.items()},
            }
            for signature in variant.signatures
        }
        for variant in description.variants
    }


@pytest.mark.parametrize("path", cases(), ids=lambda path: path.parent.name)
def test_authentic_modules_are_described_as_the_original_library_did(path):
    case = json.loads(path.read_text())
    description = describe(path.parent / case["module"])
    assert description.kind == "hub"
    assert description.fine_tunable
    assert not description.custom_ops
    assert not description.unsafe_ops
    for check in case["checks"]:
        expected = check["expect"]
        if check["api"] == "spec":
            assert json.loads(json.dumps(signatures(description))) == expected["signatures"]
            if "expected_image_size" in expected and description.image_size:
                assert list(description.image_size) == expected["expected_image_size"]
        elif check["api"] == "variables" and check["id"] == "vars_notag":
            assert description.variables.count == len(expected["variable_map"])
            assert [path.rpartition("/")[2] for path in description.assets] == sorted(set(expected["assets"]))
    assert ModuleDescription.from_dict(json.loads(json.dumps(description.to_dict()))) == description


def test_a_partitioned_variable_is_counted_once():
    description = describe(cases()[0].parents[1] / "07_partitioned" / "module")
    assert (description.variables.count, description.variables.parameters) == (4, 7 * 4 + 50 * 6 + 2 + 8)


def test_a_tf2_saved_model(exported):
    description = describe(exported / "embedding")
    assert description.kind == "saved_model_2"
    assert (description.variables.count, description.variables.parameters) == (2, 41)
    assert description.variables.trainable == 40
    assert description.fine_tunable
    assert description.assets == ("assets/vocabulary.txt",)
    functions = {function.name: function for function in description.functions}
    text = TensorDescription("string", (None,))
    traces = functions["__call__"].traces
    assert {trace.arguments for trace in traces} == {(text, True), (text, False)}
    assert traces[0].result == TensorDescription("float32", (None, 4))
    assert functions["tokens"].traces[0].result == TensorDescription("string", (None, None), "ragged")
    assert [(i.name, i.where, i.missing) for i in description.interface_details] == [
        ("text-embedding", "__call__", ())
    ]
    [variant] = description.variants
    assert variant.tags == ("serve",)
    assert [s.name for s in variant.signatures] == ["serving_default"]
    assert ModuleDescription.from_dict(json.loads(json.dumps(description.to_dict()))) == description


def test_ops_that_reach_outside_are_named(exported):
    assert describe(exported / "reader").unsafe_ops == {"ReadFile": "reads files"}
    assert describe(exported / "saver").unsafe_ops == {"SaveV2": "writes files, or to the terminal"}


def test_the_saver_of_a_module_is_no_reason_for_a_warning(exported):
    description = describe(exported / "embedding")
    assert {"SaveV2", "RestoreV2"} <= set(description.ops)
    assert not description.unsafe_ops


def test_a_graph_larger_than_allowed_is_not_read(exported):
    with pytest.raises(FormatError, match="Expected saved_model.pb of at most 1,000 bytes, got"):
        describe(exported / "reader", largest_graph=1000)


def test_a_tflite_file(exported, tmp_path):
    (tmp_path / "model.tflite").write_bytes((exported / "model.tflite").read_bytes())
    description = describe(tmp_path)
    assert description.kind == "tflite"
    [signature] = description.variants[0].signatures
    assert list(signature.inputs.values()) == [TensorDescription("float32", (1, 8, 8, 3))]
    assert list(signature.outputs.values()) == [TensorDescription("float32", (1, 8, 8, 3))]
    data = bytearray((tmp_path / "model.tflite").read_bytes())
    for cut in range(8, len(data), 97):
        (tmp_path / "model.tflite").write_bytes(data[:cut])
        try:
            describe(tmp_path)
        except FormatError as error:
            assert "Expected a TFLite file, got one with" in str(error)  # noqa: PT017


def test_versions_that_the_files_state(exported, tmp_path):
    tensorflow, keras = (exported / "versions").read_text().split()
    description = describe(exported / "keras")
    assert (description.tensorflow_version, description.stated_versions) == (tensorflow, {"keras": keras})
    assert description.strips_defaults is True
    assert describe(exported / "embedding").stated_versions == {}
    (tmp_path / "model.tflite").write_bytes((exported / "model.tflite").read_bytes())
    assert describe(tmp_path).stated_versions == {"tflite_schema": "3", "tflite_runtime": "1.5.0"}
    written = {"modelTopology": {"node": [], "keras_version": "2.15.0"}, "convertedBy": "x" * 101}
    model = tmp_path / "js" / "model.json"
    model.parent.mkdir()
    model.write_text(json.dumps({**written, "generatedBy": "a\nb"}))
    assert describe(model.parent).stated_versions == {"keras": "2.15.0"}


def test_an_invalid_keras_version_is_not_shown(exported, tmp_path):
    shutil.copytree(exported / "embedding", tmp_path / "m")
    for text in ('{"keras_version": "<script>"}', '{"keras_version": "' + "9" * 50 + '"}', ""):
        (tmp_path / "m" / "keras_metadata.pb").write_text(text)
        assert describe(tmp_path / "m").stated_versions == {}


def test_a_description_of_an_earlier_release_has_unknown_versions(exported):
    earlier = describe(exported / "keras").to_dict()
    del earlier["stated_versions"], earlier["strips_defaults"]
    description = ModuleDescription.from_dict(earlier)
    assert (description.stated_versions, description.strips_defaults) == (None, None)


def test_a_tensorflow_js_model(tmp_path):
    model = {
        "format": "graph-model",
        "signature": {
            "inputs": {
                "x": {
                    "name": "x:0",
                    "dtype": "DT_FLOAT",
                    "tensorShape": {"dim": [{"size": "-1"}, {"size": "3"}]},
                }
            },
            "outputs": {"y": {"name": "y:0", "dtype": "DT_INT32", "tensorShape": {"unknownRank": True}}},
        },
        "modelTopology": {"node": [{"name": "x", "op": "Placeholder"}, {"name": "y", "op": "Relu"}]},
        "weightsManifest": [
            {
                "paths": ["group1-shard1of1.bin"],
                "weights": [{"name": "w", "shape": [3, 4], "dtype": "float32"}],
            }
        ],
    }
    (tmp_path / "model.json").write_text(json.dumps(model))
    with pytest.raises(
        FormatError, match=r"Expected the files of weights .* 'group1-shard1of1.bin' is missing"
    ):
        describe(tmp_path)
    (tmp_path / "group1-shard1of1.bin").write_bytes(bytes(48))
    description = describe(tmp_path)
    assert (description.kind, description.ops) == ("tfjs", ("Placeholder", "Relu"))
    assert description.variables.parameters == 12
    [signature] = description.variants[0].signatures
    assert str(signature.inputs["x"]) == "float32[?, 3]"
    assert str(signature.outputs["y"]) == "int32[…]"
    for wrong in ('{"modelTopology": []}', "[]", "{", '{"modelTopology": {"node": 3}}', "[" * 100_000):
        (tmp_path / "model.json").write_text(wrong)
        with pytest.raises(FormatError, match=r"Expected model.json of a TensorFlow.js model, got \w+"):
            describe(tmp_path)


@pytest.mark.parametrize(
    ("topology", "shown"),
    [
        (
            {
                "node": [
                    {
                        "name": "image",
                        "op": "Placeholder",
                        "attr": {"dtype": {"type": 4}, "shape": {"shape": {}}},
                    },
                    {
                        "name": "scores",
                        "op": "Softmax",
                        "input": ["cast"],
                        "attr": {"T": {"type": "DT_FLOAT"}},
                    },
                    {"name": "best", "op": "ArgMax", "input": ["cast"], "attr": {"T": {"type": 1}}},
                    {"name": "cast", "op": "Cast", "input": ["image:0", "^init"]},
                    {"name": "init", "op": "NoOp"},
                ]
            },
            "image: uint8[] -> best: unknown[…], scores: float32[…]",
        ),
        (
            {
                "model_config": {
                    "class_name": "Model",
                    "config": {
                        "layers": [
                            {"config": {"name": "a", "batch_input_shape": [None, 8], "dtype": "int32"}},
                            {"config": {"name": "b", "batch_input_shape": [None, 2, 2]}},
                            {"config": {"name": "c"}},
                        ],
                        "input_layers": [["a", 0, 0], ["b", 0, 0]],
                        "output_layers": ["c", 0, 0],
                    },
                }
            },
            "a: int32[?, 8], b: float32[?, 2, 2] -> c: unknown[…]",
        ),
        (
            {
                "class_name": "Sequential",
                "config": [
                    {"config": {"name": "dense", "batch_input_shape": [None, 4]}},
                    {"config": {"name": "softmax"}},
                ],
            },
            "dense: float32[?, 4] -> softmax: unknown[…]",
        ),
        ({"class_name": "Sequential", "config": [{"config": {"name": "dense"}}]}, None),
        ({"node": [{"name": "constant", "op": "Const"}]}, None),
        ({"layers": 5}, None),
    ],
)
def test_a_tensorflow_js_model_without_a_signature(tmp_path, topology, shown):
    """Older converters, and those of layers models, write none."""
    (tmp_path / "model.json").write_text(json.dumps({"modelTopology": topology}))
    description = describe(tmp_path)
    assert description.kind == "tfjs"
    if shown is None:
        assert description.variants == ()
        return
    [signature] = description.variants[0].signatures
    sides = [
        ", ".join(f"{name}: {tensor}" for name, tensor in sorted(side.items()))
        for side in (signature.inputs, signature.outputs)
    ]
    assert " -> ".join(sides) == shown


def test_no_module(tmp_path):
    with pytest.raises(NotAModuleError, match="got .*nowhere', which does not exist"):
        describe(tmp_path / "nowhere")
    with pytest.raises(
        NotAModuleError, match=r"Expected saved_model.pb, model.json or a .tflite file in .*, got nothing"
    ):
        describe(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(NotAModuleError, match="got the file .*file'"):
        describe(tmp_path / "file")
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "saved_model.pb").touch()
    with pytest.raises(NotAModuleError, match="got file, inner/.*inner', which has a module in it"):
        describe(tmp_path)


def test_features_that_a_reader_must_know_are_refused(tmp_path):
    (tmp_path / "saved_model.pb").touch()
    (tmp_path / "tfhub_module.pb").write_bytes(b"\x08\x03\x12\x05magic")
    with pytest.raises(UnsupportedFeatureError, match=r"a module without required features, got \['magic'\]"):
        describe(tmp_path)
    (tmp_path / "tfhub_module.pb").write_bytes(b"\x08\x02")
    with pytest.raises(UnsupportedFeatureError, match=r"Expected tfhub_module.pb of format 3, got 2"):
        describe(tmp_path)


def test_a_damaged_module_is_refused(tmp_path):
    (tmp_path / "saved_model.pb").write_bytes(b"not a graph")
    with pytest.raises(FormatError, match=r"Expected a SavedModel message in saved_model.pb, got 11 bytes"):
        describe(tmp_path)
    (tmp_path / "saved_model.pb").write_bytes(b"")
    with pytest.raises(FormatError, match=r"Expected at least one graph in saved_model.pb, got none"):
        describe(tmp_path)


def test_other_values_are_not_a_description():
    for wrong in ({}, {"kind": 3}, []):
        with pytest.raises(FormatError, match="Expected a description of a module"):
            ModuleDescription.from_dict(wrong)
