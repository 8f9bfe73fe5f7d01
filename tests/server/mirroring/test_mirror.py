"""A hub that mirrors another one, and one that is not of this program."""

from __future__ import annotations

import contextlib
import http.server
import io
import tarfile
import threading

import pytest
import requests
from hub_content import card, module, module_with
from hub_process import HubProcess

from tensorflow_hub.client.publishing import publish
from tensorflow_hub.errors import DownloadError
from tensorflow_hub.handles import ModelName
from tensorflow_hub.server.administration.check import check
from tensorflow_hub.server.hub import open_hub
from tensorflow_hub.server.mirroring.upstream import Upstream
from tensorflow_hub.server.settings import ServerSettings


def get(hub, path, **options):
    return requests.get(hub.url + path, timeout=60, **options)


def names_in(content):
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        return {member.name for member in archive if member.isfile()}


def test_what_is_absent_comes_from_upstream_and_stays(tmp_path):
    upstream = HubProcess(tmp_path / "upstream")
    with upstream:
        publish(module(), card=card("acme/a/1"), hub=upstream.url, token=upstream.token)
        holder = {"handle": "acme/holder/1", "card": card("acme/holder/1", "Placeholder")}
        token = {"Authorization": f"Bearer {upstream.token}"}
        requests.put(
            f"{upstream.url}/api/v1/cards", json=holder, headers=token, timeout=30
        ).raise_for_status()
        mirror = HubProcess(tmp_path / "mirror", arguments=("--upstream", upstream.url))
        mirror.start()
        content = get(mirror, "/acme/a?tf-hub-format=compressed").content
        assert names_in(content) >= {"saved_model.pb", "tfhub_module.pb"}
        facts = get(mirror, "/api/v1/models/acme/a/1").json()
        assert facts["published_by"] == f"mirror of {upstream.url}"
        assert "multiplies" in facts["card"]
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
    with mirror_again(mirror):
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


def mirror_again(mirror):
    """The mirror, started again while its upstream is gone."""
    mirror.stop()
    return mirror


class _Foreign(http.server.BaseHTTPRequestHandler):
    """A hub of somebody else: only the hosting protocol."""

    archive = b""
    facts = b""
    location = ""

    def do_GET(self):
        if self.location:
            self.send_response(302)
            self.send_header("Location", self.location)
            self.end_headers()
        elif self.path == "/other/model/3?tf-hub-format=compressed":
            self._send(self.archive)
        elif self.facts and self.path.startswith("/api/"):
            self._send(self.facts)
        else:
            self.send_error(404)

    def _send(self, body):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with contextlib.suppress(ConnectionError):
            self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def foreign():
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        archive.add(module(), ".")
    _Foreign.archive, _Foreign.location, _Foreign.facts = buffer.getvalue(), "", b""
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
        ("http://10.0.0.1", "http://127.0.0.1:6379/"),
        ("http://10.0.0.1", "http://[::1]/"),
        ("http://10.0.0.1", "http://0.0.0.0/"),
    ],
)
def test_upstream_leads_nowhere_it_is_not_itself(upstream, target):
    with pytest.raises(DownloadError, match="which is not public|cannot be found"):
        Upstream(upstream)._check_target(target)


def test_upstream_may_lead_to_a_store_beside_it():
    Upstream("http://127.0.0.1:1")._check_target("http://127.0.0.1:2/bucket/object")
    Upstream("http://1.1.1.1")._check_target("https://8.8.8.8/bucket/object")
    Upstream("http://10.0.0.1")._check_target("http://10.0.0.2/bucket/object")


@pytest.mark.parametrize(
    "facts",
    [b'{"deployments": ["tflite"]}', b'{"deployments": {}}', b"[" * 100_000, b'"' + b"x" * (33 << 20) + b'"'],
    ids=["of texts", "no list", "deep", "large"],
)
def test_senseless_facts_are_no_facts(foreign, facts):
    _Foreign.facts = facts
    upstream = Upstream(foreign)
    with upstream.open() as session:
        assert upstream.facts(session, ModelName("other", "model", 3)) == {}
