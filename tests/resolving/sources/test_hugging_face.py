"""Modules from Hugging Face: revisions, folders, digests, its good and its bad days."""

from __future__ import annotations

import dataclasses
import json
import os
import re
from pathlib import Path

import pytest
from kaggle_server import tar_gz
from loopback import Answer, as_json
from small_modules import files_in, small_module, write_files

import tensorflow_hub as hub
from tensorflow_hub import errors

HANDLE = "hf://acme/words"
FILES = small_module()


def test_a_repository_is_fetched_and_cached_by_its_commit(hugging_face):
    commit = hugging_face.publish("acme/words", {**FILES, "README.md": b"# words", "model.safetensors": b"x"})
    found = hub.resolve(HANDLE)
    assert files_in(found) == FILES
    assert hub.resolve(f"{HANDLE}@main") == found
    assert hub.resolve(f"https://huggingface.co/acme/words/tree/{commit}") == found
    assert "/acme/words/revision/" in hugging_face.server.paths()[0]


def test_a_commit_that_is_cached_is_not_asked_for(hugging_face):
    commit = hugging_face.publish("acme/words", FILES)
    hub.resolve(f"{HANDLE}@{commit}")
    count = len(hugging_face.server.requests)
    hub.resolve(f"{HANDLE}@{commit}")
    assert len(hugging_face.server.requests) == count


def test_a_branch_moves_on_and_what_programs_read_stays(hugging_face, monkeypatch):
    hugging_face.publish("acme/words", small_module(1))
    first = hub.resolve(HANDLE)
    hugging_face.publish("acme/words", small_module(2))
    second = hub.resolve(HANDLE)
    assert (files_in(first), files_in(second)) == (small_module(1), small_module(2))
    monkeypatch.setenv("TFHUB_OFFLINE", "1")
    assert hub.resolve(HANDLE) == second


def test_a_folder_and_a_branch_with_a_slash(hugging_face):
    inside = {f"models/large/{path}": content for path, content in FILES.items()}
    hugging_face.publish("acme/words", {**inside, "models/large/variables.txt": b"x"}, branch="tf/2")
    assert files_in(hub.resolve("hf://acme/words@tf%2F2/models/large")) == FILES
    assert files_in(hub.resolve("https://huggingface.co/acme/words/tree/tf%2F2/models/large")) == FILES
    assert files_in(hub.resolve("hf://acme/words@tf%2F2")) == FILES


@pytest.mark.parametrize("page_size", [2, 100])
def test_thousands_of_files_come_in_pages(hugging_face, page_size):
    hugging_face.page_size = page_size
    files = {**FILES, **{f"assets/{number:04}": b"%d" % number for number in range(20 * page_size)}}
    hugging_face.publish("acme/words", files)
    assert files_in(hub.resolve(HANDLE)) == files


def test_more_files_than_allowed_are_refused(hugging_face, monkeypatch):
    hugging_face.publish("acme/words", {**FILES, **{f"assets/{number}": b"" for number in range(30)}})
    monkeypatch.setenv("TFHUB_MAX_FILES", "20")
    with pytest.raises(errors.DownloadError, match=r"at most 20 files .* TFHUB_MAX_FILES"):
        hub.resolve(HANDLE)


@pytest.mark.parametrize(
    ("handle", "prepare", "kind", "says"),
    [
        ("hf://acme/nothing", None, errors.NotFoundError, "does not exist, or is private.* HF_TOKEN"),
        ("hf://acme/words@v9", None, errors.NotFoundError, "no branch, tag or commit 'v9'"),
        (
            "hf://acme/words/large",
            None,
            errors.NotFoundError,
            "no SavedModel in the folder 'large' .*the root",
        ),
        (HANDLE, "private", errors.NotFoundError, "does not exist, or is private"),
        (
            HANDLE,
            "gated",
            errors.ForbiddenError,
            r"terms of use .* Accept them on https://huggingface\.co/acme/words, ",
        ),
    ],
)
def test_refusals_say_the_next_step(hugging_face, handle, prepare, kind, says):
    hugging_face.publish("acme/words", FILES)
    if prepare:
        getattr(hugging_face, prepare).add("acme/words")
    with pytest.raises(kind, match=says):
        hub.resolve(handle)


def test_a_repository_without_a_savedmodel_says_what_it_holds(hugging_face):
    hugging_face.publish(
        "acme/words", {"model.safetensors": b"x", "pytorch_model.bin": b"x", "tf/m.tflite": b"x"}
    )
    with pytest.raises(errors.NotFoundError, match="it holds PyTorch, TensorFlow Lite, safetensors"):
        hub.resolve(HANDLE)


