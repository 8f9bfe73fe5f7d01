"""Backup, restore, check, sweeping: on a hub in this process, filled over HTTP."""

from __future__ import annotations

import concurrent.futures
import contextlib
import hashlib
import stat
import time

import pytest
import requests
import sqlalchemy as sa
from hub_content import card, module, module_with
from hub_process import HubProcess
from patience import PATIENCE
from pictures import picture

from tensorflow_hub.client import signing
from tensorflow_hub.client.measurements import Figures, attach
from tensorflow_hub.client.publishing import publish
from tensorflow_hub.client.versions import delete
from tensorflow_hub.errors import SettingsError
from tensorflow_hub.server.administration.backup import backup, restore
from tensorflow_hub.server.administration.check import check
from tensorflow_hub.server.administration.sweep import sweep_uploads
from tensorflow_hub.server.catalogue.tables import uploads
from tensorflow_hub.server.catalogue.uploads import end_upload, find_upload, list_uploads
from tensorflow_hub.server.core.hub import open_hub
from tensorflow_hub.server.settings import ServerSettings
from tensorflow_hub.signing.envelope import Envelope
from tensorflow_hub.signing.keys import new_private_key


@pytest.fixture
def filled(tmp_path):
    """A hub with two versions, no longer serving; its data folder."""
    with HubProcess(tmp_path / "data") as process:
        options = {"hub": process.url, "token": process.token}
        publish(module(), card=card("acme/a/1"), **options)
        publish(module_with(tmp_path / "m", b"2"), card=card("acme/a/2"), **options)
        body = {"handle": "acme/b/1", "size": 10, "sha256": "0" * 64}
        token = {"Authorization": f"Bearer {process.token}"}
        upload = requests.post(
            f"{process.url}/api/v1/uploads", json=body, headers=token, timeout=PATIENCE
        ).json()
        headers = {**token, "Upload-Offset": "0"}
        requests.patch(upload["url"], data=b"12345", headers=headers, timeout=PATIENCE).raise_for_status()
    hub = open_hub(ServerSettings(data=str(process.data)))
    yield hub
    hub.database.close()


def test_attachments_of_a_version_are_restored(tmp_path):
    """Pictures are bytes in the catalogue, signatures verify only if nothing of them changed."""
    (tmp_path / "card.md").write_text(card("acme/a/1") + "\n![Cats](cats.png)\n")
    (tmp_path / "cats.png").write_bytes(picture())
    key = new_private_key(tmp_path / "key.pem")

    def published_data(process):
        entry = requests.get(f"{process.url}/api/v1/models/acme/a/1", timeout=PATIENCE).json()
        [shown] = entry["pictures"]
        path = shown["url"].removeprefix(process.url)
        data = requests.get(process.url + path, timeout=PATIENCE).content
        assert hashlib.sha256(data).hexdigest() == shown["sha256"]
        return data, entry["signatures"], entry["measurements"], entry["derived_from"]

    with HubProcess(tmp_path / "data") as process:
        options = {"hub": process.url, "token": process.token}
        headers = {"Authorization": f"Bearer {process.token}"}
        url = f"{process.url}/api/v1/publishers/acme"
        requests.patch(url, json={}, headers=headers, timeout=PATIENCE).raise_for_status()
        signing.add_key("acme", key.public, **options)
        publish(module(), card=tmp_path / "card.md", key=key, **options)
        attach("acme/a/1", Figures("photos", "accuracy", 0.9), **options)
        before = published_data(process)
    hub, fresh = (open_hub(ServerSettings(data=str(tmp_path / name))) for name in ("data", "restored"))
    with contextlib.closing(hub.database), contextlib.closing(fresh.database):
        backup(hub, tmp_path / "backup")
        restore(fresh, tmp_path / "backup")
        assert check(fresh, grace_seconds=0).findings == ()
    with HubProcess(tmp_path / "restored") as process:
        assert published_data(process) == before
        [signature] = before[1]
        envelope = Envelope.from_text(signature["envelope"])
        assert envelope.signer([key.public]) == key.public


def problems(report):
    return [(finding.problem, finding.key.partition("/")[0]) for finding in report.findings]


def test_a_healthy_hub_has_no_findings(filled):
    report = check(filled, grace_seconds=0)
    assert report.findings == ()
    assert report.deployments == 2
    assert report.bytes_read > 0


def test_check_finds_damage_loss_and_orphans(filled):
    archives = sorted(filled.store.root.glob("archives/*.tar.gz"))
    content = bytearray(archives[0].read_bytes())
    content[50] ^= 1
    archives[0].write_bytes(content)
    archives[1].unlink()
    filled.store.write("archives/" + "f" * 64 + ".tar.gz", [b"orphan"])
    assert sorted(problems(check(filled, grace_seconds=0))) == [
        ("damaged", "archives"),
        ("missing", "archives"),
        ("orphan", "archives"),
    ]
    assert ("orphan", "archives") not in problems(check(filled)), "it may belong to a publication under way"
    assert ("damaged", "archives") not in problems(check(filled, read_all=False)), "sizes are equal"


