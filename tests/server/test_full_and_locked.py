"""A hub in a place that is full, read-only or busy."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import subprocess
import sys

import pytest
import requests
from hub_content import card, module_with
from hub_process import SOURCES, HubProcess
from patience import PATIENCE

from tensorflow_hub.client.publishing import publish


def tfhub(*arguments):
    environ = {**os.environ, "PYTHONPATH": str(SOURCES)}
    command = [sys.executable, "-m", "tensorflow_hub", *map(str, arguments)]
    return subprocess.run(command, env=environ, capture_output=True, text=True, check=False, timeout=PATIENCE)


@pytest.fixture(name="small_disk")
def _small_disk(tmp_path):
    """A disk of 24 MB in memory."""
    folder = tmp_path / "disk"
    folder.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", folder], capture_output=True, check=False
    )
    if made.returncode:
        pytest.skip("the system lets nobody mount a disk here")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def test_a_hub_starts_while_another_process_writes(tmp_path):
    with HubProcess(tmp_path / "data"):
        pass
    writer = sqlite3.connect(tmp_path / "data" / "catalogue.sqlite", isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    with HubProcess(tmp_path / "data", arguments=("--workers", "2")) as hub:
        assert requests.get(f"{hub.url}/api/v1/publishers", timeout=PATIENCE).status_code == 200
        writer.execute("ROLLBACK")
    writer.close()


def test_a_hub_starts_beside_an_import_into_the_same_new_folder(tmp_path):
    documents = tmp_path / "docs"
    documents.mkdir()
    for number in range(600):
        (documents / f"{number}.md").write_text(card(f"acme/model{number}/1", "Placeholder"))
    environ = {**os.environ, "PYTHONPATH": str(SOURCES)}
    command = [sys.executable, "-m", "tensorflow_hub", "admin", "import-docs", documents]
    command += ["--data", tmp_path / "data"]
    with (
        subprocess.Popen(command, env=environ, stdout=subprocess.PIPE) as importing,
        HubProcess(tmp_path / "data", arguments=("--workers", "2")) as hub,
    ):
        assert b"600 of 600 files imported" in importing.communicate(timeout=PATIENCE)[0]
        assert requests.get(f"{hub.url}/api/v1/search", timeout=PATIENCE).json()["total"] == 600
    assert "locked" not in (tmp_path / "data.log").read_text()


@pytest.mark.parametrize("verb", [["serve", "--port", "0"], ["admin", "check"]])
def test_a_folder_that_cannot_be_one_is_a_hub_error(tmp_path, verb):
    (tmp_path / "file").write_text("")
    done = tfhub(*verb, "--data", tmp_path / "file" / "data")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert str(tmp_path / "file" / "data") in done.stderr


def test_a_folder_that_is_read_only_is_a_hub_error(small_disk):
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    done = tfhub("serve", "--port", "0", "--data", small_disk / "data")
    assert done.returncode == 2
    assert "The hub cannot store its data in" in done.stderr
    assert "Read-only file system" in done.stderr


def test_a_full_disk_is_reported_and_can_be_freed(small_disk, tmp_path):
    with HubProcess(small_disk / "data") as hub:
        folder = module_with(tmp_path / "m", b"x")
        published = publish(folder, card=card("a/b/1"), hub=hub.url, token=hub.token)
        headers = {"Authorization": f"Bearer {hub.token}"}
        content = os.urandom(40 << 20)
        sha256 = hashlib.sha256(content).hexdigest()
        promise = {"handle": "a/big/1", "size": len(content), "sha256": sha256, "card": card("a/big/1")}

        def begin():
            url = f"{hub.url}/api/v1/uploads"
            return requests.post(url, json=promise, headers=headers, timeout=PATIENCE).json()["url"]

        def send(upload):
            part = {**headers, "Upload-Offset": "0"}
            return requests.patch(upload, data=content, headers=part, timeout=PATIENCE)

        before = free(small_disk)
        upload = begin()
        refused = send(upload)
        assert refused.status_code == 507, refused.text
        assert refused.json()["error"]["code"] == "no_space"
        assert "no space left" in refused.json()["error"]["message"]
        assert requests.get(f"{published.url}?tf-hub-format=compressed", timeout=PATIENCE).status_code == 200
        assert requests.delete(upload, headers=headers, timeout=PATIENCE).status_code == 204
        assert free(small_disk) > before - (1 << 20), "an upload that was given up leaves nothing"
        send(begin())
    # And without a hub that serves: what expired goes, though the disk is full.
    database = sqlite3.connect(small_disk / "data" / "catalogue.sqlite")
    with database:
        database.execute("UPDATE uploads SET expires_at = 1")
    database.close()
    with pytest.raises(OSError, match="No space left"):
        (small_disk / "filler").write_bytes(bytes(24 << 20))
    checked = tfhub("admin", "check", "--repair", "--data", small_disk / "data")
    assert checked.returncode == 0, checked.stderr
    assert free(small_disk) > 8 << 20, "the bytes of the upload that expired"


def free(disk):
    status = os.statvfs(disk)
    return status.f_bavail * status.f_frsize
