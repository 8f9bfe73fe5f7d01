"""Requests as the documentation of TensorFlow Serving's REST API writes them, sent to a hub."""

from __future__ import annotations

import base64

import pytest
import requests
from hub_content import card
from hub_process import HubProcess
from patience import PATIENCE
from running_models import RUNS_MODELS, needs_sandbox

from tensorflow_hub.client.publishing import publish
from tensorflow_hub.client.versions import withdraw

pytestmark = needs_sandbox


def save_old(folder):
    """A SavedModel of TensorFlow 1 that parses examples with the features x, country and image."""
    import tensorflow as tf

    v1 = tf.compat.v1
    utils = v1.saved_model.signature_def_utils
    with tf.Graph().as_default(), v1.Session() as session:
        texts = v1.placeholder(tf.string, [None], name="examples")
        features = {
            "x": v1.FixedLenFeature([1], tf.float32, [0.0]),
            "count": v1.FixedLenFeature([1], tf.int64, [0]),
            "country": v1.FixedLenFeature([1], tf.string, ""),
        }
        parsed = v1.parse_example(texts, features)
        x = parsed["x"] + tf.cast(parsed["count"], tf.float32)
        half = x / 2 + 3
        classes = tf.concat([parsed["country"], tf.fill(tf.shape(x), b"other")], 1)
        scores = tf.concat([x, 1 - x], 1)
        signatures = {
            "serving_default": utils.classification_signature_def(texts, classes, scores),
            "scores": utils.classification_signature_def(texts, None, scores),
            "regress": utils.regression_signature_def(texts, half),
            "numbers": utils.build_signature_def(
                {"x": v1.saved_model.build_tensor_info(v1.placeholder(tf.float32, [None]))},
                {"outputs": v1.saved_model.build_tensor_info(half)},
                "tensorflow/serving/regress",
            ),
            "plain": utils.predict_signature_def({"examples": texts}, {"half": half}),
        }
        builder = v1.saved_model.Builder(str(folder))
        builder.add_meta_graph_and_variables(session, ["serve"], signatures)
        builder.save()


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    """A hub's `/v1/models`: the model that halves a number and adds three, one of three inputs, old ones."""
    import tensorflow as tf

    class Half(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, name="x")])
        def half_plus_three(self, x):
            return {"y": x / 2 + 3}

        @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, name="x")])
        def half(self, x):
            return {"y": x / 2}

    class Examples(tf.Module):
        @tf.function(
            input_signature=[
                tf.TensorSpec([None], tf.string, name="tag"),
                tf.TensorSpec([None, 3], tf.int64, name="signal"),
                tf.TensorSpec([None, 2, 2], tf.float32, name="sensor"),
            ]
        )
        def read(self, tag, signal, sensor):
            total = tf.cast(tf.reduce_sum(signal, 1), tf.float32) + tf.reduce_sum(sensor, [1, 2])
            return {"total": total, "tag_bytes": tag}

    folder = tmp_path_factory.mktemp("serving")
    with HubProcess(folder / "data", **RUNS_MODELS) as hub:
        half, examples = Half(), Examples()
        signatures = {"serving_default": half.half_plus_three, "half": half.half}
        tf.saved_model.save(half, str(folder / "half"), signatures=signatures)
        tf.saved_model.save(examples, str(folder / "examples"), signatures=examples.read)
        for name in ("half", "examples"):
            handle = f"acme/{name}/1"
            publish(folder / name, card=card(handle), hub=hub.url, token=hub.token)
        save_old(folder / "old")
        for version in (1, 2, 4):
            handle = f"acme/old/{version}"
            publish(folder / "old", card=card(handle), hub=hub.url, token=hub.token)
        withdraw("acme/old/2", "Wrong labels.", hub=hub.url, token=hub.token)
        yield f"{hub.url}/v1/models/acme"


def post(url, path, body, **options):
    return requests.post(f"{url}/{path}", json=body, timeout=PATIENCE, **options)


ROWS = [
    {"tag": "foo", "signal": [1, 2, 5], "sensor": [[1, 2], [3, 4]]},
    {"tag": "bar", "signal": [3, 4, 1], "sensor": [[4, 5], [6, 8]]},
]


def b64(data):
    return {"b64": base64.b64encode(data).decode()}


