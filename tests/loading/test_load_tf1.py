"""`hub.load` on authentic modules in TF1 Hub format, against what the library that wrote them computed."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

import tensorflow_hub as hub
from tensorflow_hub.errors import ExportError, InputError, NotAModuleError, SignatureError, TagsError

pytestmark = pytest.mark.keras
MODULES = Path(__file__).parents[1] / "data" / "tf1_modules"


def _checks():
    for case_dir in sorted(MODULES.glob("*/case.json")):
        case = json.loads(case_dir.read_text())
        for check in case["checks"]:
            if check["api"] == "Module" and check.get("load", True):
                yield pytest.param(case_dir.parent, check, id=f"{case_dir.parent.name}-{check['id']}")


def _components(specs, npz):
    """Inputs of a case as flat arguments, as the signatures of TensorFlow 2 take them."""
    values = {}
    for name, spec in (specs or {}).items():
        arrays = [npz[key] for key in spec["npz"]]
        if spec["kind"] == "dense":
            values[name] = arrays[0]
        elif spec["kind"] == "sparse":
            parts = zip(("indices", "values", "dense_shape"), arrays, strict=True)
            values |= {f"{name}_{part}": array for part, array in parts}
        else:
            values |= {f"{name}_component_{i}": array for i, array in enumerate(arrays)}
    return values


@pytest.mark.parametrize(("case_dir", "check"), list(_checks()))
def test_signatures_compute_what_the_original_library_did(case_dir, check):
    import tensorflow as tf

    case = json.loads((case_dir / "case.json").read_text())
    params = check["params"]
    module = hub.load(str(case_dir / case["module"]), tags=params.get("tags") or None)
    signature = module.signatures[params.get("signature") or "default"]
    npz = np.load(case_dir / "inputs.npz")
    specs = signature.structured_input_signature[1]
    given = _components(case["inputs"].get(params["inputs"]) if params.get("inputs") else {}, npz)
    outputs = signature(
        **{name: tf.constant(value, specs[re.sub(r"\W", "_", name)].dtype) for name, value in given.items()}
    )
    expected = np.load(case_dir / "expected.npz")
    compared = 0
    for key in expected.files:
        check_id, _, what = key.partition("|")
        if check_id == check["id"] and what.startswith("out:") and what[4:] in outputs:
            value = np.asarray(outputs[what[4:]].numpy())
            if value.dtype.kind in "OS":
                assert value.astype("S").tolist() == expected[key].tolist()
            else:
                tolerance = {"rtol": 2e-5, "atol": 2e-6} | check.get("tolerance", {})
                np.testing.assert_allclose(value, expected[key], **tolerance)
            compared += 1
    assert compared or any(isinstance(v, tf.SparseTensor) for v in outputs.values())


@pytest.mark.parametrize(
    ("name", "inputs"), [("01_linear_scalar", [1.0, 2.0]), ("05_text_embedding", ["cat", "a dog"])]
)
def test_in_a_graph_a_session_fills_variables_and_tables(name, inputs):
    import tensorflow as tf

    v1 = tf.compat.v1
    path = MODULES / name / "module"
    with tf.Graph().as_default(), v1.Session() as session:
        outputs = hub.load(path)(inputs)
        session.run([v1.global_variables_initializer(), v1.tables_initializer()])
        results = session.run(outputs)
    np.testing.assert_allclose(results, hub.load(path)(inputs), rtol=1e-6)


def test_a_call_gives_the_default_output():
    module = hub.load(MODULES / "01_linear_scalar" / "module")
    a, b = (v.numpy() for v in sorted(module.variables, key=lambda v: v.name))
    np.testing.assert_allclose(module([1.0, 2.0]), np.array([1.0, 2.0]) * a + b, rtol=1e-6)


@pytest.mark.parametrize(
    ("call", "error", "match"),
    [
        (lambda m: m({"wrong": 1.0}), InputError, r"Expected the inputs \['default'\] .*unknown \['wrong'\]"),
        (lambda m: m.call_signature(1.0, "nope"), SignatureError, r"Expected a signature of .*got 'nope'"),
        (lambda m: m.call_signature([1.0], endpoints=["nope"]), SignatureError, "got 'nope'"),
    ],
)
def test_wrong_calls_say_what_was_expected(call, error, match):
    with pytest.raises(error, match=match):
        call(hub.load(MODULES / "01_linear_scalar" / "module"))


def test_unknown_tags_name_those_there_are():
    with pytest.raises(TagsError, match=r"\(\[\], \['frozen_bn', 'train'\], \['train'\]\), got \['nope'\]"):
        hub.load(MODULES / "03_train_variants" / "module", tags=["nope"])


def test_a_directory_without_a_module_is_reported(tmp_path):
    with pytest.raises(NotAModuleError, match="Expected a SavedModel in"):
        hub.load(tmp_path)


def difference_module(folder, *names):
    """A TF1 SavedModel with scalar inputs of these names; its output `d` is the first less the others."""
    import tensorflow as tf

    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        inputs = {
            name: tf.compat.v1.placeholder(tf.float32, [], f"input_{i}") for i, name in enumerate(names)
        }
        first, *others = inputs.values()
        signature = tf.compat.v1.saved_model.predict_signature_def(inputs, {"d": first - sum(others)})
        builder = tf.compat.v1.saved_model.Builder(str(folder / "module"))
        builder.add_meta_graph_and_variables(session, ["serve"], {"serving_default": signature})
        builder.save()
    return str(folder / "module")


def test_inputs_whose_names_differ_in_signs_alone_stay_two(tmp_path):
    module = hub.load(difference_module(tmp_path, "a-b", "a_b"))
    assert module({"a-b": 5.0, "a_b": 3.0})["d"].numpy() == 2.0


@pytest.mark.parametrize("name", ["class", "1st", "_x", "a-b", "a b", "größe"])
def test_a_signature_takes_the_names_of_its_inputs_that_python_cannot_have(tmp_path, name):
    import tensorflow as tf

    five, three = tf.constant(5.0), tf.constant(3.0)
    path = difference_module(tmp_path, name, "other")
    module = hub.load(path)
    assert module({name: 5.0, "other": 3.0})["d"].numpy() == 2.0
    assert module.signatures["serving_default"](**{name: five, "other": three})["d"].numpy() == 2.0
    layer = hub.KerasLayer(path, signature="serving_default", output_key="d")
    assert layer({name: five, "other": three}).numpy() == 2.0


@pytest.mark.parametrize("name", ["class", "1st", "_x"])
def test_a_signature_with_one_input_of_such_a_name_takes_it_by_position_too(tmp_path, name):
    import tensorflow as tf

    signature = hub.load(difference_module(tmp_path, name)).signatures["serving_default"]
    assert signature(tf.constant(5.0))["d"].numpy() == 5.0
    assert signature(**{name: tf.constant(5.0)})["d"].numpy() == 5.0


@pytest.mark.parametrize("name", ["1st", "a-b"])
def test_a_saved_module_keeps_the_names_of_its_inputs(tmp_path, name):
    import tensorflow as tf

    hub.save(hub.load(difference_module(tmp_path, name)), tmp_path / "saved")
    saved = hub.load(tmp_path / "saved").signatures["serving_default"]
    assert [spec.name for spec in saved.structured_input_signature[1].values()] == [name]
    assert saved(**{name: tf.constant(5.0)})["d"].numpy() == 5.0


def test_a_module_with_an_input_named_by_a_keyword_cannot_be_saved(tmp_path):
    module = hub.load(difference_module(tmp_path, "class"))
    match = r"got \['class'\] in the signature 'serving_default'.* keywords of Python\. Copy the directory"
    with pytest.raises(ExportError, match=match):
        hub.save(module, tmp_path / "saved")
    assert not (tmp_path / "saved").exists()


def info_module(folder, **outputs):
    """A module that tells where its vocabulary is, as BERT's `tokenization_info`, and one loop."""
    import tensorflow as tf

    v1 = tf.compat.v1
    (folder / "source").mkdir()
    (folder / "source" / "vocab.txt").write_text("a\nb\n")

    def module_fn():
        vocabulary = tf.constant(str(folder / "source" / "vocab.txt"), name="vocabulary")
        v1.add_to_collection(v1.GraphKeys.ASSET_FILEPATHS, vocabulary)
        lower = tf.constant(True)
        hub.add_signature("tokenization_info", {}, {"vocab_file": vocabulary, "do_lower_case": lower})
        x = v1.placeholder(tf.float32, [])
        control_flow = v1.control_flow_v2_enabled()
        v1.disable_control_flow_v2()
        tripled = tf.while_loop(lambda i, _: i < 3, lambda i, y: (i + 1, y + x), [0, 0.0])[1]
        if control_flow:
            v1.enable_control_flow_v2()
        hub.add_signature("loop", {"x": x}, {"y": tripled, "x": x, "vocab_file": vocabulary})

    with tf.Graph().as_default(), v1.Session() as session:
        hub.Module(hub.create_module_spec(module_fn)).export(folder / "module", session)
    (folder / "source" / "vocab.txt").unlink()
    return str(folder / "module")


