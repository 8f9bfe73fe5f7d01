"""Caches that are half deleted, filled by others, read-only, full, or at odd places."""

from __future__ import annotations

import errno
import itertools
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from archived_modules import contents, make_module, tar_gz
from patience import until_flushed

import tensorflow_hub as hub_library
from tensorflow_hub import errors
from tensorflow_hub.resolving.cache.layout import Cache, key_of


def cache() -> Path:
    return Path(os.environ["TFHUB_CACHE_DIR"])


def test_a_cache_may_be_named_by_a_url_of_a_file(hub, module, tmp_path, monkeypatch):
    handle = hub.publish("acme/text/1", module)
    monkeypatch.setenv("TFHUB_CACHE_DIR", (tmp_path / "my modules").as_uri())
    path = hub_library.resolve(handle)
    assert Path(path).parent == tmp_path / "my modules"
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path / "empty"))
    monkeypatch.setenv("TFHUB_CACHE_READONLY", f"/no/such{os.pathsep}{(tmp_path / 'my modules').as_uri()}")
    monkeypatch.setenv("TFHUB_OFFLINE", "1")
    assert hub_library.resolve(handle) == path


def test_a_cache_on_another_host_is_refused(monkeypatch):
    monkeypatch.setenv("TFHUB_CACHE_DIR", "file://host/modules")
    with pytest.raises(errors.SettingsError, match="TFHUB_CACHE_DIR has the value .*'host' is a host"):
        hub_library.resolve("https://hub.example/acme/text/1")


@pytest.mark.parametrize("manifest", [True, False], ids=["manifest", "no manifest"])
def test_an_incomplete_directory_is_downloaded_again(hub, tmp_path, manifest):
    module = make_module(tmp_path / "small", megabytes=0)
    (module / "variables" / "variables.data-00000-of-00001").write_bytes(os.urandom(1000))
    handle = hub.serve("acme/small/1", tar_gz(module))
    path = Path(hub_library.resolve(handle))
    expected = contents(module)
    names = sorted(expected)
    if not manifest:  # what is left must still show that something is missing
        names = ["saved_model.pb", "variables/variables.data-00000-of-00001", "variables/variables.index"]
    for count in range(1, len(names) + 1):
        for missing in itertools.combinations(names, count):
            if not manifest:
                until_flushed()
                Path(f"{path}.manifest.json").unlink()
                if set(missing) == set(names[1:]):
                    (path / "variables").mkdir(exist_ok=True)
            for name in missing:
                (path / name).unlink()
            assert hub_library.resolve(handle) == str(path)
            left = contents(path)
            if manifest or set(missing) != set(names[1:]):
                assert left == expected, missing
            else:  # a folder of variables without any is how modules without variables look
                shutil.rmtree(path)
                hub_library.resolve(handle)


def test_a_truncated_file_and_a_directory_in_its_place_are_noticed(hub, module):
    handle = hub.publish("acme/text/1", module)
    path = Path(hub_library.resolve(handle))
    with (path / "variables" / "variables.data-00000-of-00001").open("r+b") as file:
        file.truncate(1000)
    assert contents(hub_library.resolve(handle)) == contents(module)
    (path / "tfhub_module.pb").unlink()
    (path / "tfhub_module.pb").mkdir()
    assert contents(hub_library.resolve(handle)) == contents(module)
    shutil.rmtree(path)
    path.write_text("a file in the place of the directory")
    assert contents(hub_library.resolve(handle)) == contents(module)


def test_a_directory_that_became_complete_meanwhile_is_not_moved_away(hub, module):
    path = hub_library.resolve(hub.publish("acme/text/1", module))
    somebody_saw = (0, 0)  # another directory, incomplete, a moment ago
    Cache(str(cache()))._move_away(path, somebody_saw)
    assert contents(path) == contents(module)


def test_a_broken_manifest_is_ignored(hub, module):
    handle = hub.publish("acme/text/1", module)
    path = Path(hub_library.resolve(handle))
    until_flushed()
    for text in ["", "{", "[]", '{"format": 7}', '{"format": 1, "files": 3}']:
        Path(f"{path}.manifest.json").write_text(text)
        assert contents(hub_library.resolve(handle)) == contents(module)


