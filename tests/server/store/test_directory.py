"""A store in a folder, when requests for one upload meet."""

from __future__ import annotations

import concurrent.futures
import fcntl
import hashlib
import os
from pathlib import Path

from patience import PATIENCE, until

from tensorflow_hub.server.store.directory import DirectoryStore


def waiting_for(file):
    """How many threads and processes wait for the lock of a file."""
    inode = f":{os.fstat(file.fileno()).st_ino} "
    return sum("->" in line and inode in line for line in Path("/proc/locks").read_text().splitlines())


def test_an_upload_that_is_published_twice_at_once_becomes_one_object(tmp_path):
    store, content = DirectoryStore(tmp_path), os.urandom(1000)
    store.append("u1", 0, content)
    digest = hashlib.sha256(content).hexdigest()
    with (
        concurrent.futures.ThreadPoolExecutor(2) as pool,
        open(tmp_path / "uploads" / "u1", "rb") as file,
    ):
        fcntl.flock(file, fcntl.LOCK_EX)
        commits = [
            pool.submit(store.commit_upload, "u1", len(content), "archives/u1", digest) for _ in range(2)
        ]
        until(lambda: waiting_for(file) == 2, "both at the lock")
        fcntl.flock(file, fcntl.LOCK_UN)
        for commit in commits:
            commit.result(PATIENCE)
    assert b"".join(store.read("archives/u1")) == content
    assert list(store.list_uploads()) == []