def test_outputs_that_are_paths_of_assets_or_inputs(tmp_path):
    import tensorflow as tf

    path = info_module(tmp_path)
    module = hub.load(path)
    info = module.signatures["tokenization_info"]()
    assert info["vocab_file"].numpy().decode() == f"{path}/assets/vocab.txt"
    assert info["do_lower_case"].numpy()
    loop = module.signatures["loop"](tf.constant(2.0))
    assert (loop["y"].numpy(), loop["x"].numpy()) == (6.0, 2.0)
    assert loop["vocab_file"].numpy() == info["vocab_file"].numpy()
    assert module.prune([], "vocabulary:0")().numpy() == info["vocab_file"].numpy()
    more = hub.with_endpoints(module, ["vocabulary"], signature="tokenization_info")({})
    assert more["vocabulary"].numpy() == info["vocab_file"].numpy()


def test_without_a_default_signature_the_advice_is_what_the_caller_has(tmp_path):
    path = info_module(tmp_path)
    module = hub.load(path)
    names = r"a default signature in .* got the signatures \['loop', 'tokenization_info'\]"
    for call, advice in [
        (lambda: module(1.0), r"\.signatures\["),
        (lambda: hub.KerasLayer(path), "signature="),
        (lambda: hub.with_endpoints(module, ["y"]), "signature="),
        (lambda: hub.endpoint_names(module), "signature="),
    ]:
        with pytest.raises(SignatureError, match=f"{names}.* {advice}"):
            call()