def test_a_folder_or_archive_with_the_module_is_named_by_its_handle(hugging_face):
    commit = hugging_face.publish("acme/words", {"saved-model.tar.gz": b"x"})
    with pytest.raises(
        errors.NotFoundError, match=r"An archive may hold one: saved-model\.tar\.gz\."
    ) as caught:
        hub.resolve(HANDLE)
    assert caught.value.hint.endswith(f"Its handle is 'hf://acme/words@{commit}/saved-model.tar.gz'.")
    commit = hugging_face.publish("acme/words", {f"{place}/saved_model.pb": b"x" for place in "ab"})
    with pytest.raises(errors.NotFoundError, match="but in: 'a', 'b'") as caught:
        hub.resolve(HANDLE)
    assert caught.value.hint == f"Its handle is 'hf://acme/words@{commit}/a'."


def test_an_archive_in_a_repository_is_unpacked(hugging_face):
    archive = tar_gz(FILES, "words")
    hugging_face.publish("acme/words", {"README.md": b"text", "tf/saved-model.tar.gz": archive})
    handle = f"{HANDLE}/tf/saved-model.tar.gz"
    assert files_in(hub.resolve(handle)) == FILES
    hugging_face.publish("acme/words", {"tf/saved-model.tar.gz": tar_gz(small_module(1))})
    hugging_face.cdn.server.interfere = lambda request: Answer(200, archive)
    with pytest.raises(errors.DigestError, match="with the sha256 "):
        hub.resolve(handle)
    hugging_face.publish("acme/words", {"tf/saved-model.tar.gz": tar_gz({"model.safetensors": b"x"})})
    with pytest.raises(errors.NotFoundError, match="it holds safetensors"):
        hub.resolve(handle)
    with pytest.raises(errors.NotFoundError, match=r"no archive 'tf/other\.tar\.gz' in the repository"):
        hub.resolve(f"{HANDLE}/tf/other.tar.gz")


def test_a_cdn_that_always_refuses_is_named(hugging_face):
    hugging_face.publish("acme/words", FILES)
    hugging_face.cdn.server.interfere = lambda request: Answer(403)
    with pytest.raises(errors.ForbiddenError, match=r"refuses the address that Hugging Face gave .*\(403\)"):
        hub.resolve(HANDLE)


def test_the_token_opens_a_private_repository_and_stays_with_its_host(hugging_face, monkeypatch):
    hugging_face.publish("acme/words", FILES)
    hugging_face.private.add("acme/words")
    hugging_face.tokens.add("hf_right")
    monkeypatch.setenv("HF_TOKEN", "hf_wrong")
    with pytest.raises(errors.AuthenticationError, match="does not know the token"):
        hub.resolve(HANDLE)
    monkeypatch.setenv("HF_TOKEN", "hf_right")
    assert files_in(hub.resolve(HANDLE)) == FILES
    assert hugging_face.cdn.server.requests
    assert all("authorization" not in request.headers for request in hugging_face.cdn.server.requests)


@pytest.mark.parametrize(
    "path", ["saved_model.pb", "variables/variables.data-00000-of-00001"], ids=["git", "lfs"]
)
def test_other_bytes_than_the_digest_says_are_refused(hugging_face, path):
    hugging_face.publish("acme/words", FILES)
    wrong = bytes(len(FILES[path]))
    for server in (hugging_face.server, hugging_face.cdn.server):

        def interfere(request, server=server):
            right = server.answer_to(request)
            return dataclasses.replace(right, body=wrong) if right.size == len(wrong) else None

        server.interfere = interfere
    with pytest.raises(errors.DigestError, match=path.rpartition("/")[2]):
        hub.resolve(HANDLE)
    assert not list(Path(os.environ["TFHUB_CACHE_DIR"]).glob("*/saved_model.pb"))


@pytest.mark.parametrize("wrong", [-1, 1])
@pytest.mark.parametrize("path", ["saved_model.pb", "variables/variables.data-00000-of-00001"])
def test_a_wrong_size_is_found(hugging_face, path, wrong):
    hugging_face.publish("acme/words", FILES)

    def interfere(request):
        if "/tree/" not in request.path:
            return None
        listed = json.loads(hugging_face.server.answer_to(request).body)
        for entry in listed:
            if entry["path"] == path:
                entry["size"] += wrong
                entry.get("lfs", {})["size"] = entry["size"]
        return as_json(listed)

    hugging_face.server.interfere = interfere
    with pytest.raises((errors.DownloadError, errors.DigestError), match=re.escape(path)):
        hub.resolve(HANDLE)
    assert not list(Path(os.environ["TFHUB_CACHE_DIR"]).glob("*/saved_model.pb"))


@pytest.mark.parametrize("fault", ["expire", "change_key"])
def test_an_address_of_the_cdn_that_runs_out_is_requested_again_and_the_download_goes_on(hugging_face, fault):
    files = small_module(size=6_000_000)
    hugging_face.publish("acme/words", files)
    cdn, broken = hugging_face.cdn, []

    def interfere(request):
        right = cdn.server.answer_to(request)
        if not broken and right.status in {200, 206}:
            broken.append(request)
            getattr(cdn, fault)()
            return dataclasses.replace(right, cut=1_000_000)
        return None

    cdn.server.interfere = interfere
    assert files_in(hub.resolve(HANDLE)) == files
    assert broken