def test_a_cache_filled_by_another_program_is_a_hit(hub, module):
    handle = f"{hub.url}/acme/old/1"
    shutil.copytree(module, cache() / key_of(handle))
    assert contents(hub_library.resolve(handle)) == contents(module)
    assert hub.requests == []
    (cache() / key_of(handle) / "assets" / "empty").unlink()  # noticed: it was noted at the first use
    with pytest.raises(errors.NotFoundError, match="Nothing is published"):
        hub_library.resolve(handle)


def test_a_module_that_is_installed_between_two_looks_keeps_its_manifest(hub, module, monkeypatch):
    handle = hub.publish("acme/text/1", module)
    root, isdir, looks = Cache(str(cache())), os.path.isdir, []

    def install_before_the_first_look(path):
        if str(path) == root.module_path(handle) and not looks:
            looks.append(path)
            hub_library.resolve(handle)  # as another process does
        return isdir(path)

    monkeypatch.setattr(os.path, "isdir", install_before_the_first_look)
    found = root.find(handle)
    assert len(looks) == 1
    assert found.manifest.digest is not None
    until_flushed()
    assert root.find(handle).manifest.digest == found.manifest.digest


def test_a_read_only_tier_is_read_and_not_written(hub, module, tmp_path, monkeypatch):
    handle = hub.publish("acme/text/1", module)
    shared = cache()
    path = hub_library.resolve(handle)
    until_flushed()
    before = sorted(shared.rglob("*"))
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path / "own"))
    monkeypatch.setenv("TFHUB_CACHE_READONLY", os.pathsep.join([str(tmp_path / "none"), str(shared)]))
    monkeypatch.setenv("TFHUB_OFFLINE", "1")
    assert hub_library.resolve(handle) == path
    assert sorted(shared.rglob("*")) == before
    assert not (tmp_path / "own").exists()


def test_a_cache_that_cannot_be_written_is_a_hub_error(hub, module, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path / "file" / "cache"))
    handle = hub.publish("acme/text/1", module)
    with pytest.raises(errors.CacheError, match=r"The cache .* cannot be used: Not a directory"):
        hub_library.resolve(handle)


def test_a_cache_whose_paths_are_too_long_is_a_hub_error(hub, module, tmp_path, monkeypatch):
    longest = os.pathconf("/", "PC_PATH_MAX")
    deep = str(tmp_path)
    while len(deep) < longest - 300:
        deep += "/" + "x" * 100
    monkeypatch.setenv("TFHUB_CACHE_DIR", deep + "/" + "x" * (longest - len(deep) - 120))
    with pytest.raises(
        errors.CacheError, match=r"become longer than this system takes\. Set TFHUB_CACHE_DIR"
    ):
        hub_library.resolve(hub.publish("acme/text/1", module))


def test_a_full_disk_is_a_hub_error_and_leaves_nothing(hub, module, tmp_path, monkeypatch):
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=5m", "tmpfs", str(disk)], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip("a small file system cannot be mounted here")
    try:
        monkeypatch.setenv("TFHUB_CACHE_DIR", str(disk / "cache"))
        monkeypatch.setattr(
            shutil, "disk_usage", lambda path: (_ for _ in ()).throw(OSError(errno.ENOSYS, "no"))
        )
        for indexed in (True, False):
            handle = hub.publish(f"acme/text/{int(indexed) + 1}", module, indexed=indexed)
            with pytest.raises(errors.CacheError, match=r"The disk of the cache '[^']*/cache' is full"):
                hub_library.resolve(handle)
            assert not [path for path in disk.rglob("*") if path.is_file()]
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)


def test_unicode_and_very_long_handles(hub, module):
    hub.serve("acme/w%C3%B6rter/1", tar_gz(module))
    assert contents(hub_library.resolve(f"{hub.url}/acme/wörter/1")) == contents(module)
    assert contents(hub_library.resolve(f"{hub.url}/acme/w%C3%B6rter/1?{'x' * 3000}=1")) == contents(module)
