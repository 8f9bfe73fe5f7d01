"""`POST /<handle>:predict` on a hub that runs models: TensorFlow Serving's JSON, harmful modules, rights."""

from __future__ import annotations

import base64
import concurrent.futures
import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests
from harmful_modules import save_harmful, save_table_of
from hub_content import card, module
from hub_process import HubProcess
from object_modules import OBJECT_MODULES
from patience import PATIENCE, until
from running_models import needs_sandbox

from tensorflow_hub.client.publishing import publish

pytestmark = needs_sandbox


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    """A hub that runs models."""
    settings = {
        "TFHUB_SERVER_PREDICT": "1",
        "TFHUB_SERVER_PREDICT_SECONDS": str(PATIENCE),
        "TFHUB_SERVER_PREDICTIONS_PER_MINUTE": "0",
    }
    with HubProcess(tmp_path_factory.mktemp("predicting") / "data", **settings) as hub:
        yield hub


@pytest.fixture(scope="module")
def endless(tmp_path_factory):
    """A hub with a short time limit that runs a model in an endless loop. Gives the hub and a call."""
    settings = {
        "TFHUB_SERVER_PREDICT": "1",
        "TFHUB_SERVER_PREDICT_SECONDS": "20",
        "TFHUB_SERVER_PREDICTIONS_PER_MINUTE": "0",
    }
    folder = tmp_path_factory.mktemp("endless")
    with HubProcess(folder / "data", **settings) as hub:
        save_harmful("endless", folder / "model")
        publish(folder / "model", card=card("acme/endless/1"), hub=hub.url, token=hub.token)
        url = f"{hub.url}/acme/endless/1:predict"
        yield hub, lambda value: requests.post(url, json={"instances": [value]}, timeout=PATIENCE)


@pytest.fixture(scope="module")
def published(hub, tmp_path_factory):
    """Publishes a module once: `published("acme/texts/1", writes)`."""
    known = set()

    def make(handle, write):
        if handle not in known:
            folder = tmp_path_factory.mktemp("module") / "m"
            write(folder)
            publish(folder, card=card(handle), hub=hub.url, token=hub.token)
            known.add(handle)
        return handle

    return make


@pytest.fixture
def predict(hub):
    """Asks a model: `predict("acme/texts/1", {"instances": […]})`."""

    def call(handle, body, token=None, path="/{}:predict"):
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return requests.post(hub.url + path.format(handle), json=body, headers=headers, timeout=PATIENCE)

    return call


@pytest.fixture
def texts(published):
    return published("acme/texts/1", OBJECT_MODULES["texts"])


@pytest.fixture
def harmful(published):
    return lambda name: published(f"acme/{name}/1", lambda folder: save_harmful(name, folder))