@pytest.mark.parametrize("path", ["half:predict", "half/versions/1:predict"])
@pytest.mark.parametrize("content", ["application/json", "application/x-www-form-urlencoded"])
def test_numbers_as_curl_sends_them(url, path, content):
    """`curl -d` names no JSON."""
    data = '{"instances": [1.0, 2.0, 5.0]}'
    answer = requests.post(f"{url}/{path}", data=data, headers={"Content-Type": content}, timeout=PATIENCE)
    assert answer.status_code == 200, answer.text
    assert answer.json() == {"predictions": [3.5, 4.0, 5.5]}
    assert answer.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        ({"instances": [{"x": 1.0}, {"x": 2.0}]}, {"predictions": [3.5, 4.0]}),
        ({"inputs": [1.0, 2.0]}, {"outputs": [3.5, 4.0]}),
        ({"inputs": {"x": [1.0, 2.0]}}, {"outputs": [3.5, 4.0]}),
        ({"signature_name": "half", "instances": [1.0]}, {"predictions": [0.5]}),
        ({"signature_name": "half", "inputs": {"x": [1]}}, {"outputs": [0.5]}),
        ({"signature_name": "serving_default", "instances": [1]}, {"predictions": [3.5]}),
    ],
)
def test_rows_and_columns_with_and_without_names(url, body, answer):
    assert post(url, "half:predict", body).json() == answer


def test_several_inputs_and_outputs_row_by_row_and_by_columns(url):
    tags, totals = [b64(b"foo"), b64(b"bar")], [18.0, 31.0]
    rows = post(url, "examples:predict", {"instances": ROWS}).json()
    assert rows == {
        "predictions": [{"total": total, "tag_bytes": tag} for total, tag in zip(totals, tags, strict=True)]
    }
    columns = {name: [row[name] for row in ROWS] for name in ROWS[0]}
    assert post(url, "examples:predict", {"inputs": columns}).json() == {
        "outputs": {"total": totals, "tag_bytes": tags}
    }
    encoded = [{**row, "tag": b64(row["tag"].encode())} for row in ROWS]
    assert post(url, "examples:predict", {"instances": encoded}).json() == rows


@pytest.mark.parametrize("path", ["half", "half/versions/1"])
def test_the_state_of_a_model(url, path):
    assert requests.get(f"{url}/{path}", timeout=PATIENCE).json() == {
        "model_version_status": [
            {"version": "1", "state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}
        ]
    }


@pytest.mark.parametrize("path", ["examples/metadata", "examples/versions/1/metadata"])
def test_the_metadata_is_of_the_messages_of_tensorflow(url, path):
    from google.protobuf import json_format
    from tensorflow.core.framework import types_pb2
    from tensorflow.core.protobuf.meta_graph_pb2 import SignatureDef

    told = requests.get(f"{url}/{path}", timeout=PATIENCE).json()
    assert told["model_spec"] == {"name": "acme/examples", "signature_name": "", "version": "1"}
    signatures = told["metadata"]["signature_def"]["signature_def"]
    read = json_format.ParseDict(signatures["serving_default"], SignatureDef())
    assert read.method_name == "tensorflow/serving/predict"
    assert read.inputs["signal"].dtype == types_pb2.DT_INT64
    assert [dim.size for dim in read.inputs["sensor"].tensor_shape.dim] == [-1, 2, 2]
    assert set(read.outputs) == {"total", "tag_bytes"}


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("half:predict", {"instances": ["no number"]}, 400),
        ("half:predict", {"signature_name": "other", "instances": [1.0]}, 400),
        ("half:predict", {}, 400),
        ("examples:predict", {"instances": [{"tag": "foo"}]}, 400),
        ("absent:predict", {"instances": [1.0]}, 404),
        ("%0Ahalf:predict", {"instances": [1.0]}, 404),
        ("half/versions/7:predict", {"instances": [1.0]}, 404),
    ],
)
def test_errors_have_their_one_field(url, path, body, status):
    answer = post(url, path, body)
    assert answer.status_code == status
    assert list(answer.json()) == ["error"]
    assert isinstance(answer.json()["error"], str)


CLASSES = [[["it", 0.25], ["other", 0.75]], [["it", 1.0], ["other", 0.0]]]


