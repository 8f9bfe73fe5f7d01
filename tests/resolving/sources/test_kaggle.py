"""Modules from Kaggle: all spellings, both forms of its protocol, its good and its bad days."""

from __future__ import annotations

import dataclasses
import os
import re
from pathlib import Path

import pytest
from kaggle_server import tar_gz, zipped
from loopback import Answer, as_json, page, redirect
from small_modules import files_in, small_module, write_files

import tensorflow_hub as hub
from tensorflow_hub import errors

HANDLE = "kaggle://acme/words/tensorFlow2/small/1"
PUBLISHED = HANDLE.removeprefix("kaggle://")
FEW = small_module()
MANY = {**FEW, **{f"assets/{number:03}.txt": b"%d" % number for number in range(60)}}
LARGE = small_module(size=6_000_000)
WAYS = pytest.mark.parametrize("files", [FEW, MANY], ids=["single files", "archive"])


@WAYS
def test_a_version_is_fetched_and_cached(kaggle, files):
    kaggle.publish(PUBLISHED, files)
    assert files_in(hub.resolve(HANDLE)) == files
    count = len(kaggle.server.requests)
    assert files_in(hub.resolve(HANDLE)) == files
    assert len(kaggle.server.requests) == count


def test_all_spellings_share_a_copy(kaggle):
    kaggle.publish(PUBLISHED, FEW)
    spellings = [
        HANDLE,
        "kaggle://acme/words/TensorFlow2/small/1/",
        "https://www.kaggle.com/models/acme/words/TensorFlow2/small/1",
        "https://kaggle.com/models/acme/words/tensorFlow2/small/1?tfhub-redirect=true",
        "https://www.kaggle.com/models/acme/words/frameworks/TensorFlow2/variations/small/versions/1",
    ]
    assert len({hub.resolve(handle) for handle in spellings}) == 1


@WAYS
def test_the_newer_form_of_the_protocol_serves_where_the_older_one_is_gone(kaggle, files):
    kaggle.publish(PUBLISHED, files)
    kaggle.server.interfere = lambda request: (
        kaggle.error(410, "Gone") if request.path.startswith("/api/v1/models/") else None
    )
    assert files_in(hub.resolve(HANDLE)) == files
    assert files_in(hub.resolve(HANDLE.removesuffix("/1"))) == files


def test_an_unversioned_handle_is_the_latest_version_also_offline_afterwards(kaggle, monkeypatch):
    for version in (1, 2, 10):
        kaggle.publish(f"acme/words/tensorFlow2/small/{version}", small_module(version))
    handle = HANDLE.removesuffix("/1")
    found = hub.resolve(handle)
    assert files_in(found) == small_module(10)
    assert hub.resolve(f"{handle}/10") == found
    monkeypatch.setenv("TFHUB_OFFLINE", "1")
    assert hub.resolve(handle) == found


@pytest.mark.parametrize(
    "bundle", [zipped(MANY), tar_gz(MANY, "words"), zipped({f"a/{p}": c for p, c in MANY.items()})]
)
def test_a_zip_and_a_folder_around_the_module_are_unpacked(kaggle, bundle):
    kaggle.publish(PUBLISHED, MANY, bundle=bundle)
    assert files_in(hub.resolve(HANDLE)) == MANY


def test_a_folder_around_single_files_is_taken_away(kaggle):
    kaggle.publish(PUBLISHED, {f"words/{path}": content for path, content in FEW.items()})
    assert files_in(hub.resolve(HANDLE)) == FEW


def test_a_version_with_two_modules_is_an_error(kaggle):
    kaggle.publish(PUBLISHED, {"a/saved_model.pb": b"a", "b/saved_model.pb": b"b"})
    with pytest.raises(
        errors.NotFoundError, match="no SavedModel at the root of .* but in: 'a', 'b'"
    ) as caught:
        hub.resolve(HANDLE)
    assert caught.value.hint.startswith("Download it from https://www.kaggle.com/models/acme/words/")


def test_a_version_without_a_savedmodel_says_what_is_there(kaggle):
    kaggle.publish(PUBLISHED, {"model.safetensors": b"x", "config.json": b"{}"})
    with pytest.raises(errors.NotFoundError, match="it holds safetensors"):
        hub.resolve(HANDLE)