@pytest.mark.parametrize("tags", ["train", ["train"], {"train"}, ("train",)], ids=repr)
def test_tags_may_be_one_string(tags):
    import tensorflow as tf

    path = str(MODULES / "03_train_variants" / "module")
    assert hub.load(path, tags=tags)._is_hub_module_v1
    assert hub.load_module_spec(path).get_signature_names(tags)
    with tf.Graph().as_default():
        assert hub.Module(path, tags=tags).get_signature_names()
    with hub.eval_function_for_module(path, tags) as function:
        assert callable(function)
    layer = hub.KerasLayer(path, tags=tags)
    assert layer.get_config()["tags"] == ["train"]


def test_a_table_that_takes_inputs_is_state_for_both_ways_of_loading(tmp_path):
    """`MutableDenseHashTableV2` takes its empty and its deleted key as inputs."""
    import tensorflow as tf

    v1 = tf.compat.v1

    def module_fn():
        words = v1.placeholder(tf.int64, [None])
        table = tf.lookup.experimental.DenseHashTable(
            tf.int64, tf.float32, default_value=-1.0, empty_key=0, deleted_key=-1
        )
        fill = table.insert(tf.constant([1, 2], tf.int64), tf.constant([10.0, 20.0]))
        v1.add_to_collection(v1.GraphKeys.TABLE_INITIALIZERS, fill)
        v1.get_variable("unused", initializer=0.0)
        hub.add_signature(inputs=words, outputs=table.lookup(words))

    path = str(tmp_path / "m")
    with tf.Graph().as_default(), v1.Session() as session:
        spec = hub.create_module_spec(module_fn, drop_collections=[v1.GraphKeys.SAVEABLE_OBJECTS])
        module = hub.Module(spec)
        looked_up = module(tf.constant([2, 3], tf.int64))
        session.run([v1.global_variables_initializer(), v1.tables_initializer()])
        np.testing.assert_array_equal(session.run(looked_up), [20.0, -1.0])
        module.export(path, session)
    loaded = hub.load(path)
    np.testing.assert_array_equal(loaded(tf.constant([2, 3], tf.int64)), [20.0, -1.0])


def call_in_graph(path, value):
    import tensorflow as tf

    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as session:
        outputs = hub.Module(path)(value())
        session.run([v1.global_variables_initializer(), v1.tables_initializer()])
        return session.run(outputs)


def call_eagerly(path, value):
    return np.asarray(hub.load(path)(value()))


@pytest.mark.parametrize("call", [call_in_graph, call_eagerly])
@pytest.mark.parametrize(
    ("dtype", "refused"),
    [("float64", True), ("int64", True), ("bfloat16", True), ("float32", False)],
)
def test_tensors_of_another_dtype_are_refused_and_not_cast(call, dtype, refused):
    import tensorflow as tf

    path = str(MODULES / "01_linear_scalar" / "module")
    tensor = lambda: tf.cast(tf.constant([1.0, 2.0]), dtype)  # noqa: E731
    if refused:
        with pytest.raises(InputError, match=rf"Expected dense float32 .* got dense {dtype} \(2,\)"):
            call(path, tensor)
    else:
        np.testing.assert_allclose(call(path, tensor), call(path, lambda: [1.0, 2.0]))


@pytest.mark.parametrize("call", [call_in_graph, call_eagerly])
def test_ragged_tensors_may_say_by_integers_of_either_width_where_rows_end(tmp_path, call):
    import tensorflow as tf

    v1 = tf.compat.v1

    def module_fn():
        rows = v1.ragged.placeholder(tf.float32, 1)
        hub.add_signature(inputs=rows, outputs=tf.reduce_sum(rows, axis=1))

    hub.create_module_spec(module_fn).export(tmp_path / "m")
    path, rows = str(tmp_path / "m"), [[1.0, 2.0], [], [3.0]]
    for dtype in (tf.int32, tf.int64):
        found = call(path, lambda: tf.ragged.constant(rows, tf.float32, row_splits_dtype=dtype))  # noqa: B023
        np.testing.assert_array_equal(found, [3.0, 0.0, 3.0])
    with pytest.raises(InputError, match=r"Expected ragged float32 .* got ragged float32 \(1, None, None\)"):
        call(path, lambda: tf.ragged.constant([[[1.0]]], tf.float32))