@pytest.mark.parametrize("path", ["old:classify", "old/versions/1:classify"])
@pytest.mark.parametrize(
    "body",
    [
        {"context": {"country": "it"}, "examples": [{"x": 0.25}, {"x": 1.0}]},
        {"examples": [{"x": [0.25], "country": b64(b"it")}, {"count": 1, "country": ["it"]}]},
        {
            "signature_name": "serving_default",
            "context": {"country": "it", "unused": []},
            "examples": [{"x": 0.25}, {"x": 1.0}],
        },
    ],
)
def test_examples_are_classified(url, path, body):
    answer = post(url, path, body)
    assert answer.status_code == 200, answer.text
    assert answer.json() == {"results": CLASSES}


def test_labels_that_a_model_does_not_have_are_empty(url):
    answer = post(url, "old:classify", {"signature_name": "scores", "examples": [{"x": 0.25}]})
    assert answer.json() == {"results": [[["", 0.25], ["", 0.75]]]}


@pytest.mark.parametrize("path", ["old:regress", "old/versions/4:regress"])
def test_examples_get_a_number(url, path):
    answer = post(url, path, {"signature_name": "regress", "examples": [{"x": 1.0}, {"x": 2.0}]})
    assert answer.json() == {"results": [3.5, 4.0]}, answer.text


@pytest.mark.parametrize(
    ("path", "body", "words"),
    [
        ("half:classify", {"examples": [{}]}, "classify', got 'serving_default' with the method"),
        ("half:regress", {"examples": [{}]}, "The module has no such signature. Use `:predict`."),
        ("old:regress", {"examples": [{}]}, "Send \"signature_name\": one of ['numbers', 'regress']."),
        ("old:classify", {"examples": [{}], "signature_name": "none"}, "Expected the signature 'none'"),
        ("old:regress", {"examples": [{}], "signature_name": "numbers"}, "got one with x: float32[?]"),
        ("old:classify", {"examples": []}, 'Expected "examples" as a list of objects, got []'),
        ("old:classify", {"examples": [1.0]}, 'Expected "examples" as a list of objects, got [1.0]'),
        ("old:classify", {"examples": [{}], "context": [1]}, '"context" as an object, got [1]'),
        ("old:classify", {"examples": [{"x": 1.0}], "context": {"x": 1.0}}, "got ['x'] in both"),
        ("old:classify", {"examples": [{"x": None}]}, "for the feature 'x', got null."),
        ("old:classify", {"examples": [{"x": [True]}]}, "for the feature 'x', got [true]."),
        ("old:classify", {"examples": [{"x": [1.0, "a"]}]}, "for the feature 'x', got [1.0,"),
        ("old:classify", {"examples": [{"x": 2**70}]}, "numbers of at most 64 bits"),
        ("old:classify", {"examples": [{"x": {"b64": "?"}}]}, 'Expected base64 in "b64"'),
        ("old:classify", {"examples": [{"x": [1.0, 2.0]}]}, "The module cannot be applied to this"),
        ("old:classify", {"instances": [{}]}, "instances"),
        ("old/labels/stable:classify", {"examples": [{}]}, "got the label 'stable' of acme/old, and hubs"),
        ("old/labels/stable:predict", {"instances": [1]}, "or /v1/models/acme/old/versions/1."),
    ],
)
def test_what_cannot_be_classified_is_reported(url, path, body, words):
    answer = post(url, path, body)
    assert answer.status_code == (404 if "/labels/" in path else 400), answer.text
    assert words in answer.json()["error"]


def test_the_metadata_has_the_methods_of_signatures(url):
    told = requests.get(f"{url}/old/metadata", timeout=PATIENCE).json()["metadata"]["signature_def"]
    methods = {name: one["method_name"] for name, one in told["signature_def"].items()}
    names = ("classify", "classify", "regress", "regress", "predict")
    expected = [f"tensorflow/serving/{name}" for name in names]
    assert [
        methods[name] for name in ("serving_default", "scores", "regress", "numbers", "plain")
    ] == expected


def test_the_state_lists_the_versions_that_can_be_run(url):
    status = requests.get(f"{url}/old", timeout=PATIENCE).json()["model_version_status"]
    assert [(one["version"], one["state"]) for one in status] == [("4", "AVAILABLE"), ("1", "AVAILABLE")]
    withdrawn = requests.get(f"{url}/old/versions/2", timeout=PATIENCE).json()["model_version_status"]
    assert [one["version"] for one in withdrawn] == ["2"]
    for path in ("old/labels/stable", "old/labels/stable/metadata", "none/labels/stable"):
        answer = requests.get(f"{url}/{path}", timeout=PATIENCE)
        assert (answer.status_code, "hubs have no labels" in answer.text) == (404, True)
