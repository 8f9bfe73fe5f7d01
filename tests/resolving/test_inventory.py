"""Modules that are removed or replaced while others use the cache."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from archived_modules import contents
from patience import until_flushed

import tensorflow_hub as hub_library
from tensorflow_hub import errors
from tensorflow_hub.resolving.cache.inventory import (
    abandoned_paths,
    find_entry,
    list_cache,
    remove_entry,
    remove_unused,
    replace_entry,
)
from tensorflow_hub.resolving.cache.layout import Cache


@pytest.fixture
def cached(hub, module) -> tuple[Cache, str, Path]:
    """The cache, a handle in it, and where its module is."""
    handle = hub.publish("acme/text/1", module)
    path = Path(hub_library.resolve(handle))
    until_flushed()
    return Cache(str(path.parent)), handle, path


def test_a_module_used_after_it_was_listed_stays(cached):
    cache, handle, path = cached
    os.utime(f"{path}.manifest.json", (0, 0))
    [entry] = list_cache(cache)
    hub_library.resolve(handle)
    assert not remove_unused(cache, entry)
    assert path.exists()
    [entry] = list_cache(cache)
    assert remove_unused(cache, entry)
    assert list_cache(cache) == []


def test_a_module_repaired_after_it_was_listed_stays(cached, module):
    cache, handle, path = cached
    (path / "saved_model.pb").unlink()
    [entry] = list_cache(cache)
    assert not entry.complete
    hub_library.resolve(handle)
    until_flushed()
    assert not remove_unused(cache, entry)
    assert contents(path) == contents(module)


def test_unfinished_downloads_of_older_versions_are_abandoned(cached):
    cache, _, path = cached
    left = [path.parent / f"{'a' * 40}.lock", path.parent / f"{'a' * 40}.{'0' * 32}.tmp"]
    left[0].touch()
    left[1].mkdir()
    assert abandoned_paths(cache) == []
    assert set(abandoned_paths(cache, time.time() + 25 * 3600)) == set(map(str, left))


def test_a_module_is_put_back_when_no_other_comes(cached, module):
    cache, handle, path = cached
    entry = find_entry(cache, handle)

    def fetch() -> None:
        assert not path.exists()
        raise errors.UnreachableError("no answer.", hint="Wait.")

    with pytest.raises(errors.UnreachableError, match="no answer"):
        replace_entry(cache, entry, fetch)
    assert contents(path) == contents(module)
    assert hub_library.resolve(handle) == str(path)


def test_a_failed_removal_is_a_hub_error(cached, monkeypatch):
    cache, handle, path = cached

    def in_use(source: str, target: str) -> None:  # as Windows answers while a program has a file of it open
        raise PermissionError(13, "Access is denied", source)

    monkeypatch.setattr(os, "rename", in_use)
    entry = find_entry(cache, handle)
    with pytest.raises(
        errors.CacheError, match=r"cannot be removed from the cache: Access is denied\. End the pro"
    ):
        remove_entry(cache, entry)
    with pytest.raises(errors.CacheError, match="cannot be written: Access is denied"):
        replace_entry(cache, entry, lambda: None)
    assert path.exists()
