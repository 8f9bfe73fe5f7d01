"""`tfhub mirror`: modules of Kaggle and tfhub.dev come into a real hub, with what their sources say."""

from __future__ import annotations

import json

import pytest
from hub_content import card, module
from hub_process import HubProcess
from kaggle_server import files_of
from loopback import Answer

from tensorflow_hub.client.versions import put_card

ELMO = "https://tfhub.dev/google/elmo/3"
ELMO_ON_KAGGLE = "google/elmo/tensorFlow1/elmo/3"


@pytest.fixture
def hub(tmp_path):
    with HubProcess(tmp_path / "hub") as running:
        yield running


@pytest.fixture
def mirror(services, hub):
    services.kaggle.publish(ELMO_ON_KAGGLE, {p: f.read_bytes() for p, f in files_of(module()).items()})

    def run(*arguments: str):
        done = services.tfhub("mirror", *arguments, "--json", TFHUB_URL=hub.url, TFHUB_TOKEN=hub.token)
        return done.returncode, json.loads(done.stdout) if done.stdout else done.stderr

    return run


def shown(services, hub, name: str) -> dict:
    return json.loads(services.tfhub("show", name, "--json", TFHUB_URL=hub.url).stdout)


def test_a_model_of_tfhub_dev_keeps_its_name_and_comes_once(services, hub, mirror):
    code, [report] = mirror(ELMO)
    assert code == 0
    assert (report["outcome"], report["name"]) == ("copied", "google/elmo/3")
    facts = shown(services, hub, "google/elmo/3")
    assert [deployment["kind"] for deployment in facts["deployments"]] == ["saved_model"]
    assert f"Copied from {ELMO}" in facts["card"]
    before = len(services.kaggle.storage.server.requests)
    code, [report] = mirror(ELMO)
    assert (code, report["outcome"]) == (0, "there already")
    assert len(services.kaggle.storage.server.requests) == before
    fetched = services.tfhub("pull", f"{hub.url}/google/elmo/3")
    assert fetched.returncode == 0, fetched.stderr


def test_names_on_kaggle_and_names_of_ones_own(services, hub, mirror):
    code, [report] = mirror(f"kaggle://{ELMO_ON_KAGGLE}")
    assert (code, report["name"]) == (0, "google/elmo/tensorFlow1/elmo/3")
    code, [report] = mirror(f"kaggle://{ELMO_ON_KAGGLE}", "--to", "acme/words/7")
    assert (code, report["name"]) == (0, "acme/words/7")


def test_documentation_that_is_there_stays_and_finds_what_lacks_files(services, hub, mirror):
    put_card("google/elmo/3", card("google/elmo/3", "Placeholder"), hub=hub.url, token=hub.token)
    code, [report] = mirror("--all-matching", "line")
    assert (code, report["handle"], report["outcome"]) == (0, ELMO, "copied")
    facts = shown(services, hub, "google/elmo/3")
    assert facts["deployments"]
    assert "It multiplies." in facts["card"]
    code, said = mirror("--all-matching", "line")
    assert code == 3
    assert "none lacks its files" in said


def test_what_fails_is_reported_and_the_others_go_on(services, mirror, tmp_path):
    services.kaggle.server.interfere = lambda request: (
        Answer(403, b'{"code": 403, "message": "User has not consented to terms of use."}')
        if "/gemma/" in request.path
        else None
    )
    (tmp_path / "handles.txt").write_text(
        f"# what we need\nkaggle://google/gemma/tensorFlow2/2b/1\n\n{ELMO}  # for words\nhttps://files.example/x.tar.gz\n"
    )
    code, reports = mirror("--list", "handles.txt")
    assert [report["outcome"] for report in reports] == ["failed", "copied", "failed"]
    assert "https://www.kaggle.com/models/google/gemma" in reports[0]["hint"]
    assert "--to publisher/model/version" in reports[2]["hint"]
    assert code == 5


def test_a_list_that_is_no_text_is_told(services, tmp_path):
    (tmp_path / "handles.txt").write_bytes(b"\xff\xfeacme/words/1\n")
    done = services.tfhub("mirror", "--list", tmp_path / "handles.txt")
    assert done.returncode == 1
    assert "Expected a list of handles in UTF-8" in done.stderr
    assert "Traceback" not in done.stderr
