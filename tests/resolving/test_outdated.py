"""`tfhub outdated`: what became of the modules that a project is locked to."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from hub_content import card, module, module_with
from hub_process import SOURCES, HubProcess
from patience import PATIENCE

from tensorflow_hub.client.publishing import publish
from tensorflow_hub.client.versions import delete, withdraw

NAMES = ("same", "newer", "old", "gone")


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    with HubProcess(tmp_path_factory.mktemp("outdated") / "data") as hub:
        yield hub


@pytest.fixture
def tfhub(hub, tmp_path):
    """Runs the command in a project of its own: `tfhub("lock", "acme/words")` → exit code, output."""

    def run(*arguments, **variables):
        environ = {name: value for name, value in os.environ.items() if not name.startswith("TFHUB_")}
        environ |= {"PYTHONPATH": str(SOURCES), "TFHUB_URL": hub.url, **variables}
        environ["TFHUB_CACHE_DIR"] = str(tmp_path / "cache")
        command = [sys.executable, "-m", "tensorflow_hub", *arguments]
        done = subprocess.run(
            command, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False, timeout=PATIENCE
        )
        return done.returncode, done.stdout + done.stderr

    return run


def states(output):
    return {one["locked"].rpartition("/")[0].rpartition("/")[2]: one for one in json.loads(output)}


def test_a_project_learns_what_became_of_its_modules(hub, tfhub, tmp_path):
    to = {"hub": hub.url, "token": hub.token}
    for name in NAMES:
        publish(module(), card=card(f"acme/{name}/1"), **to)
    handles = [f"acme/{name}/1" for name in NAMES] + ["acme/newer"]
    assert tfhub("lock", *handles)[0] == 0
    before = (tmp_path / "tfhub.lock").read_bytes()
    code, text = tfhub("outdated")
    assert code == 0, text
    assert text.count("current ") == 5

    publish(module_with(tmp_path / "two", b"2"), card=card("acme/newer/2"), **to)
    code, text = tfhub("outdated", "--json")
    assert code == 0, "newer versions are no fault"
    assert [one["state"] for one in json.loads(text)].count("newer") == 2
    assert states(text)["newer"]["latest"] == f"{hub.url}/acme/newer/2"
    assert tfhub("outdated", "--strict")[0] == 1

    withdraw("acme/old/1", "Wrong labels.", **to)
    delete("acme/gone/1", "It held personal data.", **to)
    code, text = tfhub("outdated", "--json")
    assert code == 1
    found = states(text)
    assert (found["old"]["state"], found["old"]["reason"]) == ("withdrawn", "Wrong labels.")
    assert found["gone"]["state"] == "gone"
    assert "It held personal data" in found["gone"]["reason"]
    assert found["same"]["state"] == "current"
    assert "withdrawn  " in tfhub("outdated")[1]
    assert (tmp_path / "tfhub.lock").read_bytes() == before, "asking changes nothing"

    publish(module_with(tmp_path / "three", b"3"), card=card("acme/old/2"), **to)
    assert states(tfhub("outdated", "--json")[1])["old"]["latest"] == f"{hub.url}/acme/old/2"


def test_a_hub_that_does_not_answer_is_reported_and_has_a_code_of_its_own(tfhub, tmp_path):
    locked = {"digest": f"sha256:{'0' * 64}"}
    value = {"format": 1, "modules": {"http://127.0.0.1:1/acme/words/1": locked}}
    (tmp_path / "tfhub.lock").write_text(json.dumps(value))
    code, text = tfhub("outdated", TFHUB_RETRIES="0")
    assert code == 4, text
    assert text.startswith("unknown  ")


def test_the_mirrors_of_a_handle_are_asked_in_its_place(hub, tfhub, tmp_path):
    publish(module(), card=card("acme/mirrored/1"), hub=hub.url, token=hub.token)
    publish(module_with(tmp_path / "two", b"2"), card=card("acme/mirrored/2"), hub=hub.url, token=hub.token)
    handle = "http://127.0.0.1:1/acme/mirrored/1"
    value = {"format": 1, "modules": {handle: {"digest": f"sha256:{'0' * 64}"}}}
    (tmp_path / "tfhub.lock").write_text(json.dumps(value))
    mirrors = f"http://127.0.0.1:1/ -> http://127.0.0.1:2/, {hub.url}/"
    code, text = tfhub("outdated", "--json", TFHUB_RETRIES="0", TFHUB_MIRRORS=mirrors)
    assert code == 0, text
    [found] = json.loads(text)
    assert (found["locked"], found["state"]) == (handle, "newer")
    assert found["latest"] == "http://127.0.0.1:1/acme/mirrored/2"


def test_without_a_lock_file_it_says_how_to_make_one(tfhub):
    code, text = tfhub("outdated")
    assert code == 2
    assert "tfhub lock HANDLE" in text
