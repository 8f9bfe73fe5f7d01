"""`tfhub cache` as a user calls it, in processes of its own."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
from archived_modules import contents, make_module
from command_line import run, tfhub
from patience import until_flushed

import tensorflow_hub as hub_library
from tensorflow_hub.tools.feature_store import FeatureStore


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


def test_a_module_of_another_program_is_verified_by_sizes_only(handle, module):
    path = Path(hub_library.resolve(handle))
    until_flushed()
    Path(f"{path}.manifest.json").unlink()
    assert f"{path.name}: complete by names and sizes; another program" in tfhub("cache", "verify")


def test_modules_that_cannot_be_downloaded_again_stay_and_are_listed(handle, hub, tmp_path):
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
    assert f"got 1 of 2 that are damaged: {handle}" in said, "the other one was fetched again"


def test_a_folder_that_is_not_a_cache_is_an_error(tmp_path):
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
    assert "but it is not there" in tfhub("cache", "clear", handle, code=3)
    assert "expected a time" in tfhub("cache", "prune", "--older-than", "soon", code=2)
    assert "Pass HANDLEs, or --all." in tfhub("cache", "clear", code=2)


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


def test_the_features_of_examples_are_shown_and_cleared(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("TFHUB_FEATURE_CACHE", str(tmp_path))
    monkeypatch.setenv("TFHUB_FEATURE_CACHE_SIZE", "3GB")

    def features(*arguments):
        code, out, _ = run(capsys, "cache", "features", *arguments)
        assert code == 0
        return out

    assert f"0 bytes in {tmp_path}, of 3.0 GB at most" in features()
    keys = [number.to_bytes(32, "big") for number in range(2000)]
    for name in "ab":
        with FeatureStore(tmp_path, name, "usage", 50) as store:
            store.write({key: np.ones(50, np.float32) for key in keys})
    before = json.loads(features("--json"))
    assert before["size"] > 2 * 2000 * 200
    assert before["cleared"] == 0
    after = json.loads(features("--clear", "--json"))
    assert after["size"] + after["cleared"] == before["size"]
    assert after["size"] < 50_000
    for name in "ab":
        with FeatureStore(tmp_path, name, "usage", 50) as store:
            assert store.read(keys) == {}
