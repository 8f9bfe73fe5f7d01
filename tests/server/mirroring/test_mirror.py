"""A hub that mirrors another one, and one that is not of this program."""

from __future__ import annotations

import contextlib
import http.server
import io
import ipaddress
import os
import sqlite3
import tarfile
import threading
from typing import ClassVar

import pytest
import requests
from hub_content import card, module, module_with
from hub_process import HubProcess
from patience import PATIENCE, until
from ports import silent_port

from tensorflow_hub.client.publishing import publish
from tensorflow_hub.client.versions import restore, withdraw
from tensorflow_hub.errors import DownloadError
from tensorflow_hub.handles import ModelName
from tensorflow_hub.server.administration.check import check
from tensorflow_hub.server.catalogue import reading
from tensorflow_hub.server.catalogue.audience import EVERYTHING
from tensorflow_hub.server.catalogue.writing import ensure_publisher, set_state
from tensorflow_hub.server.core.hub import open_hub
from tensorflow_hub.server.core.problems import Unavailable
from tensorflow_hub.server.mirroring import mirror as mirror_module
from tensorflow_hub.server.mirroring.refreshing import refresh
from tensorflow_hub.server.mirroring.upstream import Upstream
from tensorflow_hub.server.settings import ServerSettings


def get(hub, path, **options):
    return requests.get(hub.url + path, timeout=PATIENCE, **options)


def names_in(content):
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        return {member.name.removeprefix("./") for member in archive if member.isfile()}


def test_absent_models_are_fetched_from_upstream_and_stored(tmp_path):
    upstream = HubProcess(tmp_path / "upstream")
    with upstream:
        publish(module(), card=card("acme/a/1"), hub=upstream.url, token=upstream.token)
        holder = {"handle": "acme/holder/1", "card": card("acme/holder/1", "Placeholder")}
        token = {"Authorization": f"Bearer {upstream.token}"}
        requests.put(
            f"{upstream.url}/api/v1/cards", json=holder, headers=token, timeout=PATIENCE
        ).raise_for_status()
        mirror = HubProcess(tmp_path / "mirror", arguments=("--upstream", upstream.url))
        mirror.start()
        content = get(mirror, "/acme/a?tf-hub-format=compressed").content
        assert names_in(content) >= {"saved_model.pb", "tfhub_module.pb"}
        entry = get(mirror, "/api/v1/models/acme/a/1").json()
        assert entry["published_by"] == f"mirror of {upstream.url}"
        assert "multiplies" in entry["card"]
        assert get(mirror, "/api/v1/models/acme/holder/1").json()["kind"] == "placeholder"
        assert get(mirror, "/acme/absent/1?tf-hub-format=compressed").status_code == 404
        # A name that publishes on the mirror belongs to it: upstream is not asked for it.
        publish(module_with(tmp_path / "m", b"1"), card=card("mine/a/1"), hub=mirror.url, token=mirror.token)
        publish(module(), card=card("mine/a/9"), hub=upstream.url, token=upstream.token)
        assert get(mirror, "/mine/a/9?tf-hub-format=compressed").status_code == 404
        assert get(mirror, "/mine/a?tf-hub-format=compressed").url.endswith(
            "/mine/a/1?tf-hub-format=compressed"
        )
        # So does one that was mirrored, from its first publication here on.
        publish(module_with(tmp_path / "n", b"2"), card=card("acme/b/1"), hub=mirror.url, token=mirror.token)
        publish(module(), card=card("acme/b/2"), hub=upstream.url, token=upstream.token)
        assert get(mirror, "/acme/b/2?tf-hub-format=compressed").status_code == 404
        mirror.stop()
    with silent_port(int(upstream.url.rpartition(":")[2])), mirror:
        assert get(mirror, "/acme/a?tf-hub-format=compressed").content == content
        assert get(mirror, "/acme/other/1?tf-hub-format=compressed").status_code == 404
        # Nobody knows whether the upstream hub has this one: "not found" would be a guess.
        for _ in range(2):
            refused = get(mirror, "/else/other/1?tf-hub-format=compressed")
            assert refused.status_code == 502
            assert "cannot be reached" in refused.text
            assert get(mirror, "/api/v1/models/else/other").status_code == 502
    hub = open_hub(ServerSettings(data=str(mirror.data)))
    assert check(hub, grace_seconds=0).findings == ()
    hub.database.close()