def test_an_archive_without_a_savedmodel_says_what_is_there(kaggle):
    kaggle.publish(PUBLISHED, {f"shards/{number}.safetensors": b"x" for number in range(30)})
    with pytest.raises(errors.NotFoundError, match=r"no SavedModel .*/acme/words/.*: it holds safetensors"):
        hub.resolve(HANDLE)
    assert not list(Path(os.environ["TFHUB_CACHE_DIR"]).glob("*.manifest.json"))


@pytest.mark.parametrize(
    "handle",
    [
        "kaggle://acme/words/tensorFlow2/small/9",
        "kaggle://acme/words/tensorFlow1/small/1",
        "kaggle://acme/words/tensorFlow2/large/1",
        "kaggle://acme/words/tensorFlow2/large",
    ],
)
def test_what_is_not_there_says_what_is(kaggle, handle):
    kaggle.publish(PUBLISHED, FEW)
    kaggle.publish("acme/words/tensorFlow1/base/3", FEW)
    known = "acme/words/tensorFlow2/small/1, acme/words/tensorFlow1/base/3"
    with pytest.raises(
        errors.NotFoundError, match=f"There is no '{handle}' on Kaggle. The model has {known}"
    ):
        hub.resolve(handle)


def test_an_unknown_model_is_named(kaggle):
    with pytest.raises(errors.NotFoundError, match=r"no model acme/nothing on Kaggle .* KAGGLE_API_TOKEN"):
        hub.resolve("kaggle://acme/nothing/tensorFlow2/small/1")


@WAYS
def test_missing_consent_names_the_page_and_the_next_step(kaggle, files):
    kaggle.publish(PUBLISHED, files)
    kaggle.terms.add("acme/words")
    with pytest.raises(
        errors.ForbiddenError,
        match=r"terms of use .* Accept them on https://www\.kaggle\.com/models/acme/words.* KAGGLE_API_TOKEN",
    ):
        hub.resolve(HANDLE)


def test_a_private_model_says_so(kaggle, monkeypatch):
    kaggle.publish(PUBLISHED, FEW)
    kaggle.private.add("acme/words")
    kaggle.tokens.add("Bearer KGAT_right")
    with pytest.raises(errors.ForbiddenError, match="it is private, or there is no such model"):
        hub.resolve(HANDLE)
    monkeypatch.setenv("KAGGLE_API_TOKEN", "KGAT_right")
    assert files_in(hub.resolve(HANDLE)) == FEW
    assert all("authorization" not in request.headers for request in kaggle.storage.server.requests)


def test_a_wrong_token_says_where_to_make_one(kaggle, monkeypatch):
    kaggle.publish(PUBLISHED, FEW)
    monkeypatch.setenv("KAGGLE_API_TOKEN", "KGAT_wrong")
    with pytest.raises(errors.AuthenticationError, match=r"does not know the token .*kaggle\.com/settings"):
        hub.resolve(HANDLE)


def test_errors_with_the_status_of_a_success_are_errors(kaggle):
    kaggle.publish(PUBLISHED, FEW)
    kaggle.disguised = True
    with pytest.raises(errors.NotFoundError, match=r"The model has|no model"):
        hub.resolve("kaggle://acme/words/tensorFlow2/small/9")
    kaggle.terms.add("acme/words")
    for files in (FEW, MANY):
        kaggle.publish(PUBLISHED, files)
        with pytest.raises(errors.ForbiddenError, match="terms of use"):
            hub.resolve(HANDLE)


def test_a_rate_limit_is_waited_for(kaggle):
    kaggle.publish(PUBLISHED, FEW)
    kaggle.server.interfere = lambda request: (
        as_json({"code": 429, "message": "TooManyRequests"}, 429, **{"Retry-After": "0"})
        if len(kaggle.server.requests) == 1
        else None
    )
    assert files_in(hub.resolve(HANDLE)) == FEW


def test_a_long_rate_limit_is_reported(kaggle):
    kaggle.publish(PUBLISHED, FEW)
    kaggle.server.interfere = lambda request: as_json({}, 429, **{"Retry-After": "9999"})
    with pytest.raises(errors.LimitError, match="asks to slow down.* asks to wait 9,999 s"):
        hub.resolve(HANDLE)


