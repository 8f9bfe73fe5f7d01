"""`tfhub lock` as a user calls it, in processes of its own."""

from __future__ import annotations

from archived_modules import contents, make_module, tar_gz
from command_line import tfhub


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
