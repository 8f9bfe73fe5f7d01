"""A whole hub, two server processes at once, embedded and on PostgreSQL with S3."""

from __future__ import annotations

import contextlib
import io
import os
import random
import subprocess
import sys
import tarfile
import threading
import time

import pytest
import requests
from hub_content import card, module, module_with
from hub_process import HubProcess
from patience import PATIENCE

from tensorflow_hub.client.publishing import publish
from tensorflow_hub.errors import HubError, SettingsError
from tensorflow_hub.server.administration.backup import backup, restore
from tensorflow_hub.server.administration.check import check
from tensorflow_hub.server.core.hub import open_hub
from tensorflow_hub.server.settings import ServerSettings

# A hub on a folder and SQLite, or on PostgreSQL with an S3 server.
KINDS = [
    "embedded",
    pytest.param("seaweedfs", marks=pytest.mark.services),
    pytest.param("ceph", marks=pytest.mark.ceph),
]
ROUNDS = int(os.environ.get("TFHUB_TEST_RACES", "8"))
KILLS = int(os.environ.get("TFHUB_TEST_KILLS", "4"))


@pytest.fixture
def place(request, tmp_path, monkeypatch, new_name):
    """Makes the settings of a new hub of a kind: (data folder, variables)."""

    def make(kind):
        data = tmp_path / new_name()
        unlimited = {"TFHUB_SERVER_PUBLISHES_PER_HOUR": "0"}  # a thousand rounds are too many
        if kind == "embedded":
            return data, unlimited
        server, postgres = request.getfixturevalue(kind), request.getfixturevalue("postgres")
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        variables = unlimited | {
            "TFHUB_SERVER_DATABASE": postgres.new_database(new_name()),
            "TFHUB_SERVER_STORE": server.new_place(new_name()),
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
def test_a_version_published_by_one_process_is_served_by_the_other(place, kind, tmp_path):
    data, variables = place(kind)
    with HubProcess(data, **variables) as first, HubProcess(data, token=first.token, **variables) as second:
        folder = module_with(tmp_path / "m", os.urandom(3 << 20))
        done = publish(folder, card=card("acme/a/1"), hub=first.url, token=first.token)
        answer = requests.get(f"{second.url}/acme/a?tf-hub-format=compressed", timeout=PATIENCE)
        with tarfile.open(fileobj=io.BytesIO(answer.content)) as archive:
            found = archive.extractfile("assets/extra.bin").read()
        assert found == (folder / "assets" / "extra.bin").read_bytes()
        headers = {"Range": "bytes=100-199"}
        url = f"{second.url}/acme/a/1?tf-hub-format=compressed"
        part = requests.get(url, headers=headers, timeout=PATIENCE)
        assert part.status_code == 206
        assert part.content == answer.content[100:200]
        redirected = requests.get(url, timeout=PATIENCE, allow_redirects=False).status_code
        assert redirected == (200 if kind == "embedded" else 302)
        assert requests.head(url, timeout=PATIENCE).headers["content-length"] == str(done.archive_size)
        token = {"Authorization": f"Bearer {first.token}"}
        publisher = f"{first.url}/api/v1/publishers/acme"
        requests.patch(publisher, json={"private": True}, headers=token, timeout=PATIENCE).raise_for_status()
        assert requests.get(url, timeout=PATIENCE).status_code == 404, (
            "private at once, in the other process too"
        )
        assert requests.get(url, headers={"If-None-Match": "*"}, timeout=PATIENCE).status_code == 404
        private = requests.get(url, headers=token, timeout=PATIENCE)
        assert private.content == answer.content
        answers = [*private.history, private]
        assert answers[0].headers["Cache-Control"].startswith("private, ")
    assert assert_clean(data, variables) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_of_concurrent_publishers_exactly_one_wins(place, kind, tmp_path):
    """Two processes that publish, and two that serve."""
    data, variables = place(kind)
    folders = [module_with(tmp_path / name, name.encode()) for name in ("a", "b")]
    with (
        contextlib.ExitStack() as racers,
        HubProcess(data, **variables) as first,
        HubProcess(data, token=first.token, **variables) as second,
    ):
        race = [
            racers.enter_context(publisher_process(folder, hub.url, first.token))
            for folder, hub in zip(folders, (first, second), strict=True)
        ]
        for number in range(1, ROUNDS + 1):
            for process in race:
                process.stdin.write(f"race/model/{number}\n")
                process.stdin.flush()
            assert sorted(process.stdout.readline() for process in race) == ["lost\n", "won\n"]
    assert assert_clean(data, variables) == ROUNDS


PUBLISHER_PROGRAM = """
import sys
from hub_content import card
from tensorflow_hub.client.publishing import publish
from tensorflow_hub.errors import ConflictError
folder, hub, token = sys.argv[1:]
for name in map(str.strip, sys.stdin):
    try:
        won = publish(folder, card=card(name), hub=hub, token=token).is_new
    except ConflictError:
        won = False
    print("won" if won else "lost", flush=True)
"""


@contextlib.contextmanager
def publisher_process(folder, hub, token):
    """A process that publishes `folder` under each name it reads, and says whether it was the first."""
    command = [sys.executable, "-c", PUBLISHER_PROGRAM, str(folder), hub, token]
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, env=environ, text=True, **pipes) as process:
        yield process
        process.stdin.close()


