"""A hub with tfhub.dev's documentation that fetches each model from where it is now, when it is asked for."""

from __future__ import annotations

import io
import os
import struct
import subprocess
import sys
import tarfile
import threading

import pytest
import requests
from hub_content import card, module
from hub_process import HubProcess
from kaggle_server import KaggleServer, files_of
from loopback import Answer, Request
from patience import PATIENCE, until
from tfhub_dev_server import TfhubDevServer

import tensorflow_hub as hub
from tensorflow_hub.handles import ModelName
from tensorflow_hub.server.mirroring.tfhub import Tfhub

ELMO, ELMO_ON_KAGGLE = "google/elmo/3", "google/elmo/tensorFlow1/elmo/3"
ARCHIVE = "?tf-hub-format=compressed"
# A TensorFlow Lite file with one graph, which is empty.
TFLITE = struct.pack("<I4s5H2xiIIIHHi", 20, b"TFL3", 10, 8, 0, 0, 4, 12, 4, 1, 8, 4, 4, 4)
TFJS = {
    "model.json": b'{"format": "graph-model", "modelTopology": {"node": []}, "weightsManifest": []}',
    "group1-shard1of1.bin": bytes(8),
}
# name → kind on its card, query, place on Kaggle, files there
DEPLOYMENTS = {
    "google/lite-model/words/1": (
        "Lite",
        "lite-format=tflite",
        "google/words/tfLite/x/1",
        {"w.tflite": TFLITE},
    ),
    "google/coral-model/words/1": (
        "Coral",
        "coral-format=tflite",
        "google/words/coral/x/1",
        {"w.tflite": TFLITE},
    ),
    "google/tfjs-model/words/1": ("Tfjs", "tfjs-format=compressed", "google/words/tfJs/x/1", TFJS),
}
PARENT = "parent-model: google/elmo/3"


@pytest.fixture
def kaggle():
    server = KaggleServer()
    server.publish(ELMO_ON_KAGGLE, {path: file.read_bytes() for path, file in files_of(module()).items()})
    yield server
    server.close()


@pytest.fixture
def tfhub_dev(kaggle):
    server = TfhubDevServer(kaggle)
    yield server
    server.close()


@pytest.fixture
def settings(kaggle, tfhub_dev):
    """What leads a hub's process to the servers of this test."""
    buckets = ("https://storage.googleapis.com/", "https://gcs.tensorflow.google.cn/")
    return {
        "TFHUB_DEV_ENDPOINT": tfhub_dev.url,
        "KAGGLE_API_ENDPOINT": kaggle.url,
        "KAGGLE_USERNAME": "admin",
        "KAGGLE_KEY": "s3cret",
        "TFHUB_MIRRORS": "; ".join(f"{bucket} -> {kaggle.storage.url}/" for bucket in buckets),
        "TFHUB_RETRIES": "0",
    }


