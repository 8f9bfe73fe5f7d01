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

pytestmark = needs_sandbox


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    """A hub's `/v1/models` with the model that halves a number and adds three, and one of three inputs."""
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
        ("half/versions/7:predict", {"instances": [1.0]}, 404),
    ],
)
def test_errors_have_their_one_field(url, path, body, status):
    answer = post(url, path, body)
    assert answer.status_code == status
    assert list(answer.json()) == ["error"]
    assert isinstance(answer.json()["error"], str)
