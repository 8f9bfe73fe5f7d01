"""Handle → directory, over a real server on loopback."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from archived_modules import contents, make_module, tar_gz
from hub_server import send_status

import tensorflow_hub as hub_library
from tensorflow_hub import errors
from tensorflow_hub.resolving.resolve import resolve_module


def test_a_directory_is_itself(module):
    assert hub_library.resolve(str(module)) == str(module)
    assert hub_library.resolve(module) == str(module)


def test_a_missing_path_says_so():
    with pytest.raises(errors.NotFoundError, match=r"no directory or archive at '/no/such/place'"):
        hub_library.resolve("/no/such/place")
    with pytest.raises(FileNotFoundError, match="no directory or archive"):
        hub_library.resolve("/no/such/place")


def test_a_missing_path_names_the_rule_for_modules_that_moved():
    with pytest.raises(errors.NotFoundError, match=r"TFHUB_MIRRORS='/no/such/place -> /new/path'"):
        hub_library.resolve("/no/such/place")


def test_a_module_is_found_where_its_folder_moved_to(module, monkeypatch):
    monkeypatch.setenv("TFHUB_MIRRORS", f"/no/such -> {module.parent}/none, {module.parent}")
    assert hub_library.resolve(f"/no/such/{module.name}") == str(module)
    assert hub_library.resolve(str(module)) == str(module)  # what is there is taken as it is
    with pytest.raises(errors.NotFoundError, match="nor where TFHUB_MIRRORS leads: .*none/else"):
        hub_library.resolve("/no/such/else")


def test_a_module_moved_from_a_folder_to_a_hub(hub, module, monkeypatch):
    hub.serve("acme/words/1", tar_gz(module))
    monkeypatch.setenv("TFHUB_MIRRORS", f"/no/such -> {hub.url}/acme")
    found = resolve_module("/no/such/words/1")
    assert found.origin == "download"
    assert contents(found.path) == contents(module)


@pytest.mark.parametrize("handle", ["", "ftp://a/b", "http://", "https://a b/c", None, 3, "a\0b"])
def test_something_that_is_not_a_handle_is_refused(handle):
    with pytest.raises(errors.HandleError, match="Expected a"):
        hub_library.resolve(handle)


@pytest.mark.parametrize(
    ("handle", "hint"),
    [
        ("https:/hub.example/acme/text/1", r"Did you mean 'https://hub.example/acme/text/1'\?"),
        ("s3:bucket/text", r"Did you mean 's3://bucket/text'\?"),
        ("kaggle:/acme/words", r"Did you mean 'kaggle://acme/words'\?"),
        ("acme/text/01", r"Expected a version from 1 to 2147483647 at the end of 'acme/text/01', got '01'"),
        ("acme/te xt/1", r"Expected a name of the form publisher/model"),
        ("./acme", r"Check the path"),
        ("a" * 5000, r"Check the path"),
    ],
)
def test_a_correction_of_a_misspelt_name_is_suggested(handle, hint):
    with pytest.raises(errors.NotFoundError, match=hint) as error:
        hub_library.resolve(handle)
    assert len(str(error.value)) < 400


@pytest.mark.parametrize(
    ("handle", "problem"),
    [
        ("s3://", "Expected the name of a bucket after s3://"),
        ("file://text/module", "where 'text' is a host"),
        ("http://hub.example:99999/a/b/1", "a port up to 65535"),
    ],
)
def test_a_handle_says_what_it_lacks(handle, problem):
    with pytest.raises(errors.HandleError, match=problem):
        hub_library.resolve(handle)


@pytest.mark.parametrize(
    ("handle", "url"),
    [
        ("https://me:s3cret@hub.example/a/b/1?x=1", "http://127.0.0.1:9"),
        ("a/b/1", "http://me:s3cret@hub.example"),
    ],
)
def test_a_password_in_a_handle_is_refused_and_not_shown(monkeypatch, handle, url):
    monkeypatch.setenv("TFHUB_URL", url)
    with pytest.raises(errors.HandleError, match=r"without a user name and password") as caught:
        hub_library.resolve(handle)
    assert "hub.example/a/b/1" in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_an_archive_file_is_unpacked_once_and_again_when_it_changed(module, tmp_path):
    archive = tmp_path / "ein Modul.tar.gz"
    archive.write_bytes(tar_gz(module))
    first = resolve_module(archive)
    assert (first.origin, contents(first.path)) == ("download", contents(module))
    assert resolve_module(archive).origin == "cache"
    other = make_module(tmp_path / "other", megabytes=1, seed=1)
    archive.write_bytes(tar_gz(other))
    assert contents(hub_library.resolve(str(archive))) == contents(other)


def test_a_broken_archive_file_leaves_nothing_behind(tmp_path, monkeypatch):
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path / "cache"))
    archive = tmp_path / "x.tar.gz"
    archive.write_bytes(b"\x1f\x8b no gzip at all")
    with pytest.raises(errors.ArchiveError, match="gzip"):
        hub_library.resolve(str(archive))
    assert not [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]


@pytest.mark.parametrize("setting", [("TFHUB_MAX_MODULE_SIZE", "1MB"), ("TFHUB_MAX_FILES", "3")])
@pytest.mark.parametrize("indexed", [True, False], ids=["indexed", "stream"])
def test_too_large_a_module_says_which_setting_allows_more(hub, module, monkeypatch, setting, indexed):
    handle = hub.publish("acme/text/1", module, indexed=indexed)
    monkeypatch.setenv(*setting)
    with pytest.raises(
        errors.ArchiveError, match=rf"Expected at most .* got .*Nothing was unpacked\. .*{setting[0]}"
    ):
        hub_library.resolve(handle)


def test_an_interrupted_unpacking_is_begun_again(module, tmp_path):
    archive = tmp_path / "module.tar.gz"
    archive.write_bytes(tar_gz(module))
    path = Path(hub_library.resolve(archive))
    shutil.rmtree(path)
    left = path.parent / ".tfhub" / "staging" / f"{path.name}.killed" / "files"
    left.mkdir(parents=True)
    (left / "saved_model.pb").write_bytes(b"half")
    assert hub_library.resolve(archive) == str(path)
    assert contents(path) == contents(module)
    assert not list((path.parent / ".tfhub" / "staging").iterdir())


@pytest.mark.parametrize("query", ["", "?a=b"])
def test_a_foreign_hub_by_the_hosting_protocol(hub, module, query):
    handle = hub.serve("acme/text/1", tar_gz(module)) + query
    path = hub_library.resolve(handle)
    assert contents(path) == contents(module)
    assert Path(path).name == hashlib.sha1(handle.encode()).hexdigest()
    assert hub.paths() == [f"/acme/text/1{query}{'&' if query else '?'}tf-hub-format=compressed"]
    assert hub_library.resolve(handle) == path
    assert len(hub.requests) == 1


def test_resolved_handles_are_logged_at_debug_level(hub, module, caplog):
    caplog.set_level("DEBUG", "tensorflow_hub")
    handle = hub.publish("acme/text/1", module)
    path = hub_library.resolve(handle)
    assert hub_library.resolve(handle) == path
    said = [record.message for record in caplog.records if record.message.startswith("Resolved")]
    assert said == [f"Resolved {handle} to {path} ({how})" for how in ("download", "cache")]


def test_an_archive_on_a_web_server(hub, module):
    handle = hub.serve("files/module.tar.gz", tar_gz(module))
    assert contents(hub_library.resolve(handle)) == contents(module)
    assert hub.paths() == ["/files/module.tar.gz"]


def test_content_encoding_gzip_is_decoded_once(hub, module):
    handle = hub.serve("acme/text/1", tar_gz(module), **{"Content-Encoding": "gzip"})
    assert contents(hub_library.resolve(handle)) == contents(module)


def test_a_redirect_is_followed(hub, module):
    hub.serve("store/blob", tar_gz(module))

    def behave(request, number):
        if request.path.startswith("/acme"):
            send_status(request, 302, Location="/store/blob")
            return True
        return False

    hub.behave = behave
    assert contents(hub_library.resolve(f"{hub.url}/acme/text/1")) == contents(module)


def test_short_names_go_to_the_configured_hub(hub, module, monkeypatch):
    monkeypatch.setenv("TFHUB_URL", hub.url + "/")
    handle = hub.serve("acme/text/1", tar_gz(module))
    assert hub_library.resolve("acme/text/1") == hub_library.resolve(handle)


def test_registry_resolver_is_kept_for_dependents(module):
    from tensorflow_hub import registry

    assert registry.resolver(str(module)) == str(module)


def test_what_is_not_there_says_what_is_near(hub):
    body = b'{"error": {"code": "not_found", "message": "No model acme/txet.", "suggestions": ["acme/text"]}}'

    def behave(request, number):
        send_status(request, 404, body, Content_Type="application/json")
        return True

    hub.behave = behave
    with pytest.raises(errors.NotFoundError, match=r"^No model acme/txet\. Did you mean 'acme/text'\?"):
        hub_library.resolve(f"{hub.url}/acme/txet/1")


def test_a_web_page_is_not_an_archive(hub):
    handle = hub.serve("acme/text/1", b"<html>login", **{"Content-Type": "text/html; charset=utf-8"})
    with pytest.raises(errors.ArchiveError, match="got a web page"):
        hub_library.resolve(handle)


def test_offline_uses_the_cache_and_fails_at_once_otherwise(hub, module, monkeypatch):
    handle = hub.serve("acme/text/1", tar_gz(module))
    path = hub_library.resolve(handle)
    monkeypatch.setenv("TFHUB_OFFLINE", "1")
    assert hub_library.resolve(handle) == path
    with pytest.raises(errors.OfflineError, match=r"TFHUB_OFFLINE forbids to fetch .*/acme/text/2"):
        hub_library.resolve(f"{hub.url}/acme/text/2")
    assert len(hub.requests) == 1


def test_a_cached_handle_imports_neither_tensorflow_nor_requests(hub, module):
    handle = hub.serve("acme/text/1", tar_gz(module))
    hub_library.resolve(handle)
    code = (
        f"import sys, tensorflow_hub as hub; hub.resolve({handle!r})\n"
        "heavy = {'tensorflow', 'keras', 'requests', 'urllib3', 'google.protobuf', 'numpy', 'tqdm'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