class Publishing:
    """Publishes one version after another of a model while something is killed.

    Attributes:
      acknowledged: the numbers of those whose publisher was told that they are published.
    """

    def __init__(self, model, folder):
        self.acknowledged = set()
        self._model, self._folder, self._number = model, folder, 0
        self._dice = random.Random(7)
        self._seconds = 0.0

    def publish(self, hub):
        """Publishes the next one undisturbed, and learns how long that takes on this machine."""
        started = time.monotonic()
        self._publish_next(hub)
        self._seconds = time.monotonic() - started

    def publish_until_killed(self, hub, kill):
        """Publishes until `kill` was called, at a random instant in the next publications, and is done."""
        killing = threading.Event()

        def at_a_random_instant():
            time.sleep(self._dice.uniform(0, 4) * self._seconds)
            killing.set()
            kill()

        killer = threading.Thread(target=at_a_random_instant)
        killer.start()
        while killer.is_alive():
            self._try_next(hub, killing)
        killer.join()

    def _try_next(self, hub, killing):
        try:
            self._publish_next(hub)
        except (HubError, OSError):
            assert killing.is_set(), "it failed, and nothing had been killed"

    def _publish_next(self, hub):
        self._number += 1
        folder = module_with(self._folder / str(self._number), os.urandom(200_000))
        name = f"{self._model}/{self._number}"
        publish(folder, card=card(name), hub=hub.url, token=hub.token)
        self.acknowledged.add(self._number)

    def assert_whole_or_absent(self, hub):
        """What was acknowledged is there, what is there is whole, and what is absent can be published still.

        Returns:
          The number of versions.
        """
        facts = requests.get(f"{hub.url}/api/v1/models/{self._model}", timeout=PATIENCE).json()
        visible = {version["version"] for version in facts["versions"]}
        assert self.acknowledged <= visible
        for number in range(1, self._number + 1):
            folder = self._folder / str(number)
            if number in visible:
                url = f"{hub.url}/{self._model}/{number}?tf-hub-format=compressed"
                with tarfile.open(fileobj=io.BytesIO(requests.get(url, timeout=PATIENCE).content)) as archive:
                    found = archive.extractfile("assets/extra.bin").read()
                assert found == (folder / "assets" / "extra.bin").read_bytes()
            else:
                name = f"{self._model}/{number}"
                assert publish(folder, card=card(name), hub=hub.url, token=hub.token).is_new
        return self._number


@pytest.mark.parametrize("kind", KINDS)
def test_a_server_killed_at_any_moment_loses_nothing_it_acknowledged(place, kind, tmp_path, monkeypatch):
    monkeypatch.setenv("TFHUB_RETRIES", "0")  # nobody starts the hub again while a publisher waits
    monkeypatch.setattr("tensorflow_hub.client.uploading._PATIENCE_SECONDS", 0)
    data, variables = place(kind)
    publishing = Publishing("kill/model", tmp_path / "modules")
    with HubProcess(data, **variables) as hub:
        token = hub.token
        publishing.publish(hub)
    for _ in range(KILLS):
        with HubProcess(data, token=token, **variables) as hub:
            publishing.publish_until_killed(hub, hub.kill)
    with HubProcess(data, token=token, **variables) as hub:
        count = publishing.assert_whole_or_absent(hub)
    assert assert_clean(data, variables) == count


@pytest.mark.services
def test_a_database_killed_at_any_moment_loses_nothing_that_was_acknowledged(place, postgres, tmp_path):
    def kill():
        postgres.kill()
        postgres.start()

    data, variables = place("seaweedfs")
    publishing = Publishing("crash/model", tmp_path / "modules")
    with HubProcess(data, **variables) as hub:
        publishing.publish(hub)
        for _ in range(KILLS):
            publishing.publish_until_killed(hub, kill)
        count = publishing.assert_whole_or_absent(hub)
    assert assert_clean(data, variables) == count


@pytest.mark.services
def test_a_hub_moves_to_postgresql_and_s3(place, tmp_path):
    data, variables = place("embedded")
    with HubProcess(data, **variables) as hub:
        publish(module(), card=card("move/model/1"), hub=hub.url, token=hub.token)
        token = hub.token
    small = opened(data, variables)
    backup(small, tmp_path / "backup")
    small.database.close()
    data, variables = place("seaweedfs")
    large = opened(data, variables)
    restore(large, tmp_path / "backup")
    with pytest.raises(SettingsError, match="Expected an empty hub"):
        restore(large, tmp_path / "backup")
    large.database.close()
    with HubProcess(data, token=token, **variables) as hub:
        answer = requests.get(f"{hub.url}/move/model?tf-hub-format=compressed", timeout=PATIENCE)
        assert answer.content[:2] == b"\x1f\x8b"
        folder = module_with(tmp_path / "two", b"2")
        assert publish(folder, card=card("move/model/2"), hub=hub.url, token=token).is_new
    assert assert_clean(data, variables) == 2
