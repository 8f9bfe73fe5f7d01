"""The servers of our tests speak what the services speak: the services' clients load modules from them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hugging_face_server import HuggingFaceServer
from kaggle_server import KaggleServer
from loopback import Answer

SMALL = {
    "saved_model.pb": b"graph " * 1000,
    "variables/variables.index": b"index" * 10,
    "variables/variables.data-00000-of-00001": bytes(range(256)) * 20_000,
    "assets/words.txt": b"ja\nnein\n" * 100,
}
MANY = {**SMALL, **{f"assets/{number:03}.txt": b"%d" % number for number in range(60)}}
KAGGLEHUBS = pytest.mark.parametrize("client", ["kagglehub-rest", "kagglehub-rpc"])


@pytest.fixture
def kaggle():
    server = KaggleServer()
    yield server
    server.close()


@pytest.fixture
def hugging_face():
    server = HuggingFaceServer()
    yield server
    server.close()


def contents(path: str) -> dict[str, bytes]:
    root = Path(path)
    return {
        file.relative_to(root).as_posix(): file.read_bytes() for file in root.rglob("*") if file.is_file()
    }


def place_of(done) -> str:
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1]


@KAGGLEHUBS
@pytest.mark.parametrize("files", [SMALL, MANY], ids=["single files", "bundle"])
def test_kagglehub_downloads_a_version(run_client, kaggle, client, files):
    kaggle.publish("google/words/tensorFlow2/small/1", {"saved_model.pb": b"old"})
    kaggle.publish("google/words/tensorFlow2/small/2", files)
    done = run_client(client, "google/words/TensorFlow2/small/2", KAGGLE_API_ENDPOINT=kaggle.url)
    assert contents(place_of(done)) == files
    assert all("authorization" not in request.headers for request in kaggle.storage.server.requests)


@KAGGLEHUBS
def test_kagglehub_finds_the_latest_version(run_client, kaggle, client):
    for version in (1, 2, 10):
        kaggle.publish(f"google/words/tensorFlow2/small/{version}", {"saved_model.pb": b"%d" % version})
    done = run_client(client, "google/words/tensorFlow2/small", KAGGLE_API_ENDPOINT=kaggle.url)
    assert contents(place_of(done)) == {"saved_model.pb": b"10"}


@KAGGLEHUBS
def test_kagglehub_sends_its_token_to_kaggle_only(run_client, kaggle, client):
    kaggle.private.add("acme/secret")
    kaggle.tokens |= {"Bearer KGAT_right", "Basic bWU6a2V5"}
    kaggle.publish("acme/secret/tensorFlow2/a/1", SMALL)
    given = {"KAGGLE_USERNAME": "me", "KAGGLE_KEY": "key"}
    if client == "kagglehub-rpc":
        given = {"KAGGLE_API_TOKEN": "KGAT_right"}
    done = run_client(client, "acme/secret/tensorFlow2/a/1", KAGGLE_API_ENDPOINT=kaggle.url, **given)
    assert contents(place_of(done)) == SMALL
    assert all(request.headers["authorization"] in kaggle.tokens for request in kaggle.server.requests)
    assert all("authorization" not in request.headers for request in kaggle.storage.server.requests)


@KAGGLEHUBS
@pytest.mark.parametrize(
    ("prepare", "says"),
    [
        (lambda kaggle: kaggle.private.add("google/words"), "403"),
        (lambda kaggle: kaggle.terms.add("google/words"), "403"),
    ],
    ids=["private", "terms"],
)
def test_kagglehub_understands_refusals(run_client, kaggle, client, prepare, says):
    kaggle.publish("google/words/tensorFlow2/small/1", SMALL)
    prepare(kaggle)
    done = run_client(client, "google/words/tensorFlow2/small/1", KAGGLE_API_ENDPOINT=kaggle.url)
    assert done.returncode == 1
    assert f"{says} Client Error" in done.stderr


def test_kagglehub_understands_errors_with_status_200(run_client, kaggle):
    kaggle.publish("google/words/tensorFlow2/small/1", SMALL)
    kaggle.disguised = True
    done = run_client("kagglehub-rpc", "google/words/tensorFlow2/small/2", KAGGLE_API_ENDPOINT=kaggle.url)
    assert done.returncode == 1
    assert "Not found" in done.stderr


@KAGGLEHUBS
def test_kagglehub_takes_a_broken_download_up_again(run_client, kaggle, client):
    kaggle.publish("google/words/tensorFlow2/small/1", MANY)
    storage = kaggle.storage.server
    storage.interfere = lambda request: Answer(
        **{**vars(storage.answer_to(request)), "cut": 3_000_000 if len(storage.requests) == 1 else None}
    )
    big = {"assets/large": b"".join(b"%d" % (number * 7919) for number in range(1_000_000))}
    kaggle.publish("google/words/tensorFlow2/small/2", {**MANY, **big})
    arguments = (client, "google/words/tensorFlow2/small/2")
    assert run_client(*arguments, KAGGLE_API_ENDPOINT=kaggle.url).returncode == 1
    storage.interfere = lambda request: None
    assert contents(place_of(run_client(*arguments, KAGGLE_API_ENDPOINT=kaggle.url))) == {**MANY, **big}
    assert any("range" in request.headers for request in storage.requests)


@KAGGLEHUBS
def test_kagglehub_finds_wrong_bytes_by_our_checksums(run_client, kaggle, client):
    kaggle.publish("google/words/tensorFlow2/small/1", SMALL, hashes="md5=AAAAAAAAAAAAAAAAAAAAAA==")
    done = run_client(client, "google/words/tensorFlow2/small/1", KAGGLE_API_ENDPOINT=kaggle.url)
    assert done.returncode == 1
    assert "MD5 checksum" in done.stderr


@pytest.mark.parametrize("page_size", [1000, 7])
def test_huggingface_hub_downloads_a_repository(run_client, hugging_face, page_size):
    hugging_face.page_size = page_size
    hugging_face.publish("acme/words", {"saved_model.pb": b"old"})
    hugging_face.publish("acme/words", MANY)
    done = run_client("huggingface_hub", "acme/words", "main", HF_ENDPOINT=hugging_face.url)
    assert contents(place_of(done)) == MANY
    assert hugging_face.cdn.server.requests
    assert all("authorization" not in request.headers for request in hugging_face.cdn.server.requests)


def test_huggingface_hub_finds_a_branch_and_a_commit(run_client, hugging_face):
    sha = hugging_face.publish("acme/words", {"saved_model.pb": b"tf2"}, branch="tf2")
    hugging_face.publish("acme/words", {"saved_model.pb": b"main"})
    for revision in ("tf2", sha):
        done = run_client("huggingface_hub", "acme/words", revision, HF_ENDPOINT=hugging_face.url)
        assert contents(place_of(done)) == {"saved_model.pb": b"tf2"}


@pytest.mark.parametrize(
    ("prepare", "revision", "says"),
    [
        (lambda server: server.gated.add("acme/words"), "main", "GatedRepoError"),
        (lambda server: server.private.add("acme/words"), "main", "RepositoryNotFoundError"),
        (lambda server: None, "no-such-branch", "RevisionNotFoundError"),
    ],
    ids=["gated", "private", "revision"],
)
def test_huggingface_hub_understands_refusals(run_client, hugging_face, prepare, revision, says):
    hugging_face.publish("acme/words", SMALL)
    prepare(hugging_face)
    done = run_client("huggingface_hub", "acme/words", revision, HF_ENDPOINT=hugging_face.url)
    assert done.returncode == 1
    assert says in done.stderr


def test_huggingface_hub_sends_its_token_to_the_hub_only(run_client, hugging_face):
    hugging_face.publish("acme/secret", SMALL)
    hugging_face.private.add("acme/secret")
    hugging_face.tokens.add("hf_right")
    done = run_client(
        "huggingface_hub", "acme/secret", "main", HF_ENDPOINT=hugging_face.url, HF_TOKEN="hf_right"
    )
    assert contents(place_of(done)) == SMALL
    assert all("authorization" not in request.headers for request in hugging_face.cdn.server.requests)
