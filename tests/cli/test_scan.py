"""`tfhub scan` and `tfhub where`, as processes, against servers that answer for tfhub.dev and Kaggle."""

from __future__ import annotations

import json

import pytest
from kaggle_server import tar_gz
from small_modules import small_module

USE = "https://tfhub.dev/google/universal-sentence-encoder/4"
ON_KAGGLE = "google/universal-sentence-encoder/tensorFlow2/universal-sentence-encoder/2"
GONE = "https://tfhub.dev/svampeatlas/vision/embedder/fungi_V2/1"
PROGRAM = f"""
import tensorflow_hub as hub
encoder = hub.load("{USE}")
module = hub.Module(choose())
"""


@pytest.fixture
def kaggle(services):
    services.kaggle.publish(ON_KAGGLE, small_module())
    return services.kaggle


@pytest.fixture
def tfhub(services, kaggle):
    return services.tfhub


@pytest.fixture
def programs(tmp_path):
    (tmp_path / "programs").mkdir()
    (tmp_path / "programs" / "train.py").write_text(PROGRAM)
    return tmp_path / "programs"


def test_a_scan_lists_handles_places_and_changes_without_requests(tfhub, services, programs):
    done = tfhub("scan", "programs")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[:4] == [
        USE,
        "  train.py:3",
        f"  → {USE}",
        f"  → kaggle://{ON_KAGGLE}",
    ]
    assert "train.py:4: hub.Module needs graph mode" in done.stdout
    assert "train.py:4: hub.Module(choose())" in done.stdout
    assert done.stderr.splitlines()[-1] == "1 program, 1 handle, 2 calls, 1 to change."
    assert not services.kaggle.server.requests
    assert not services.tfhub_dev.server.requests


def test_a_scan_asks_where_it_is_told_to(tfhub, services, programs):
    services.tfhub_dev.day = "refused"
    found = json.loads(tfhub("scan", "programs", "--ask", "--json").stdout)
    [handle] = found["handles"]
    assert handle["spots"] == [{"file": "train.py", "cell": 0, "line": 3}]
    leads = {(place["place"], place["has_module"]) for place in handle["leads"]}
    assert (USE, False) in leads
    assert (f"kaggle://{ON_KAGGLE}", True) in leads
    assert found["calls"][1]["changes"][0]["topic"] == "graph"


def test_a_scan_locks_and_fetches(tfhub, programs, tmp_path):
    done = tfhub("scan", "programs", "--lock", "--pull")
    assert done.returncode == 0, done.stderr
    assert USE in (tmp_path / "tfhub.lock").read_text()
    assert tfhub("lock").returncode == 0
    (programs / "more.py").write_text(f"URL = '{GONE}'\n")
    done = tfhub("scan", "programs", "--pull")
    assert done.returncode == 3
    assert "deleted from tfhub.dev by Google" in done.stderr


@pytest.mark.parametrize("day", ["good", "refused", "gone"])
def test_where_says_what_each_place_answers(tfhub, services, kaggle, day):
    services.tfhub_dev.moved["google/universal-sentence-encoder/4"] = ON_KAGGLE
    services.tfhub_dev.day = day
    services.tfhub_dev.put_in_bucket("google/universal-sentence-encoder/4", tar_gz(small_module()))
    done = tfhub("where", USE, "--json")
    assert done.returncode == 0, done.stderr
    stops = json.loads(done.stdout)
    sources = {stop["place"]: stop["has_module"] for stop in stops if stop["kind"] == "source"}
    assert sources == {
        USE: day == "good",
        f"kaggle://{ON_KAGGLE}": True,
        f"{kaggle.storage.url}/tfhub-modules/google/universal-sentence-encoder/4.tar.gz": True,
    }
    assert {stop["has_module"] for stop in stops if stop["kind"] == "cache"} == {False}
    assert tfhub("pull", USE).returncode == 0
    stops = json.loads(tfhub("where", "--no-ask", USE, "--json").stdout)
    assert next(stop["has_module"] for stop in stops if stop["kind"] == "cache") is True


def test_where_fails_if_no_place_has_the_module(tfhub):
    done = tfhub("where", GONE)
    assert done.returncode == 3
    assert f"source: {GONE}\n  Google deleted it on 2024-03-18." in done.stdout
    assert done.stderr.splitlines()[-1] == "It was found in none of these places."


def test_where_says_what_to_do_about_a_place_that_refuses(tfhub, kaggle):
    kaggle.private.add("google/universal-sentence-encoder")
    done = tfhub("where", f"kaggle://{ON_KAGGLE}")
    assert done.returncode == 3
    line = next(line for line in done.stdout.splitlines() if line.startswith("  → "))
    assert line.startswith(f"  → Open https://www.kaggle.com/models/{ON_KAGGLE}. ")
    assert "set KAGGLE_API_TOKEN" in line


def test_where_tells_the_place_that_the_module_would_be_taken_from(tfhub):
    done = tfhub("where", f"kaggle://{ON_KAGGLE}")
    assert f"kaggle://{ON_KAGGLE} is not there." in done.stdout
    told = f"It would be taken from the first that has it: source kaggle://{ON_KAGGLE}."
    assert done.stderr.splitlines()[-1] == told


def test_a_scan_tells_what_was_deleted_and_each_inferred_place_once(tfhub, programs):
    inferred = "https://tfhub.dev/google/nnlm-de-dim50/1"
    (programs / "more.py").write_text(f"URLS = '{GONE}', '{inferred}'\n")
    lines = tfhub("scan", "programs").stdout.splitlines()
    assert f"  → {GONE}: Google deleted it on 2024-03-18." in lines
    place = "  → kaggle://google/nnlm/tensorFlow1/de-dim50/1"
    assert [line[: len(place) + 1] for line in lines if line.startswith(place)] == [f"{place}:"]


def test_where_knows_paths_names_and_locks(tfhub, tmp_path):
    (tmp_path / "module").mkdir()
    assert tfhub("where", "module").stdout == "path: module\n  It is here.\n"
    assert tfhub("where", "modul").stdout == "path: modul\n  There is no such file or folder.\n"
    done = tfhub("where", "--no-ask", "acme/words/1")
    assert "source: http://127.0.0.1:8500/acme/words/1\n  It was not asked." in done.stdout
    tfhub("lock", USE)
    assert "lock file: " in tfhub("where", "--no-ask", USE).stdout
    assert "is locked to sha256:" in tfhub("where", "--no-ask", USE).stdout
    assert tfhub("where", "foo://x").returncode == 1