def test_a_failed_cdn_leaves_no_incomplete_module(hugging_face):
    hugging_face.publish("acme/words", FILES)
    hugging_face.cdn.close()
    with pytest.raises(errors.UnreachableError, match=r"127\.0\.0\.1"):
        hub.resolve(HANDLE)
    assert not list(Path(os.environ["TFHUB_CACHE_DIR"]).glob("*/saved_model.pb"))


@pytest.mark.parametrize("name", ["variables/../../evil", "assets/\n", "variables/\\x"])
def test_a_name_that_leaves_the_module_is_refused(hugging_face, name):
    hugging_face.publish("acme/words", FILES)
    entries = [
        {"type": "file", "path": path, "size": 1, "oid": "0" * 40} for path in ("saved_model.pb", name)
    ]
    hugging_face.server.interfere = lambda request: as_json(entries) if "/tree/" in request.path else None
    with pytest.raises(errors.ArchiveError, match="Expected"):
        hub.resolve(HANDLE)


@pytest.mark.parametrize(
    "answer",
    [
        b"nonsense",
        b"[1]",
        b'[{"type": "file", "path": "x"}]',
        b'{"sha": 1}',
        b'[{"path": "a", "oid": "b", "size": Infinity}]',
    ],
)
def test_nonsense_from_hugging_face_is_refused(hugging_face, answer):
    commit = hugging_face.publish("acme/words", FILES)
    hugging_face.server.interfere = lambda request: Answer(200, answer)
    with pytest.raises(errors.DownloadError, match="Expected"):
        hub.resolve(f"{HANDLE}@{commit}")
    with pytest.raises(errors.DownloadError, match="Expected"):
        hub.resolve(HANDLE)


def test_a_next_page_on_another_host_is_refused(hugging_face):
    hugging_face.publish("acme/words", FILES)
    hugging_face.server.interfere = lambda request: (
        as_json([], Link='<http://127.0.0.1:1/more>; rel="next"') if "/tree/" in request.path else None
    )
    with pytest.raises(errors.DownloadError, match="Expected the next page of the list"):
        hub.resolve(HANDLE)


def test_an_endless_list_of_pages_is_refused(hugging_face, monkeypatch):
    monkeypatch.setattr("tensorflow_hub.resolving.sources.hugging_face._MOST_PAGES", 5)
    hugging_face.publish("acme/words", FILES)
    link = f'<{hugging_face.url}/api/models/acme/words/tree/x>; rel="next"'
    hugging_face.server.interfere = lambda request: (
        as_json([], Link=link) if "/tree/" in request.path else None
    )
    with pytest.raises(errors.DownloadError, match="files in .*, got more"):
        hub.resolve(HANDLE)
    assert sum("/tree/" in path for path in hugging_face.server.paths()) <= 4 * 5


def test_a_rate_limit_is_waited_for(hugging_face):
    hugging_face.publish("acme/words", FILES)
    hugging_face.server.interfere = lambda request: (
        as_json({}, 429, RateLimit='"api";r=0;t=0') if len(hugging_face.server.requests) == 1 else None
    )
    assert files_in(hub.resolve(HANDLE)) == FILES


def test_a_long_rate_limit_is_reported(hugging_face):
    hugging_face.publish("acme/words", FILES)
    hugging_face.server.interfere = lambda request: as_json({}, 429, RateLimit='"resolvers";r=0;t=4000')
    with pytest.raises(errors.LimitError, match="asks to wait 4,000 s"):
        hub.resolve(HANDLE)


# --- what is on this machine already ----------------------------------------------------------------


def downloaded(place: Path, commit: str, branch: str = "main") -> Path:
    """A repository as `huggingface_hub` keeps it."""
    base = place / "models--acme--words"
    snapshot = base / "snapshots" / commit
    for number, (path, content) in enumerate(FILES.items()):
        blob = base / "blobs" / str(number)
        blob.parent.mkdir(parents=True, exist_ok=True)
        blob.write_bytes(content)
        link = snapshot / path
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(os.path.relpath(blob, link.parent))
    write_files(base / "refs", {branch: commit.encode()})
    return snapshot


@pytest.mark.parametrize("variable", ["TFHUB_OFFLINE", "HF_HUB_OFFLINE"])
def test_downloads_of_huggingface_hub_are_used(tmp_path, monkeypatch, variable):
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setenv(variable, "1")
    with pytest.raises(errors.OfflineError, match="OFFLINE"):
        hub.resolve(HANDLE)
    snapshot = downloaded(tmp_path, "c" * 40)
    assert hub.resolve(HANDLE) == str(snapshot)
    assert hub.resolve(f"{HANDLE}@{'c' * 40}") == str(snapshot)


def test_downloads_of_huggingface_hub_are_used_while_hugging_face_is_down(
    tmp_path, hugging_face, monkeypatch
):
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    snapshot = downloaded(tmp_path / "hub", "c" * 40)
    hugging_face.close()
    assert hub.resolve(HANDLE) == str(snapshot)