@pytest.fixture
def mirror(tmp_path, settings):
    """The hub, with the documentation of two models and of some deployments."""
    cards = {ELMO: card(ELMO), "acme/unknown/1": card("acme/unknown/1")}
    for name, (kind, *_) in DEPLOYMENTS.items():
        cards[name] = card(f"google/{name.partition('-model/')[2]}", kind, PARENT)
    for name, text in cards.items():
        folder = tmp_path / "docs" / name
        folder.mkdir(parents=True)
        (folder / "card.md").write_text(text, encoding="utf-8")
    running = HubProcess(tmp_path / "hub", arguments=("--upstream", "tfhub"), **settings)
    with running:
        pass
    import_docs = [sys.executable, "-m", "tensorflow_hub", "admin", "import-docs", str(tmp_path / "docs")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    subprocess.run([*import_docs, "--data", str(running.data)], check=True, env=environment)
    with running:
        yield running


def get(running, path, **options):
    return requests.get(running.url + path, timeout=120, **options)


def names_in(content):
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        return {member.name.removeprefix("./") for member in archive if member.isfile()}


def test_a_documented_model_comes_when_it_is_requested_and_stays(mirror, kaggle):
    page = get(mirror, f"/{ELMO}", headers={"Accept": "text/html"}).text
    assert f"fetches them from <code>kaggle://{ELMO_ON_KAGGLE}</code>" in page
    assert get(mirror, f"/api/v1/models/{ELMO}").json()["deployments"] == []
    assert not kaggle.server.requests, "who only reads fetches nothing"

    assert names_in(get(mirror, f"/{ELMO}{ARCHIVE}").content) >= {"saved_model.pb", "tfhub_module.pb"}
    asked = [headers for path, headers in ((r.path, r.headers) for r in kaggle.server.requests)]
    assert asked
    assert not any("Authorization" in headers for headers in asked), "nobody's account serves everybody"

    kaggle.close()
    entry = get(mirror, f"/api/v1/models/{ELMO}").json()
    assert [deployment["kind"] for deployment in entry["deployments"]] == ["saved_model"]
    assert "It multiplies." in entry["card"]
    page = get(mirror, f"/{ELMO}", headers={"Accept": "text/html"}).text
    assert "Mirrored from" in page
    assert ELMO_ON_KAGGLE in page
    assert "not on this hub yet" not in page
    assert hub.resolve(f"{mirror.url}/google/elmo") == hub.resolve(f"{mirror.url}/{ELMO}")


def test_deployments_of_other_kinds_come_and_stay_too(mirror, kaggle, tfhub_dev):
    def the_file_itself(request):
        _, _, place, files = DEPLOYMENTS[request.path.strip("/")]
        file = f"/api/v1/models/{place}/download/w.tflite"
        return kaggle.server.answer_to(Request("GET", file, "", {}, {})) if "w.tflite" in files else None

    tfhub_dev.server.interfere = the_file_itself
    came = {}
    for name, (_, query, place, files) in DEPLOYMENTS.items():
        kaggle.publish(place, files)
        tfhub_dev.moved[name] = place
        page = get(mirror, f"/{name}", headers={"Accept": "text/html"}).text
        assert f"fetches them from <code>https://tfhub.dev/{name}</code>" in page
        assert len(tfhub_dev.server.requests) == len(came), "who only reads fetches nothing"
        handle = name.removesuffix("/1") if "coral" in name else name
        came[name] = get(mirror, f"/{handle}?{query}").content
        tfhub_dev.server.requests[len(came) :] = []
    tfhub_dev.close()
    kaggle.close()
    for name, (kind, query, _, files) in DEPLOYMENTS.items():
        assert get(mirror, f"/{name}?{query}").content == came[name]
        assert came[name] == TFLITE if "w.tflite" in files else names_in(came[name]) == set(files)
        [deployment] = get(mirror, f"/api/v1/models/{name}").json()["deployments"]
        assert deployment["kind"] == {"Lite": "tflite", "Coral": "coral", "Tfjs": "tfjs"}[kind]
        assert "Mirrored from" in get(mirror, f"/{name}", headers={"Accept": "text/html"}).text


def test_a_deployment_that_tfhub_dev_had_no_such_of_starts_nothing(mirror, tfhub_dev):
    for path in (f"/{ELMO}?lite-format=tflite", f"/google/lite-model/words/1{ARCHIVE}"):
        answer = get(mirror, path, headers={"Accept": "application/json"})
        assert answer.status_code in {404, 406}, path
    assert not tfhub_dev.server.requests


def test_names_that_tfhub_dev_never_had_start_nothing(mirror, kaggle):
    for name in ("acme/unknown/1", "acme/invented/1", "google/elmo/99", "google/lite-model/invented/1"):
        assert get(mirror, f"/{name}{ARCHIVE}").status_code in {404, 406}
    assert not kaggle.server.requests


def test_what_needs_consent_names_the_page_also_to_those_who_ask_later(mirror, kaggle):
    said = b'{"code": 403, "message": "User has not consented to terms of use."}'
    kaggle.server.interfere = lambda request: Answer(403, said)
    for handle in (ELMO, ELMO, "google/elmo"):
        answer = get(mirror, f"/{handle}{ARCHIVE}", headers={"Accept": "application/json"})
        assert answer.status_code == 404
        assert "https://www.kaggle.com/models/google/elmo" in answer.text
    asked = [request.path for request in kaggle.server.requests]
    assert len(asked) == len(set(asked)), "the first answer is good for a minute"


def test_while_no_service_answers_nobody_says_not_found(mirror, kaggle):
    kaggle.close()
    first, second = (get(mirror, f"/{ELMO}{ARCHIVE}") for _ in range(2))
    assert first.status_code == second.status_code == 502
    assert f"kaggle://{ELMO_ON_KAGGLE}: " in first.json()["error"]["message"]
    assert "Try again" in second.json()["error"]["hint"]


def test_a_service_that_asks_to_slow_down_is_named_also_to_those_who_ask_later(mirror, kaggle):
    kaggle.server.interfere = lambda request: Answer(429)
    for handle in (ELMO, ELMO, "google/elmo"):
        answer = get(mirror, f"/{handle}{ARCHIVE}")
        assert answer.status_code == 502
        assert "Kaggle asks to slow down" in answer.json()["error"]["message"]


def test_a_hub_that_stops_ends_what_it_fetches(mirror, kaggle):
    over = threading.Event()
    kaggle.server.interfere = lambda request: over.wait(PATIENCE) and None
    threading.Thread(target=lambda: get(mirror, f"/{ELMO}{ARCHIVE}"), daemon=True).start()
    until(lambda: kaggle.server.requests)
    assert mirror.stop() in {0, -15, 143}
    over.set()


def test_the_latest_version_is_the_last_that_tfhub_dev_had(tmp_path):
    upstream = Tfhub(tmp_path)
    assert upstream.latest(None, ModelName.parse("google/elmo")) == 3
    assert upstream.latest(None, ModelName.parse("acme/invented")) is None
    jigsaw = ModelName.parse("vtab/jigsaw/1")
    assert upstream.may_have(jigsaw, is_documented=False), "only its publisher has an archive"