def test_a_mirrored_version_has_the_date_of_its_publication_upstream(foreign, tmp_path):
    upstream = HubProcess(tmp_path / "upstream")
    with upstream:
        publish(module(), card=card("acme/a/1"), hub=upstream.url, token=upstream.token)
        with sqlite3.connect(upstream.data / "catalogue.sqlite") as catalogue:
            catalogue.execute("UPDATE versions SET published_at = 1551441600")
        with HubProcess(tmp_path / "mirror", arguments=("--upstream", upstream.url)) as mirror:
            get(mirror, "/acme/a/1?tf-hub-format=compressed").raise_for_status()
            entry = get(mirror, "/api/v1/models/acme/a/1").json()
            assert entry["published_at"] == "2019-03-01T12:00:00Z"
            assert entry["deployments"][0]["published_at"] > "2026"
            found = get(mirror, "/api/v1/search?sort=newest").json()["results"]
            assert found[0]["published_at"] == "2019-03-01T12:00:00Z"
            assert "1 March 2019" in get(mirror, "/acme/a/1", headers={"Accept": "text/html"}).text
    with HubProcess(tmp_path / "other", arguments=("--upstream", foreign)) as mirror:
        get(mirror, "/other/model/3?tf-hub-format=compressed").raise_for_status()
        assert get(mirror, "/api/v1/models/other/model/3").json()["published_at"] is None
        page = get(mirror, "/other/model/3", headers={"Accept": "text/html"}).text
        assert "<dt>Published</dt><dd>date not known</dd>" in page


class _Foreign(http.server.BaseHTTPRequestHandler):
    """A hub of somebody else: only the hosting protocol."""

    archive = b""
    entry = b""
    location = ""
    # Where set, the server waits for it when a MiB of an archive is out; there it may break off.
    gate: threading.Event | None = None
    breaks_off = False

    asked: ClassVar[list[str]] = []

    def do_HEAD(self):
        self.asked.append(self.path)
        self.send_error(404)

    def do_GET(self):
        self.asked.append(self.path)
        if self.location:
            self.send_response(302)
            self.send_header("Location", self.location)
            self.end_headers()
        elif self.path == "/other/model/3?tf-hub-format=compressed":
            self._send(self.archive)
        elif self.entry and self.path.startswith("/api/"):
            self._send(self.entry)
        else:
            self.send_error(404)

    def _send(self, body):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with contextlib.suppress(ConnectionError):
            self.wfile.write(body[: 1 << 20])
            if self.gate is not None:
                self.gate.wait(60)
            if not self.breaks_off:
                self.wfile.write(body[1 << 20 :])

    def log_message(self, *_):
        pass


def packed(folder):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        archive.add(folder, ".")
    return buffer.getvalue()


@pytest.fixture
def foreign():
    _Foreign.archive, _Foreign.location, _Foreign.entry = packed(module()), "", b""
    _Foreign.gate, _Foreign.breaks_off = None, False
    _Foreign.asked.clear()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Foreign)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def test_a_foreign_hub_is_mirrored_too(foreign, tmp_path):
    with HubProcess(tmp_path / "mirror", arguments=("--upstream", foreign)) as mirror:
        content = get(mirror, "/other/model/3?tf-hub-format=compressed").content
        assert "saved_model.pb" in names_in(content)
        assert "Mirrored from" in get(mirror, "/api/v1/models/other/model/3").json()["card"]
        _Foreign.location = "http://169.254.169.254/latest/meta-data"
        assert get(mirror, "/other/model/4?tf-hub-format=compressed").status_code == 404
        _Foreign.location = f"{foreign}/other/model/5?tf-hub-format=compressed"
        assert get(mirror, "/other/model/5?tf-hub-format=compressed").status_code == 404
        _Foreign.location, _Foreign.archive = "", b"no archive"
        assert get(mirror, "/other/model/6?tf-hub-format=compressed").status_code == 404