@pytest.mark.parametrize("fault", ["expire", "change_key"])
@pytest.mark.parametrize("many", [False, True], ids=["single files", "archive"])
def test_a_signed_address_that_runs_out_is_requested_again_and_the_download_goes_on(kaggle, many, fault):
    files = {**LARGE, **(MANY if many else {}), **LARGE}
    kaggle.publish(PUBLISHED, files)
    storage, broken = kaggle.storage, []

    def interfere(request):
        right = storage.server.answer_to(request)
        if not broken and right.status in {200, 206} and right.size > 5_000_000:
            broken.append(request)
            getattr(storage, fault)()
            return dataclasses.replace(right, cut=3_000_000)
        return None

    storage.server.interfere = interfere
    assert files_in(hub.resolve(HANDLE)) == files
    again = [request for request in storage.server.requests if request.headers.get("if-range")]
    assert any(request.headers["range"] != "bytes=0-" for request in again)


def test_a_storage_that_always_refuses_is_named(kaggle):
    kaggle.publish(PUBLISHED, FEW)
    kaggle.storage.server.interfere = lambda request: Answer(403, b"<Code>SignatureDoesNotMatch</Code>")
    with pytest.raises(errors.ForbiddenError, match=r"storage refuses the address .*\(403.* a stale one"):
        hub.resolve(HANDLE)


@WAYS
def test_a_failed_storage_leaves_no_incomplete_module(kaggle, files):
    kaggle.publish(PUBLISHED, files)
    kaggle.storage.close()
    with pytest.raises(errors.UnreachableError, match=r"127\.0\.0\.1"):
        hub.resolve(HANDLE)
    assert not list(Path(os.environ["TFHUB_CACHE_DIR"]).glob("*/saved_model.pb"))


def test_a_page_instead_of_a_file_is_refused(kaggle):
    kaggle.publish(PUBLISHED, FEW)
    kaggle.storage.server.interfere = lambda request: page("Log in")
    told = r"Expected '.+' of '.+' with [0-9,]+ bytes from http://127\.0\.0\.1:[0-9]+/.+, got a web page\."
    with pytest.raises(errors.DownloadError, match=f"{told} Open http"):
        hub.resolve(HANDLE)


def test_a_page_instead_of_an_archive_is_refused(kaggle):
    kaggle.publish(PUBLISHED, MANY)
    kaggle.storage.server.interfere = lambda request: page("Log in")
    with pytest.raises(errors.ArchiveError, match="Expected an archive from .*, got a web page. Open http:"):
        hub.resolve(HANDLE)


@pytest.mark.parametrize("name", ["../evil", "/etc/evil", "a/../../evil", "variables\\..\\evil", "nul\0"])
def test_a_name_that_leaves_the_module_is_refused(kaggle, name):
    kaggle.publish(PUBLISHED, FEW)
    right = as_json({"files": [{"name": "saved_model.pb", "size": 1}, {"name": name, "size": 1}]})
    kaggle.server.interfere = lambda request: right if request.path.endswith("/files") else None
    with pytest.raises(errors.ArchiveError, match=re.escape(repr(name)[1:-1][-4:])):
        hub.resolve(HANDLE)
    assert not kaggle.storage.server.requests


@pytest.mark.parametrize("wrong", [-1, 1, -1000])
def test_a_wrong_size_is_found(kaggle, wrong):
    kaggle.publish(PUBLISHED, FEW)
    listed = [{"name": path, "size": len(content)} for path, content in FEW.items()]
    listed[0]["size"] += wrong
    kaggle.server.interfere = lambda request: (
        as_json({"files": listed, "nextPageToken": ""}) if request.path.endswith("/files") else None
    )
    with pytest.raises((errors.DownloadError, errors.DigestError), match=r"saved_model\.pb"):
        hub.resolve(HANDLE)


