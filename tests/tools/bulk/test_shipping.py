"""Packing a module for the workers of a cluster."""

from __future__ import annotations

import pytest
from hub_content import module

from tensorflow_hub.resolving.transfer.archive_file import resolve_archive_file
from tensorflow_hub.settings import Settings
from tensorflow_hub.tools.bulk import shipping


def test_an_archive_that_was_not_finished_is_not_shipped(tmp_path, monkeypatch):
    write = shipping.write_archive

    def killed_before_the_end(directory, target):
        write(directory, target)
        with open(target, "r+b") as file:
            file.truncate(100)
        raise KeyboardInterrupt

    monkeypatch.setattr(shipping, "write_archive", killed_before_the_end)
    with pytest.raises(KeyboardInterrupt, match="^$"):
        shipping.ship(str(module()), tmp_path)
    monkeypatch.undo()
    shipped = shipping.ship(str(module()), tmp_path)
    found, origin = resolve_archive_file(shipped.archive, Settings(cache_dir=str(tmp_path / "cache")))
    assert origin == "download"
    assert found.manifest.digest == shipped.digest