@pytest.mark.parametrize(
    ("upstream", "target"),
    [
        ("http://127.0.0.1:1", "http://169.254.169.254/latest/meta-data"),
        ("http://127.0.0.1:1", "file:///etc/passwd"),
        ("http://192.0.2.1", "gopher://127.0.0.1/"),
        ("http://1.1.1.1", "http://127.0.0.1/"),
        ("http://1.1.1.1", "http://10.0.0.1/"),
        ("http://1.1.1.1", "http://[::1]/"),
        ("http://1.1.1.1", "http://2130706433/"),
        ("http://1.1.1.1", "http://[::ffff:127.0.0.1]/"),
        ("http://1.1.1.1", "http://[64:ff9b::7f00:1]/"),
        ("https://1.1.1.1", "http://8.8.8.8/"),
        ("http://10.0.0.1", "http://127.0.0.1:6379/"),
        ("http://10.0.0.1", "http://[::1]/"),
        ("http://10.0.0.1", "http://0.0.0.0/"),
        ("http://1.1.1.1", "http://127.0.0.1\\@8.8.8.8/"),
        ("http://1.1.1.1", "http://8.8.8.8:x/"),
    ],
)
def test_upstream_cannot_redirect_into_another_network(upstream, target):
    with pytest.raises(
        DownloadError, match="which is not public|cannot be found|to redirect to http|is no URL"
    ):
        check_target(upstream, target)


def check_target(url, target):
    upstream = Upstream(url)
    with upstream.open() as session:
        upstream._check_target(session, target)


def test_upstream_may_lead_to_a_store_beside_it():
    check_target("http://127.0.0.1:1", "http://127.0.0.1:2/bucket/object")
    check_target("http://1.1.1.1", "https://8.8.8.8/bucket/object")
    check_target("http://10.0.0.1", "http://10.0.0.2/bucket/object")


@pytest.mark.parametrize("target", ["10.0.0.1", "192.168.1.1", "169.254.169.254", "[fd00::1]", "100.64.0.1"])
@pytest.mark.parametrize("own", ["127.0.0.1", "172.16.0.1", "1.1.1.1"])
def test_upstream_does_not_lead_into_a_private_network_that_it_is_not_in(own, target):
    with pytest.raises(DownloadError, match="which is not public"):
        check_target(f"http://{own}:1", f"http://{target}/latest/meta-data")


def test_a_host_is_reached_at_the_address_that_was_checked(foreign):
    """Not at what its name says when the connection is made: here it says nothing at all."""
    upstream = Upstream("http://upstream.invalid")
    with upstream.open() as session:
        url = foreign.replace("127.0.0.1", "elsewhere.invalid") + "/other/model/3?tf-hub-format=compressed"
        adapter = session.transport.get_adapter(url)
        adapter.pin("elsewhere.invalid", [ipaddress.ip_address("127.0.0.1")])
        assert session.transport.get(url, timeout=PATIENCE).content == _Foreign.archive
        adapter.pin("elsewhere.invalid", [ipaddress.ip_address("::1")])
        session.close()
        with pytest.raises(requests.exceptions.ConnectionError, match="NewConnectionError"):
            session.transport.get(url, timeout=PATIENCE)


def test_a_host_is_looked_up_as_it_is_asked():
    """Else the name that was checked would not be the one that is pinned."""
    with pytest.raises(DownloadError, match="'xn--bcher-kva.invalid' cannot be found"):
        check_target("http://1.1.1.1", "http://bücher.invalid/object")


def large_archive(tmp_path):
    return packed(module_with(tmp_path / "large", os.urandom(3 << 20)))