@pytest.mark.parametrize(
    "answer", [b"[]", b"nonsense", b'{"files": [1]}', b'{"files": [{"name": 1, "size": 1}]}']
)
def test_nonsense_from_kaggle_is_refused(kaggle, answer):
    kaggle.publish(PUBLISHED, FEW)
    kaggle.server.interfere = lambda request: Answer(200, answer, {"Content-Type": "application/json"})
    with pytest.raises(errors.DownloadError, match="Expected (an answer in JSON|a list of files)"):
        hub.resolve(HANDLE)


@WAYS
@pytest.mark.parametrize("hashes", ["md5=AAAAAAAAAAAAAAAAAAAAAA==", "crc32c=AAAAAA=="])
def test_bytes_with_another_checksum_are_refused(kaggle, files, hashes):
    kaggle.publish(PUBLISHED, files, hashes=hashes)
    with pytest.raises((errors.DigestError, errors.ArchiveError), match="md5|MD5|crc32c|CRC"):
        hub.resolve(HANDLE)
    assert not list(Path(os.environ["TFHUB_CACHE_DIR"]).glob("*/saved_model.pb"))


@WAYS
def test_a_storage_without_checksums_is_believed(kaggle, files):
    kaggle.publish(PUBLISHED, files, hashes="")
    assert files_in(hub.resolve(HANDLE)) == files


def test_a_redirect_without_encryption_or_off_the_web_is_refused(kaggle):
    kaggle.publish(PUBLISHED, MANY)
    kaggle.server.interfere = lambda request: (
        redirect("file:///etc/passwd") if request.path.endswith("/download") else None
    )
    with pytest.raises(errors.DownloadError, match="which is no address on the web"):
        hub.resolve(HANDLE)


# --- what is on this machine already ----------------------------------------------------------------


@pytest.mark.parametrize("framework", ["tensorFlow2", "TensorFlow2", "tensorflow2", "tensor_flow_2"])
def test_downloads_of_kagglehub_are_used(tmp_path, monkeypatch, framework):
    monkeypatch.setenv("KAGGLEHUB_CACHE", str(tmp_path))
    monkeypatch.setenv("TFHUB_OFFLINE", "1")
    place = tmp_path / "models" / "acme" / "words" / framework / "small" / "1"
    write_files(place, FEW)
    with pytest.raises(errors.OfflineError, match="not in the cache"):
        hub.resolve(HANDLE)
    Path(f"{place}.complete").touch()
    assert hub.resolve(HANDLE) == str(place)


def test_incomplete_downloads_of_kagglehub_are_not_used(tmp_path, monkeypatch):
    monkeypatch.setenv("KAGGLEHUB_CACHE", str(tmp_path))
    monkeypatch.setenv("TFHUB_OFFLINE", "1")
    place = tmp_path / "models" / "acme" / "words" / "tensorFlow2" / "small" / "1"
    write_files(place, {path: content for path, content in FEW.items() if "data" not in path})
    Path(f"{place}.complete").touch()
    with pytest.raises(errors.OfflineError, match="not in the cache"):
        hub.resolve(HANDLE)


def test_the_latest_version_that_kagglehub_has_serves_while_kaggle_is_down(tmp_path, kaggle, monkeypatch):
    monkeypatch.setenv("KAGGLEHUB_CACHE", str(tmp_path))
    base = tmp_path / "models" / "acme" / "words" / "tensorFlow2" / "small"
    for version in (2, 10):
        write_files(base / str(version), FEW)
        (base / f"{version}.complete").touch()
    kaggle.close()
    assert hub.resolve(HANDLE.removesuffix("/1")) == str(base / "10")


@pytest.mark.parametrize("place", ["words/tensorflow2/small/1", "models/acme/words/tensorflow2/small/1"])
def test_a_model_attached_to_a_notebook_is_used(tmp_path, monkeypatch, place):
    monkeypatch.setenv("KAGGLE_CACHE_MOUNT_FOLDER", str(tmp_path))
    monkeypatch.setenv("TFHUB_OFFLINE", "1")
    write_files(tmp_path / place, FEW)
    with pytest.raises(errors.OfflineError, match="not in the cache"):
        hub.resolve(HANDLE)
    monkeypatch.setenv("KAGGLE_KERNEL_RUN_TYPE", "Interactive")
    assert hub.resolve(HANDLE) == str(tmp_path / place)
