"""A whole hub, two server processes at once, embedded and on PostgreSQL with S3."""

from __future__ import annotations

import concurrent.futures
import io
import itertools
import os
import random
import tarfile
import threading
import time

import pytest
import requests
from hub_content import card, module, module_with
from hub_process import HubProcess

from tensorflow_hub.client.publishing import publish
from tensorflow_hub.errors import ConflictError, HubError, SettingsError
from tensorflow_hub.server.administration.backup import backup, restore
from tensorflow_hub.server.administration.check import check
from tensorflow_hub.server.hub import open_hub
from tensorflow_hub.server.settings import ServerSettings

KINDS = ["embedded", pytest.param("services", marks=pytest.mark.services)]
ROUNDS = int(os.environ.get("TFHUB_TEST_RACES", "8"))
KILLS = int(os.environ.get("TFHUB_TEST_KILLS", "4"))


@pytest.fixture
def place(request, tmp_path, monkeypatch, new_name):
    """Makes the settings of a new hub of a kind: (data folder, variables)."""

    def make(kind):
        data = tmp_path / new_name()
        if kind == "embedded":
            return data, {}
        seaweedfs, postgres = request.getfixturevalue("seaweedfs"), request.getfixturevalue("postgres")
        for name, value in seaweedfs.environment.items():
            monkeypatch.setenv(name, value)
        variables = {
            "TFHUB_SERVER_DATABASE": postgres.new_database(new_name()),
            "TFHUB_SERVER_STORE": seaweedfs.new_place(new_name()),
        }
        return data, variables

    return make


def opened(data, variables):
    return open_hub(ServerSettings.read(environ={**variables, "TFHUB_SERVER_DATA": str(data)}))


def assert_clean(data, variables):
    hub = opened(data, variables)
    try:
        report = check(hub, grace_seconds=0)
        assert report.findings == ()
        return report.deployments
    finally:
        hub.database.close()


@pytest.mark.parametrize("kind", KINDS)
def test_what_one_process_publishes_the_other_serves(place, kind, tmp_path):
    data, variables = place(kind)
    with HubProcess(data, **variables) as first, HubProcess(data, token=first.token, **variables) as second:
        folder = module_with(tmp_path / "m", os.urandom(3 << 20))
        done = publish(folder, card=card("acme/a/1"), hub=first.url, token=first.token)
        answer = requests.get(f"{second.url}/acme/a?tf-hub-format=compressed", timeout=60)
        with tarfile.open(fileobj=io.BytesIO(answer.content)) as archive:
            found = archive.extractfile("assets/extra.bin").read()
        assert found == (folder / "assets" / "extra.bin").read_bytes()
        headers = {"Range": "bytes=100-199"}
        url = f"{second.url}/acme/a/1?tf-hub-format=compressed"
        part = requests.get(url, headers=headers, timeout=60)
        assert part.status_code == 206
        assert part.content == answer.content[100:200]
        redirected = requests.get(url, timeout=60, allow_redirects=False).status_code
        assert redirected == (302 if kind == "services" else 200)
        assert requests.head(url, timeout=60).headers["content-length"] == str(done.archive_size)
    assert assert_clean(data, variables) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_of_racing_publishers_exactly_one_wins(place, kind, tmp_path):
    data, variables = place(kind)
    folders = [module_with(tmp_path / name, name.encode()) for name in ("a", "b")]
    with HubProcess(data, **variables) as first, HubProcess(data, token=first.token, **variables) as second:

        def attempt(number, folder, url):
            name = f"race/model/{number}"
            try:
                return publish(folder, card=card(name), hub=url, token=first.token).is_new
            except ConflictError:
                return False

        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            for number in range(1, ROUNDS + 1):
                results = pool.map(attempt, (number, number), folders, (first.url, second.url))
                assert sorted(results) == [False, True]
    assert assert_clean(data, variables) == ROUNDS