def processes_of(hub):
    """The processes that run models of a hub, by their numbers."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):  # it ended meanwhile
            if f"{hub.data}/work/tfhub-run-".encode() in path.read_bytes():
                found.append(int(path.parent.name))
    return sorted(found)


def busy_processes(hub):
    """Those of them that computed for a tenth of a second within the last one, half a second long."""

    def processor_ticks():
        found = {}
        for pid in processes_of(hub):
            with contextlib.suppress(OSError):
                found[pid] = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11])
        return found

    before = processor_ticks()
    time.sleep(0.5)
    return [pid for pid, now in processor_ticks().items() if now - before.get(pid, now) >= 10]


def test_predictions_come_row_by_row_or_input_by_input(texts, predict):
    answer = predict(texts, {"instances": ["a", "bcd"]})
    assert answer.status_code == 200, answer.text
    assert answer.json() == {"predictions": [[1.0] * 4, [3.0] * 4]}
    assert answer.headers["cache-control"] == "no-store"
    b64 = {"b64": base64.b64encode(b"\xff\xfe").decode()}
    assert predict(texts, {"inputs": [b64]}).json() == {"outputs": [[2.0] * 4]}
    assert predict(texts, {"signature_name": "serving_default", "instances": [{"texts": "ab"}]}).json() == {
        "predictions": [[2.0] * 4]
    }


def test_several_inputs_have_their_names(published, predict):
    handle = published("acme/tf1/1", OBJECT_MODULES["tf1"])
    row = {"ids": [1, 2, 3, 4, 5, 6, 7], "the mask": [1, 0, 1, 0, 1, 0, 1]}
    expected = [2.0, 0.0, 6.0, 0.0, 10.0, 0.0, 14.0]
    assert predict(handle, {"instances": [row, row]}).json() == {"predictions": [expected, expected]}
    columns = {name: [values] for name, values in row.items()}
    assert predict(handle, {"inputs": columns}).json() == {"outputs": [expected]}
    wrong = predict(handle, {"instances": [[1, 2]]})
    assert wrong.status_code == 400
    assert "ids: int32[?, 7], the mask: int32[?, 7]" in wrong.json()["error"]


def test_a_module_in_tf1_hub_format_answers(hub, predict):
    publish(module("05_text_embedding"), card=card("acme/tf1hub/1"), hub=hub.url, token=hub.token)
    [first, second] = predict("acme/tf1hub/1", {"instances": ["a", "b"]}).json()["predictions"]
    assert len(first) == len(second) == 4


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"instances": [1]}, 400, "Expected string[?] for the input 'texts', got [1]. Send strings."),
        ({}, 400, 'Expected either "instances" or "inputs"'),
        ({"instances": ["a"], "inputs": ["a"]}, 400, 'Expected either "instances" or "inputs"'),
        ({"instances": "a"}, 400, 'Expected "instances" as a list'),
        ({"instances": [{"b64": "not base64!"}]}, 400, "Expected base64"),
        ({"signature_name": "other", "instances": ["a"]}, 400, "Expected the signature 'other'"),
        ({"instances": ["a"], "version": 3}, 400, "The field 'version' is not known here."),
        ({"instances": ["x" * (5 << 20)]}, 413, "Expected inputs of at most"),
    ],
)
def test_invalid_input_is_reported_as_by_tensorflow_serving(texts, predict, body, status, words):
    answer = predict(texts, body)
    assert answer.status_code == status, answer.text
    assert set(answer.json()) == {"error"}
    assert words in answer.json()["error"]


def test_clients_of_tensorflow_serving_find_the_paths_that_they_make(hub, texts, predict):
    body = {"instances": ["ab"]}
    for path in ("/v1/models/acme/texts/versions/1:predict", "/v1/models/acme/texts:predict"):
        assert predict(texts, body, path=path).json() == {"predictions": [[2.0] * 4]}
    state = requests.get(f"{hub.url}/v1/models/acme/texts", timeout=PATIENCE).json()
    assert state["model_version_status"][0]["state"] == "AVAILABLE"
    assert requests.get(f"{hub.url}/v1/models/acme/texts/versions/1", timeout=PATIENCE).json() == state
    told = requests.get(f"{hub.url}/v1/models/acme/texts/versions/1/metadata", timeout=PATIENCE).json()
    signature = told["metadata"]["signature_def"]["signature_def"]["serving_default"]
    assert signature["inputs"]["texts"]["dtype"] == "DT_STRING"
    assert signature["inputs"]["texts"]["tensor_shape"]["dim"] == [{"size": "-1", "name": ""}]
    assert told == requests.get(f"{hub.url}/v1/models/acme/texts/metadata", timeout=PATIENCE).json()


def test_an_endless_loop_is_stopped_and_named(endless):
    _, run = endless
    answer = run(1.0)
    assert answer.status_code == 422
    assert "The module acme/endless/1 was stopped: it took more than 20 s." in answer.json()["error"]
    assert run(0.0).status_code == 200


def test_a_tensor_of_20_gb_is_refused_and_the_process_lives(harmful, predict):
    answer = predict(harmful("huge"), {"instances": [1.0]})
    assert answer.status_code == 422
    assert "The module needs more memory for this than the hub gives it." in answer.json()["error"]
    assert predict("acme/huge/1", {"instances": [0.001]}).status_code == 200


def test_an_answer_of_a_gigabyte_is_not_sent(harmful, predict):
    answer = predict(harmful("long"), {"instances": [1.0, 2.0]})
    assert answer.status_code == 422
    assert "2,000,000 values" in answer.json()["error"] or "more memory" in answer.json()["error"]


@pytest.mark.parametrize(("name", "op"), [("reading", "ReadFile"), ("connecting", "DebugIdentityV2")])
def test_ops_that_reach_outside_are_not_run(harmful, predict, hub, name, op):
    before = processes_of(hub)
    answer = predict(harmful(name), {"instances": ["/etc/passwd"]})
    assert answer.status_code == 422
    assert op in answer.json()["error"]
    assert set(processes_of(hub)) <= set(before)


def test_a_table_reads_no_file_of_the_hub(published, predict, hub, tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("a secret\n")
    handle = published("acme/table/1", lambda folder: save_table_of(str(secret), folder))
    copied = predict(handle, {"instances": ["a secret"]})  # the file is an asset: it lies in the module
    assert copied.json() == {"predictions": [0]}


def test_a_module_with_changing_state_is_not_shared(harmful, predict, hub):
    handle = harmful("remembering")
    assert predict(handle, {"inputs": [7.0]}).json() == {"outputs": [0.0]}
    assert predict(handle, {"inputs": [8.0]}).json() == {"outputs": [0.0]}


def test_a_module_that_changes_in_training_alone_is_not_started_again(published, predict, hub):
    """Each start imports TensorFlow, which takes seconds, and on a busy machine half a minute."""
    handle = published("acme/trained/1", OBJECT_MODULES["trained"])
    before = set(processes_of(hub))
    rows = {"instances": [[1.0, 2.0, 3.0, 4.0, 5.0]]}
    assert predict(handle, rows).json() == {"predictions": [[0.0, 1.0, 2.0, 3.0, 4.0]]}
    started = set(processes_of(hub)) - before
    assert started
    assert predict(handle, rows).json() == {"predictions": [[0.0, 1.0, 2.0, 3.0, 4.0]]}
    assert started <= set(processes_of(hub))


def test_a_process_that_is_killed_is_named_and_replaced(texts, predict, hub):
    assert predict(texts, {"instances": ["a"]}).status_code == 200
    for pid in processes_of(hub):
        os.kill(pid, signal.SIGKILL)
    until(lambda: not processes_of(hub), "the end of the processes")
    assert predict(texts, {"instances": ["a"]}).status_code == 200


def test_a_process_that_dies_while_it_answers_is_named_and_the_next_request_works(harmful, predict, hub):
    handle = harmful("endless")
    assert predict(handle, {"instances": [0.0]}).status_code == 200
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        asked = pool.submit(predict, handle, {"instances": [1.0]})
        busy = []
        until(lambda: busy.extend(busy_processes(hub)) or busy, "a process that computes")
        for pid in busy:
            os.kill(pid, signal.SIGKILL)
        answer = asked.result()
    assert answer.status_code == 422
    said = answer.json()["error"]
    assert said.startswith("The module acme/endless/1 ended the process in which it ran (SIGKILL).")
    assert predict(handle, {"instances": [0.0]}).json() == {"predictions": [0.0]}


def test_the_process_looks_at_the_ops_again(harmful, texts, predict, hub):
    """Where the catalogue says of a module what is not true: what the hub sees in it, it would run."""
    handle = harmful("reading")
    with contextlib.closing(sqlite3.connect(hub.data / "catalogue.sqlite")) as database, database:
        rows = database.execute("SELECT id, description FROM deployments").fetchall()
        [number] = [number for number, text in rows if "ReadFile" in text]
        harmless = next(text for _, text in rows if not json.loads(text).get("unsafe_ops"))
        database.execute("UPDATE deployments SET description = ? WHERE id = ?", (harmless, number))
    answer = predict(handle, {"instances": ["/etc/passwd"]})
    assert answer.status_code == 422
    assert "ReadFile (reads files)" in answer.json()["error"]


def test_a_hub_does_not_start_where_it_cannot_make_a_sandbox(tmp_path):
    """In a namespace of users that may have no others in it."""
    forbidden = "echo 0 > /proc/sys/user/max_user_namespaces && exec "
    serve = f"{sys.executable} -m tensorflow_hub serve --port 0"
    done = subprocess.run(
        ["unshare", "--user", "--map-root-user", "sh", "-c", forbidden + serve],
        env={**os.environ, "TFHUB_SERVER_DATA": str(tmp_path), "TFHUB_SERVER_PREDICT": "1"},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode != 0
    assert (
        "The hub is to run models (TFHUB_SERVER_PREDICT), and cannot make a sandbox for them" in done.stderr
    )
    assert "unshare: " in done.stderr
    assert "Allow user namespaces for its user (see docs/running_a_hub.md)" in done.stderr
    assert "Traceback" not in done.stderr
    assert "serving" not in done.stdout


def test_a_warm_process_answers_the_next_request(texts, predict, hub):
    assert predict(texts, {"instances": ["a"]}).status_code == 200
    before = processes_of(hub)
    assert before
    assert predict(texts, {"instances": ["a"]}).status_code == 200
    assert processes_of(hub) == before


def test_requests_to_a_busy_hub_are_answered_with_retry_after(endless):
    hub, run = endless
    with concurrent.futures.ThreadPoolExecutor(30) as pool:
        asked = [pool.submit(run, 1.0) for _ in range(30)]
        started = time.monotonic()
        page = requests.get(f"{hub.url}/acme/endless/1", timeout=PATIENCE)
        took = time.monotonic() - started
        answers = [one.result() for one in asked]
    assert page.status_code == 200
    assert took < PATIENCE / 2
    statuses = {answer.status_code for answer in answers}
    assert statuses == {422, 503}
    refused = next(answer for answer in answers if answer.status_code == 503)
    assert refused.headers["retry-after"]
    assert refused.json() == {"error": "All processes that run models are busy. Try again in a few seconds."}
    assert len(processes_of(hub)) <= 2 * 3  # each has a process that starts it and one that looks after it
    assert run(0.0).status_code == 200


def test_private_models_are_run_for_their_readers_only(hub, predict, published):
    admin = {"Authorization": f"Bearer {hub.token}"}
    url = f"{hub.url}/api/v1/publishers/secret"
    assert requests.patch(url, json={"private": True}, headers=admin, timeout=PATIENCE).status_code == 201
    handle = published("secret/texts/1", OBJECT_MODULES["texts"])
    body = {"instances": ["a"]}
    assert predict(handle, body, hub.token).status_code == 200
    hidden = predict(handle, body)
    assert hidden.status_code == 404
    assert hidden.json()["error"].startswith("Nothing is published at 'secret/texts/1'.")


def test_a_hub_that_stops_leaves_no_process_and_no_file(tmp_path, published):
    with HubProcess(tmp_path / "data", TFHUB_SERVER_PREDICT="1") as hub:
        folder = tmp_path / "texts"
        OBJECT_MODULES["texts"](folder)
        publish(folder, card=card("acme/texts/1"), hub=hub.url, token=hub.token)
        url = f"{hub.url}/acme/texts/1:predict"
        assert requests.post(url, json={"instances": ["a"]}, timeout=PATIENCE).status_code == 200
        assert processes_of(hub)
    until(lambda: not processes_of(hub), "the end of the processes")
    assert not list(Path(hub.data, "work").glob("tfhub-run-*"))


def test_a_hub_that_is_killed_leaves_no_process(tmp_path):
    with HubProcess(tmp_path / "data", TFHUB_SERVER_PREDICT="1") as hub:
        folder = tmp_path / "endless"
        save_harmful("endless", folder)
        publish(folder, card=card("acme/endless/1"), hub=hub.url, token=hub.token)
        url = f"{hub.url}/acme/endless/1:predict"
        assert requests.post(url, json={"instances": [0.0]}, timeout=PATIENCE).status_code == 200
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            asked = pool.submit(requests.post, url, json={"instances": [1.0]}, timeout=PATIENCE)
            hub.kill()
            with pytest.raises(requests.RequestException, match=r"."):
                asked.result()
        until(lambda: not processes_of(hub), "the end of the processes")


def test_a_hub_that_runs_no_models_says_so(api, linear):
    answer = api("POST", "/shared/linear/1:predict", json={"instances": [1.0]})
    assert answer.status_code == 404
    assert json.loads(answer.text)["error"].startswith("This hub runs no models.")
