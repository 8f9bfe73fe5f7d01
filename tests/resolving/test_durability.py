"""A machine that crashes before a module is on its disk."""

from __future__ import annotations

import dataclasses
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from archived_modules import contents
from patience import until, until_flushed

import tensorflow_hub as hub_library
from tensorflow_hub.resolving.cache import durability
from tensorflow_hub.resolving.cache.bundle import export_bundle
from tensorflow_hub.resolving.cache.inventory import find_entry, list_cache, remove_entry
from tensorflow_hub.resolving.cache.layout import Cache, CachedModule
from tensorflow_hub.resolving.cache.lease import lease
from tensorflow_hub.resolving.cache.manifest import change_manifest, read_manifest, write_manifest


@pytest.fixture
def cached(hub, module):
    """A module of which the machine crashed before it was flushed, and its handle."""
    handle = hub.publish("acme/text/1", module)
    path = Path(hub_library.resolve(handle))
    until_flushed()
    manifest = read_manifest(f"{path}.manifest.json")
    assert manifest.unflushed == ""
    write_manifest(f"{path}.manifest.json", dataclasses.replace(manifest, unflushed="another boot"))
    return handle, path


def test_complete_files_of_a_crash_are_used_after_every_byte_was_hashed(hub, module, cached):
    handle, path = cached
    asked = len(hub.requests)
    assert hub_library.resolve(handle) == str(path)
    assert len(hub.requests) == asked
    assert read_manifest(f"{path}.manifest.json").unflushed == ""


def test_incomplete_files_of_a_crash_are_downloaded_again(hub, module, cached):
    handle, path = cached
    data = path / "variables" / "variables.data-00000-of-00001"
    with data.open("r+b") as file:
        file.seek(1 << 20)
        file.write(bytes(4096))
    assert contents(hub_library.resolve(handle)) == contents(module)


def test_where_the_system_does_not_number_its_boots_files_are_flushed_first(hub, module, monkeypatch):
    durability.boot_number.cache_clear()
    monkeypatch.setattr("tensorflow_hub.resolving.cache.layout.boot_number", lambda: "")
    path = hub_library.resolve(hub.publish("acme/text/1", module))
    assert read_manifest(f"{path}.manifest.json").unflushed == ""
    assert contents(path) == contents(module)


def test_very_many_files_keep_the_mark_until_they_are_hashed(hub, module):
    (module / "assets").mkdir(exist_ok=True)
    for number in range(500):
        (module / "assets" / f"{number}.txt").write_bytes(b"word")
    path = Path(hub_library.resolve(hub.publish("acme/many/1", module)))
    until_flushed()
    manifest = read_manifest(f"{path}.manifest.json")
    assert manifest.unflushed == durability.boot_number() != ""
    write_manifest(f"{path}.manifest.json", dataclasses.replace(manifest, unflushed="another boot"))
    (path / "assets" / "7.txt").write_bytes(b"\0\0\0\0")
    assert contents(hub_library.resolve(manifest.handle)) == contents(module)


def test_a_bundle_is_the_same_before_and_after_the_flush(hub, module, tmp_path):
    path = hub_library.resolve(hub.publish("acme/text/1", module))
    until_flushed()
    manifest = read_manifest(f"{path}.manifest.json")
    bundles = []
    for unflushed in ("", "this boot"):
        bundles.append(tmp_path / f"{len(bundles)}.tar")
        one = CachedModule(path, dataclasses.replace(manifest, unflushed=unflushed))
        export_bundle([one], str(bundles[-1]))
    assert bundles[0].read_bytes() == bundles[1].read_bytes()


def test_changes_of_different_fields_at_the_same_time_are_all_kept(cached):
    path = f"{cached[1]}.manifest.json"
    manifest = read_manifest(path)
    together = threading.Barrier(2)

    def change(**fields):
        together.wait()
        change_manifest(path, manifest, **fields)

    for _ in range(10):
        write_manifest(path, manifest)
        with ThreadPoolExecutor(2) as threads:
            changes = threads.submit(change, unflushed=""), threads.submit(change, signatures=("{}",))
        assert [done.result() for done in changes] == [None, None]
        assert read_manifest(path) == dataclasses.replace(manifest, unflushed="", signatures=("{}",))
    assert not os.path.exists(path + ".lock")


def test_a_manifest_that_is_removed_while_it_is_changed_does_not_come_back(cached, monkeypatch):
    handle, directory = cached
    cache, path = Cache(str(directory.parent)), f"{directory}.manifest.json"
    open_file, opened = os.open, []

    def noting_open(name, *options, **more):
        if name == path + ".lock":
            opened.append(name)
        return open_file(name, *options, **more)

    with ThreadPoolExecutor(1) as threads:
        with lease(path + ".lock", lambda: False):  # as `change_manifest` does it
            manifest = read_manifest(path)
            monkeypatch.setattr(os, "open", noting_open)
            removal = threads.submit(remove_entry, cache, find_entry(cache, handle))
            until(lambda: removal.done() or opened, "the removal, or its try to get the lock")
            write_manifest(path, manifest)
        removal.result()
    assert list_cache(cache) == []


def test_the_manifest_of_another_download_is_not_changed(cached):
    path = f"{cached[1]}.manifest.json"
    manifest = read_manifest(path)
    write_manifest(path, dataclasses.replace(manifest, created="2026-11-29T00:00:00+00:00"))
    change_manifest(path, manifest, unflushed="")
    assert read_manifest(path).unflushed == "another boot"