def test_repair_removes_orphans_and_nothing_else(filled):
    filled.store.write("files/" + "f" * 64, [b"orphan"])
    filled.store.append("0" * 32, 0, b"orphan")
    report = check(filled, repair=True, grace_seconds=0)
    assert sorted(report.removed) == ["files/" + "f" * 64, "uploads/" + "0" * 32]
    assert check(filled, grace_seconds=0).findings == ()
    assert [upload for upload, _ in filled.store.list_uploads()], "the upload under way stays"


def test_a_single_file_stays_while_a_publication_may_need_it(filled):
    filled.store.write("files/" + "f" * 64, [b"orphan"])
    with filled.database.writing() as connection:
        connection.execute(sa.update(uploads).values(archive_sha256="e" * 64))
    assert check(filled, repair=True, grace_seconds=0).removed == ()


def test_an_upload_expires(filled):
    assert sweep_uploads(filled) == 0
    with filled.database.writing() as connection:
        connection.execute(sa.update(uploads).values(expires_at=int(time.time()) - 1))
    assert sweep_uploads(filled) == 1
    assert list(filled.store.list_uploads()) == []


def test_upload_files_of_a_killed_process_are_removed(filled):
    [(upload, _)] = filled.store.list_uploads()
    with filled.database.writing() as connection:
        end_upload(
            connection, upload
        )  # killed here, after a version became visible or its upload was refused
    with filled.database.reading() as connection:
        assert find_upload(connection, upload) is None, "it could be published again"
    assert check(filled, grace_seconds=0).findings == ()
    assert sweep_uploads(filled) == 1
    assert list(filled.store.list_uploads()) == []
    with filled.database.reading() as connection:
        assert list_uploads(connection) == []


def test_a_backup_can_be_restored(filled, tmp_path):
    assert backup(filled, tmp_path / "backup") == 4
    assert backup(filled, tmp_path / "backup") == 0, "the second time nothing is new"
    other = open_hub(ServerSettings(data=str(tmp_path / "other")))
    try:
        restore(other, tmp_path / "backup")
        assert check(other, grace_seconds=0).findings == ()
        with pytest.raises(SettingsError, match="Expected an empty hub"):
            restore(other, tmp_path / "backup")
    finally:
        other.database.close()
    with HubProcess(tmp_path / "other") as process:
        answer = requests.get(f"{process.url}/acme/a?tf-hub-format=compressed", timeout=PATIENCE)
        assert answer.url.endswith("/acme/a/2?tf-hub-format=compressed")
        assert process.token == "", "it has the tokens of the other hub, and makes none"


def test_a_backup_while_others_publish_is_whole(tmp_path):
    with HubProcess(tmp_path / "data") as process:
        to = {"hub": process.url, "token": process.token}

        def publish_one(number):
            handle = f"acme/a/{number}"
            publish(module_with(tmp_path / f"m{number}", b"%d" % number), card=card(handle), **to)

        publish_one(1)
        hub = open_hub(ServerSettings(data=str(process.data)))
        with contextlib.closing(hub.database), concurrent.futures.ThreadPoolExecutor(2) as pool:
            publishing = [pool.submit(publish_one, number) for number in range(2, 12)]
            while not all(future.done() for future in publishing):
                backup(hub, tmp_path / "backup")
            for future in publishing:
                future.result()
    assert stat.S_IMODE((tmp_path / "backup" / "catalogue.jsonl").stat().st_mode) == 0o600
    other = open_hub(ServerSettings(data=str(tmp_path / "other")))
    with contextlib.closing(other.database):
        restore(other, tmp_path / "backup")
        report = check(other, grace_seconds=0)
        assert report.findings == ()
        assert 1 <= report.deployments <= 11


def test_restoring_from_a_folder_without_a_backup(filled, tmp_path):
    other = open_hub(ServerSettings(data=str(tmp_path / "other")))
    with pytest.raises(SettingsError, match="Expected a backup in"):
        restore(other, tmp_path)
    other.database.close()


def test_a_deleted_version_frees_its_space(tmp_path):
    with HubProcess(tmp_path / "data") as process:
        publish(module(), card=card("acme/a/1"), hub=process.url, token=process.token)
        delete("acme/a/1", "a mistake", hub=process.url, token=process.token)
    hub = open_hub(ServerSettings(data=str(tmp_path / "data")))
    assert len(check(hub, repair=True, grace_seconds=0).removed) == 2
    assert list(hub.store.list_objects("archives/")) == []
    hub.database.close()