def test_the_first_caller_reads_the_archive_while_it_is_fetched(foreign, tmp_path):
    _Foreign.archive, _Foreign.gate = large_archive(tmp_path), threading.Event()
    path = "/other/model/3?tf-hub-format=compressed"
    with HubProcess(tmp_path / "mirror", arguments=("--upstream", foreign)) as mirror:
        readers = [get(mirror, path, stream=True) for _ in range(2)]
        for reader in readers:
            assert reader.headers["Content-Length"] == str(len(_Foreign.archive))
            assert reader.headers["Cache-Control"] == "no-store"
            assert "ETag" not in reader.headers
            assert reader.raw.read(1 << 19) == _Foreign.archive[: 1 << 19]
        _Foreign.gate.set()
        assert all(reader.raw.read() == _Foreign.archive[1 << 19 :] for reader in readers)
        kept = get(mirror, path)
        assert kept.headers["ETag"]
        assert names_in(kept.content) == names_in(_Foreign.archive)
        assert get(mirror, "/api/v1/models/other/model/3").status_code == 200


@pytest.mark.parametrize("ending", ["breaks off", "is no archive"])
def test_what_does_not_end_well_is_not_passed_on_to_its_end(foreign, tmp_path, ending):
    _Foreign.archive, _Foreign.gate = large_archive(tmp_path), threading.Event()
    if ending == "breaks off":
        _Foreign.breaks_off = True
    else:
        _Foreign.archive = _Foreign.archive[: 2 << 20] + bytes(1 << 20)
    with HubProcess(tmp_path / "mirror", arguments=("--upstream", foreign)) as mirror:
        reader = get(mirror, "/other/model/3?tf-hub-format=compressed", stream=True)
        _Foreign.gate.set()
        with pytest.raises(requests.exceptions.RequestException, match="IncompleteRead|Connection broken"):
            _ = reader.content
        _Foreign.gate = None
        again = get(mirror, "/other/model/3?tf-hub-format=compressed")
        assert again.status_code == (502 if ending == "breaks off" else 404), "a broken transfer says nothing"


def test_the_number_of_parallel_fetches_is_limited(foreign, tmp_path, monkeypatch):
    monkeypatch.setattr(mirror_module, "MOST_PENDING_FETCHES", 1)
    _Foreign.archive, _Foreign.gate, _Foreign.breaks_off = large_archive(tmp_path), threading.Event(), True
    hub = open_hub(ServerSettings(data=str(tmp_path / "data")))
    mirror = mirror_module.Mirror(hub, Upstream(foreign))
    with contextlib.closing(hub.database):
        spool = mirror.fetch(ModelName("other", "model", 3), "saved_model", EVERYTHING)
        assert mirror.fetch(ModelName("other", "model", 3), "saved_model", EVERYTHING) is spool
        with pytest.raises(
            Unavailable, match="Expected fewer than 1 running fetches from the upstream hub, got 1"
        ):
            mirror.fetch(ModelName("other", "model", 4), "saved_model", EVERYTHING)
        _Foreign.gate.set()
        until(lambda: spool.is_over)
        mirror.close()


def test_an_answer_of_upstream_is_used_even_if_older_ones_are_forgotten(tmp_path, monkeypatch):
    monkeypatch.setattr(mirror_module, "_MOST_CACHED", 1)
    hub = open_hub(ServerSettings(data=str(tmp_path / "data")))
    with HubProcess(tmp_path / "upstream") as upstream, contextlib.closing(hub.database):
        mirror = mirror_module.Mirror(hub, Upstream(upstream.url))
        for model in ("a", "b"):
            publish(module(), card=card(f"acme/{model}/1"), hub=upstream.url, token=upstream.token)
            assert mirror.latest(ModelName("acme", model), "saved_model", EVERYTHING) == 1
        mirror.close()


