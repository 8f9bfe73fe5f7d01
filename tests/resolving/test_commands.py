"""`tfhub pull`, `cache`, `lock` and `login` as a user calls them, in processes of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from patience import until_flushed

import tensorflow_hub as hub_library

from .hub_server import send_status
from .modules import contents, make_module, tar_gz


def tfhub(*arguments: str, code: int = 0, text: str = "", **environment: str) -> str:
    result = subprocess.run(
        [sys.executable, "-m", "tensorflow_hub", *arguments],
        check=False,
        capture_output=True,
        text=True,
        input=text,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), **environment},
    )
    assert result.returncode == code, result.stderr
    return result.stdout if code == 0 else result.stderr


@pytest.fixture
def handle(hub, module, monkeypatch):
    monkeypatch.setenv("TFHUB_URL", hub.url)
    return hub.publish("acme/text/1", module)


def test_pull_prints_the_path(handle, module, tmp_path):
    path = tfhub("pull", "acme/text/1").strip()
    assert contents(path) == contents(module)
    [facts] = json.loads(tfhub("pull", handle, "--json"))
    assert (facts["path"], facts["origin"], facts["handle"]) == (path, "cache", handle)
    tfhub("pull", handle, "--to", str(tmp_path / "copy"))
    assert contents(tmp_path / "copy") == contents(module)
    assert "does not exist yet" in tfhub("pull", handle, "--to", str(tmp_path / "copy"), code=1)
    assert contents(tmp_path / "copy") == contents(module)
    assert not list(tmp_path.glob(".pull-*"))


def test_a_path_that_the_output_cannot_hold_is_printed_by_its_numbers(handle, tmp_path):
    there = {"TFHUB_CACHE_DIR": str(tmp_path / "日本"), "PYTHONIOENCODING": "ascii"}
    assert r"\u65e5\u672c" in tfhub("pull", handle, **there)
    assert handle in tfhub("cache", "list", **there)


def test_pull_of_what_is_not_there_has_its_exit_code(handle):
    assert "Nothing is published" in tfhub("pull", "acme/none/1", code=3)
    assert "cannot be reached" in tfhub("pull", "acme/none/1", code=4, TFHUB_URL="http://127.0.0.1:9")


def test_cache_list_verify_and_repair(handle, module):
    path = Path(hub_library.resolve(handle))
    until_flushed()
    [entry] = json.loads(tfhub("cache", "list", "--json"))["modules"]
    assert (entry["handle"], entry["complete"], entry["path"]) == (handle, True, str(path))
    assert handle in tfhub("cache", "list")
    assert "intact" in tfhub("cache", "verify")
    damaged = path / "assets" / "wörter.txt"
    damaged.write_bytes(b"x" * damaged.stat().st_size)
    assert "has other bytes" in tfhub("cache", "verify", handle, code=1)
    assert "repaired" in tfhub("cache", "verify", "acme/text/1", "--repair")
    assert contents(path) == contents(module)


def test_what_another_program_cached_is_said_to_have_the_right_sizes_only(handle, module):
    path = Path(hub_library.resolve(handle))
    until_flushed()
    Path(f"{path}.manifest.json").unlink()
    assert f"{path.name}: complete by names and sizes; another program" in tfhub("cache", "verify")


def test_what_cannot_be_fetched_again_stays_and_is_named(handle, hub, tmp_path):
    path = Path(hub_library.resolve(handle))
    other = hub.publish("acme/b/1", make_module(tmp_path / "b", megabytes=0, seed=3))
    (Path(hub_library.resolve(other)) / "saved_model.pb").write_bytes(b"graph?" * 100_000)
    until_flushed()
    (path / "notes.txt").write_text("of some other program")
    hub.files.pop("/acme/text/1")
    for reason, environment in (("TFHUB_OFFLINE", {"TFHUB_OFFLINE": "1"}), ("Nothing is published", {})):
        said = tfhub("cache", "verify", "--repair", code=1, **environment)
        assert reason in said
        assert "`tfhub cache clear` removes what cannot be fetched again." in said
        assert (path / "saved_model.pb").exists()
        assert hub_library.resolve(handle) == str(path)
    assert f"1 of 2 modules are not intact: {handle}" in said, "the other one was fetched again"


def test_a_cache_that_is_none_is_a_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    said = tfhub("cache", "list", code=1, TFHUB_CACHE_DIR=str(tmp_path / "file"))
    assert "cannot be read: Not a directory." in said
    assert "0 modules" not in said
    assert (
        tfhub("cache", "list", "--json", TFHUB_CACHE_DIR=str(tmp_path / "none")).count('"modules": []') == 1
    )


def test_cache_prune_and_clear(handle, hub, tmp_path):
    first = Path(hub_library.resolve(handle))
    second = Path(
        hub_library.resolve(hub.publish("acme/b/1", make_module(tmp_path / "b", megabytes=1, seed=3)))
    )
    until_flushed()
    os.utime(f"{first}.manifest.json", (0, 0))
    assert "would remove" in tfhub("cache", "prune", "--older-than", "30d", "--dry-run")
    assert first.exists()
    tfhub("cache", "prune", "--older-than", "30d")
    assert not first.exists()
    assert second.exists()
    tfhub("cache", "prune", "--max-size", "1KB")
    assert not second.exists()
    hub_library.resolve(handle)
    until_flushed()
    tfhub("cache", "clear", handle)
    assert "is not in the cache" in tfhub("cache", "clear", handle, code=3)
    assert "expected a time" in tfhub("cache", "prune", "--older-than", "soon", code=2)
    assert "Name HANDLEs" in tfhub("cache", "clear", code=2)


def test_a_bundle_carries_modules_to_a_machine_without_a_network(handle, module, tmp_path):
    bundle = tmp_path / "bundle.tar"
    tfhub("cache", "export", "acme/text/1", "-o", str(bundle))
    there = {"TFHUB_CACHE_DIR": str(tmp_path / "there"), "TFHUB_OFFLINE": "1"}
    assert tfhub("cache", "import", str(bundle), **there).strip() == handle
    assert contents(tfhub("pull", handle, **there).strip()) == contents(module)
    content = bytearray(bundle.read_bytes())
    at = content.index(b"nein\nja\n")
    content[at] = ord("N")
    bundle.write_bytes(content)
    broken = tmp_path / "broken.tar"
    broken.write_bytes(content[:5000])
    assert f"The bundle {str(broken)!r} cannot be used. Expected the whole" in tfhub(
        "cache", "import", str(broken), code=1
    )
    (tmp_path / "file").write_text("")
    no_cache = str(tmp_path / "file" / "cache")
    assert f"The cache {no_cache!r}" in tfhub(
        "cache", "import", str(bundle), code=1, TFHUB_CACHE_DIR=no_cache
    )
    nowhere = str(tmp_path / "none" / "bundle.tar")
    assert f"The bundle {nowhere!r} cannot be written: No such file" in tfhub(
        "cache", "export", "acme/text/1", "-o", nowhere, code=1
    )
    other = {"TFHUB_CACHE_DIR": str(tmp_path / "other"), "TFHUB_OFFLINE": "1"}
    assert "not those of its manifest" in tfhub("cache", "import", str(bundle), code=1, **other)
    assert "is not in the cache" in tfhub("pull", handle, code=4, **other)


def test_lock_pins_what_is_published(handle, hub, module, tmp_path):
    lock = tmp_path / "tfhub.lock"
    tfhub("lock", handle, "--file", str(lock))
    locked = {"TFHUB_LOCKFILE": str(lock)}
    assert contents(tfhub("pull", handle, **locked).strip()) == contents(module)
    tfhub("lock", **locked)
    assert "is not in the lock file" in tfhub("pull", "acme/other/1", code=1, **locked)
    tfhub("cache", "clear", "--all", "--yes")
    hub.serve("acme/text/1", tar_gz(make_module(tmp_path / "evil", megabytes=1, seed=9)))
    hub.indexes.clear()
    assert "Expected" in tfhub("pull", handle, code=1, **locked)
    assert "is locked to" in tfhub("lock", handle, code=1, **locked)
    tfhub("lock", handle, "--update", **locked)
    tfhub("pull", handle, **locked)


def test_login_keeps_a_token_that_only_its_host_gets(hub, handle, module, tmp_path):
    seen = []

    def behave(request, number):
        seen.append((request.path.partition("?")[0], request.headers.get("Authorization")))
        if request.path.startswith("/api/v1/tokens/self"):
            good = request.headers.get("Authorization") == "Bearer s3cret"
            send_status(
                request, 200 if good else 401, b'{"name": "laptop", "scope": "write"}' if good else b""
            )
            return True
        if request.path.startswith("/acme/away"):
            send_status(request, 302, Location=f"http://localhost:{hub.url.rpartition(':')[2]}/acme/text/1")
            return True
        return False

    hub.behave = behave
    file = tmp_path / "config" / "credentials.json"
    credentials = {"TFHUB_CREDENTIALS": str(file)}
    assert "wants to know who asks" in tfhub(
        "login", hub.url, "--token-stdin", text="wrong\n", code=5, **credentials
    )
    assert not file.exists()
    asked = len(hub.requests)
    tfhub("login", hub.url, "--token-stdin", text="unknown\n", TFHUB_OFFLINE="1", **credentials)
    assert len(hub.requests) == asked
    tfhub("login", hub.url, "--token-stdin", text="s3cret\n", **credentials)
    assert file.stat().st_mode & 0o777 == 0o600
    seen.clear()
    tfhub("pull", f"{hub.url}/acme/away/1", **credentials)
    assert ("/acme/away/1", "Bearer s3cret") in seen
    assert {token for path, token in seen if path == "/acme/text/1"} == {None}
    tfhub("login", hub.url, "--forget", **credentials)
    assert "s3cret" not in file.read_text()
    assert "There is no token for" in tfhub("login", hub.url, "--forget", **credentials)
    assert "Expected the address of a hub, got 'hub example'" in tfhub(
        "login", "hub example", "--token-stdin", text="s3cret\n", code=1, **credentials
    )