@pytest.mark.parametrize("kind", KINDS)
def test_a_server_killed_at_any_moment_loses_nothing_it_acknowledged(place, kind, tmp_path):
    data, variables = place(kind)
    dice = random.Random(7)
    token, acknowledged, numbers = "", set(), itertools.count(1)
    for _ in range(KILLS):
        with HubProcess(data, token=token, **variables) as hub:
            token = hub.token
            timer = threading.Timer(dice.uniform(0.05, 1.2), hub.kill)
            timer.start()
            while timer.is_alive():
                number = next(numbers)
                folder = module_with(tmp_path / str(number), os.urandom(200_000))
                try:
                    publish(folder, card=card(f"kill/model/{number}"), hub=hub.url, token=token)
                except (HubError, OSError):
                    break
                acknowledged.add(number)
            timer.join()
    with HubProcess(data, token=token, **variables) as hub:
        facts = requests.get(f"{hub.url}/api/v1/models/kill/model", timeout=30).json()
        visible = {version["version"] for version in facts.get("versions", ())}
        assert acknowledged <= visible
        for number in visible:
            url = f"{hub.url}/kill/model/{number}?tf-hub-format=compressed"
            content = requests.get(url, timeout=30).content
            with tarfile.open(fileobj=io.BytesIO(content)) as archive:
                assert "saved_model.pb" in archive.getnames()
        # What the killed process left is taken up again, and then nothing of it remains.
        for number in range(1, next(numbers)):
            if number not in visible and (tmp_path / str(number)).exists():
                name = f"kill/model/{number}"
                assert publish(tmp_path / str(number), card=card(name), hub=hub.url, token=token).is_new
    assert assert_clean(data, variables) >= len(acknowledged)


@pytest.mark.services
def test_a_database_that_crashes_in_the_middle(place, postgres, tmp_path):
    data, variables = place("services")
    acknowledged = []
    with HubProcess(data, **variables) as hub:
        for number in range(1, 7):
            folder = module_with(tmp_path / str(number), os.urandom(100_000))
            if number % 3 == 0:
                crash = threading.Timer(
                    0.15 * number / 3, lambda: (postgres.stop("immediate"), postgres.start())
                )
                crash.start()
            try:
                publish(folder, card=card(f"crash/model/{number}"), hub=hub.url, token=hub.token)
                acknowledged.append(number)
            except (HubError, OSError):
                pass
            if number % 3 == 0:
                crash.join()
        time.sleep(0.5)
        facts = requests.get(f"{hub.url}/api/v1/models/crash/model", timeout=30).json()
        visible = {version["version"] for version in facts["versions"]}
        assert set(acknowledged) <= visible
        for number in set(range(1, 7)) - visible:
            name = f"crash/model/{number}"
            publish(tmp_path / str(number), card=card(name), hub=hub.url, token=hub.token)
    assert assert_clean(data, variables) == 6


@pytest.mark.services
def test_a_hub_moves_to_postgresql_and_s3(place, tmp_path):
    data, variables = place("embedded")
    with HubProcess(data, **variables) as hub:
        publish(module(), card=card("move/model/1"), hub=hub.url, token=hub.token)
        token = hub.token
    small = opened(data, variables)
    backup(small, tmp_path / "backup")
    small.database.close()
    data, variables = place("services")
    large = opened(data, variables)
    restore(large, tmp_path / "backup")
    with pytest.raises(SettingsError, match="Expected an empty hub"):
        restore(large, tmp_path / "backup")
    large.database.close()
    with HubProcess(data, token=token, **variables) as hub:
        answer = requests.get(f"{hub.url}/move/model?tf-hub-format=compressed", timeout=30)
        assert answer.content[:2] == b"\x1f\x8b"
        folder = module_with(tmp_path / "two", b"2")
        assert publish(folder, card=card("move/model/2"), hub=hub.url, token=token).is_new
    assert assert_clean(data, variables) == 2