def test_names_that_are_made_up_wait_for_no_thread(tmp_path):
    hub = open_hub(ServerSettings(data=str(tmp_path / "data")))
    with contextlib.closing(hub.database):
        with hub.database.writing() as connection:
            ensure_publisher(connection, "ours")
        mirror = mirror_module.Mirror(hub, Upstream("http://127.0.0.1:1"))
        for number in (1, 2):
            assert mirror.fetch(ModelName("ours", "model", number), "saved_model", EVERYTHING) is None
        assert not mirror._request_times
        mirror.close()


def test_upstream_is_not_asked_about_local_publishers(foreign, tmp_path):
    with HubProcess(tmp_path / "mirror", arguments=("--upstream", foreign)) as mirror:
        publish(module(), card=card("mine/a/1"), hub=mirror.url, token=mirror.token)
        for path in ("/mine/a/1?tf-hub-format=compressed", "/mine/a?tf-hub-format=compressed", "/mine/b/1"):
            get(mirror, path)
        hub = open_hub(ServerSettings(data=str(mirror.data)))
        with contextlib.closing(hub.database):
            refresh(hub, Upstream(foreign), ModelName("mine", "a", 1))
    assert _Foreign.asked == []


def test_versions_withdrawn_upstream_are_withdrawn_here(tmp_path):
    with HubProcess(tmp_path / "upstream") as upstream:
        to = {"hub": upstream.url, "token": upstream.token}
        for number in (1, 2, 3):
            publish(module_with(tmp_path / str(number), b"%d" % number), card=card(f"acme/a/{number}"), **to)
        withdraw("acme/a/3", "Wrong labels.", **to)
        with HubProcess(tmp_path / "mirror", arguments=("--upstream", upstream.url)) as mirror:
            pinned = get(mirror, "/acme/a/3?tf-hub-format=compressed")
            assert pinned.headers["TFHub-Withdrawn"] == "Wrong labels. (upstream)"
            assert get(mirror, "/api/v1/models/acme/a/3").json()["state"] == "withdrawn"
            assert "/acme/a/2?" in get(mirror, "/acme/a?tf-hub-format=compressed").url
    # What is withdrawn, restored and deleted later is followed too; who pinned a version keeps it.
    hub = open_hub(ServerSettings(data=str(mirror.data)))
    name = ModelName("acme", "a", 2)
    upstream = HubProcess(tmp_path / "upstream", token=upstream.token)
    with upstream, contextlib.closing(hub.database):
        to = {"hub": upstream.url, "token": upstream.token}
        withdraw("acme/a/2", "Too old.", **to)
        assert state_after_refresh(hub, upstream, name) == ("withdrawn", "Too old. (upstream)")
        restore("acme/a/2", **to)
        assert state_after_refresh(hub, upstream, name) == ("visible", "")
        headers = {"Authorization": f"Bearer {upstream.token}"}
        body = {"handle": "acme/a/2", "reason": "Unlawful."}
        requests.post(f"{upstream.url}/api/v1/deletions", json=body, headers=headers, timeout=PATIENCE)
        state, reason = state_after_refresh(hub, upstream, name)
        assert state == "withdrawn"
        assert "Unlawful" in reason
        with hub.database.writing() as connection:
            set_state(connection, reading.find_version(connection, name), "withdrawn", "Ours.")
        assert state_after_refresh(hub, upstream, name) == ("withdrawn", "Ours.")


def state_after_refresh(hub, upstream, name):
    refresh(hub, Upstream(upstream.url), name)
    with hub.database.reading() as connection:
        version = reading.find_version(connection, name)
    return version.state, version.reason


@pytest.mark.parametrize(
    "entry",
    [b'{"deployments": ["tflite"]}', b'{"deployments": {}}', b"[" * 100_000, b'"' + b"x" * (33 << 20) + b'"'],
    ids=["of texts", "no list", "deep", "large"],
)
def test_meaningless_entries_are_ignored(foreign, entry):
    _Foreign.entry = entry
    upstream = Upstream(foreign)
    with upstream.open() as session:
        assert upstream.entry(session, ModelName("other", "model", 3)) == {}
