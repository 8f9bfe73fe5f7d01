"""`tfhub serve` as a process: ports, the first token, stopping, readiness, an unpacked copy, the log."""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import requests
from hub_content import card, module, module_with
from hub_process import SOURCES, HubProcess
from patience import PATIENCE, until
from ports import fixed_ports
from real_services import Postgres
from transactions import waiting_work

from tensorflow_hub.client.publishing import publish
from tensorflow_hub.errors import SettingsError
from tensorflow_hub.server.catalogue.tokens import ADMIN, create_token, lock_tokens
from tensorflow_hub.server.core.hub import open_hub
from tensorflow_hub.server.run import first_token, place, reserved_port
from tensorflow_hub.server.settings import ServerSettings


def test_the_first_token_is_shown_once(tmp_path):
    with HubProcess(tmp_path / "data") as first:
        assert first.token.startswith("tfhub_")
    with HubProcess(tmp_path / "data") as second:
        assert second.token == ""
    assert (tmp_path / "data").stat().st_mode & 0o077 == 0, "only the owner may look into the folder"


@pytest.mark.services
def test_of_two_hubs_that_start_at_once_one_makes_the_first_token(tmp_path):
    with contextlib.ExitStack() as stack:
        server = Postgres().start()
        stack.callback(server.remove)
        hub = open_hub(ServerSettings(data=str(tmp_path / "data"), database=server.new_database("hub")))
        stack.callback(hub.database.close)
        start = stack.enter_context(waiting_work(hub.database))
        with hub.database.writing() as connection:
            lock_tokens(connection)
            other = start(lambda: first_token(hub))
            assert not other.done()
            create_token(connection, "first administrator", ADMIN, None, created_by="tfhub serve")
        assert other.result() is None


def test_a_taken_port_that_was_named_is_never_replaced(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        file = tmp_path / "hub.toml"
        file.write_text(f"port = {port}\n")
        for number, (arguments, settings) in enumerate(
            [(["--port", port], {}), ([], {"TFHUB_SERVER_PORT": port}), (["--config", str(file)], {})]
        ):
            refused = serve(tmp_path / f"data{number}", *arguments, **settings)
            assert refused.returncode == 2
            assert f"cannot listen on 127.0.0.1:{port}" in refused.stderr


def serve(data, *arguments, **settings):
    """`tfhub serve`, which is to end by itself."""
    environ = {**os.environ, "PYTHONPATH": str(SOURCES), "TFHUB_SERVER_DATA": str(data), **settings}
    command = [sys.executable, "-m", "tensorflow_hub", "serve", *arguments]
    return subprocess.run(command, env=environ, capture_output=True, text=True, check=False, timeout=PATIENCE)


def test_an_address_of_another_machine_is_distinguished_from_a_port_that_is_taken():
    elsewhere = ServerSettings(host="203.0.113.9", port=0)  # an address for documentation
    with pytest.raises(
        SettingsError, match=r"cannot listen on 203\.0\.113\.9:0: .*Choose an address of this"
    ):
        reserved_port(elsewhere, asked_for=True).__enter__()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing holds a port before it is listened at")
def test_a_port_belongs_to_one_hub_from_the_moment_it_is_chosen():
    same = ServerSettings(port=fixed_ports(1)[0])
    with reserved_port(same, asked_for=True) as port:
        assert port == same.port
        with pytest.raises(SettingsError, match=rf"cannot listen on 127\.0\.0\.1:{port}: Address already"):
            reserved_port(same, asked_for=True).__enter__()
        with reserved_port(same, asked_for=False) as other:
            assert other != port
    with reserved_port(same, asked_for=True) as again:
        assert again == port


def test_a_download_is_finished_before_the_hub_stops(tmp_path):
    with HubProcess(tmp_path / "data") as hub:
        folder = module_with(tmp_path / "m", os.urandom(40 << 20))
        done = publish(folder, card=card("a/b/1"), hub=hub.url, token=hub.token)
        answer = requests.get(f"{done.url}?tf-hub-format=compressed", stream=True, timeout=PATIENCE)
        pieces = answer.iter_content(1 << 20)
        size = len(next(pieces))
        stopped = threading.Thread(target=hub.stop)
        stopped.start()
        until(lambda: not _listens(hub.url), "the end of listening")
        size += sum(map(len, pieces))
        stopped.join()
        assert size == done.archive_size


def test_a_hub_that_lost_its_database_is_not_ready(tmp_path):
    with HubProcess(tmp_path / "data") as hub:
        assert requests.get(f"{hub.url}/readyz", timeout=PATIENCE).json()["status"] == "ready"
        store = tmp_path / "data" / "store" / "tmp"
        store.rmdir()
        answer = requests.get(f"{hub.url}/readyz", timeout=PATIENCE)
        assert answer.status_code == 503
        assert answer.json()["problems"] == ["the store does not work"]
        assert requests.get(f"{hub.url}/healthz", timeout=PATIENCE).status_code == 200


def test_modules_are_kept_unpacked_too(tmp_path):
    unpacked = tmp_path / "unpacked"
    with HubProcess(tmp_path / "data", TFHUB_SERVER_UNCOMPRESSED_URL=str(unpacked)) as hub:
        done = publish(module(), card=card("a/b/1"), hub=hub.url, token=hub.token)
        url = f"{done.url}?tf-hub-format=uncompressed"
        answer = requests.get(url, timeout=PATIENCE, allow_redirects=False)
        assert answer.status_code == 303
        assert answer.text == answer.headers["location"]
        assert (Path(answer.text) / "saved_model.pb").read_bytes() == (
            module() / "saved_model.pb"
        ).read_bytes()
        assert Path(answer.text).name == done.digest.removeprefix("sha256:")


def test_private_versions_have_no_unpacked_copy(tmp_path):
    unpacked = tmp_path / "unpacked"
    with HubProcess(tmp_path / "data", TFHUB_SERVER_UNCOMPRESSED_URL=str(unpacked)) as hub:
        token = {"Authorization": f"Bearer {hub.token}"}
        url, body = f"{hub.url}/api/v1/publishers/secret", {"private": True}
        requests.patch(url, json=body, headers=token, timeout=PATIENCE).raise_for_status()
        done = publish(module(), card=card("secret/b/1"), hub=hub.url, token=hub.token)
        assert not unpacked.exists()
        url = f"{done.url}?tf-hub-format=uncompressed"
        answer = requests.get(url, headers=token, timeout=PATIENCE, allow_redirects=False)
        assert answer.status_code == 406, answer.text


def test_a_copy_goes_when_nobody_may_read_it_any_more(tmp_path):
    unpacked = tmp_path / "unpacked"
    with HubProcess(tmp_path / "data", TFHUB_SERVER_UNCOMPRESSED_URL=str(unpacked)) as hub:
        token = {"Authorization": f"Bearer {hub.token}"}

        def copies():
            return {path.name for path in unpacked.iterdir()}

        def change(path, method="PATCH", **body):
            answer = requests.request(
                method, f"{hub.url}/api/v1/{path}", json=body, headers=token, timeout=PATIENCE
            )
            answer.raise_for_status()

        to = {"hub": hub.url, "token": hub.token}
        shared = [publish(module(), card=card(handle), **to) for handle in ("a/b/1", "open/b/1")]
        own = publish(module("05_text_embedding"), card=card("a/c/1"), **to)
        names = [done.digest.removeprefix("sha256:") for done in (shared[0], own)]
        assert copies() == set(names)
        etag = requests.head(f"{own.url}?tf-hub-format=compressed", timeout=PATIENCE).headers["ETag"]
        change("publishers/a", private=True)
        assert copies() == {names[0]}, "another publisher still has this content"
        for form in ("compressed", "uncompressed"):
            url = f"{own.url}?tf-hub-format={form}"
            answer = requests.get(
                url, headers={"If-None-Match": etag}, timeout=PATIENCE, allow_redirects=False
            )
            assert answer.status_code == 404
        change("publishers/a", private=False)
        url = f"{own.url}?tf-hub-format=uncompressed,compressed"
        assert requests.get(url, timeout=PATIENCE, allow_redirects=False).status_code == 200, (
            "no copy: the archive"
        )
        change("publishers/a", private=True)
        change("deletions", method="POST", handle="open/b/1", reason="x")
        assert copies() == set()


def test_metrics_are_those_of_all_processes(tmp_path):
    with HubProcess(tmp_path / "data", arguments=("--workers", "2")) as hub:
        token = {"Authorization": f"Bearer {hub.token}"}

        def answered():
            text = requests.get(f"{hub.url}/metrics", headers=token, timeout=PATIENCE).text
            found = re.search(r'^tfhub_requests_total{endpoint="show_help".* ([0-9.]+)$', text, re.MULTILINE)
            return float(found[1]) if found else 0.0

        assert answered() == 0
        for _ in range(20):  # each on a connection of its own, which either process may take
            requests.get(f"{hub.url}/help", timeout=PATIENCE).raise_for_status()
        until(lambda: answered() == 20, "the last request, which is counted after its answer")
        assert [answered() for _ in range(5)] == [20] * 5, "whichever process answers"
        requests.request("MADE-UP", f"{hub.url}/help", timeout=PATIENCE)
        text = requests.get(f"{hub.url}/metrics", headers=token, timeout=PATIENCE).text
        assert 'method="other"' in text
        assert "MADE-UP" not in text


def test_metrics_may_be_public_or_off(tmp_path):
    for setting, status in (("public", 200), ("off", 404)):
        with HubProcess(tmp_path / setting, TFHUB_SERVER_METRICS=setting) as hub:
            assert requests.get(f"{hub.url}/metrics", timeout=PATIENCE).status_code == status


def test_downloads_are_counted(tmp_path):
    with HubProcess(tmp_path / "data") as hub:
        done = publish(module(), card=card("a/b/1"), hub=hub.url, token=hub.token)
        url = f"{done.url}?tf-hub-format=compressed"
        for headers in ({}, {"Range": "bytes=0-9"}, {"Accept": "application/vnd.tensorflow-hub.index+json"}):
            requests.get(url, headers=headers, timeout=PATIENCE)
        requests.head(url, timeout=PATIENCE)
        for accept in ("*/*", "application/vnd.tensorflow-hub.index+json"):  # kept already: no download
            etag = requests.head(url, headers={"Accept": accept}, timeout=PATIENCE).headers["ETag"]
            kept = {"Accept": accept, "If-None-Match": etag}
            assert requests.get(url, headers=kept, timeout=PATIENCE).status_code == 304
    with HubProcess(tmp_path / "data") as hub:  # what was counted is written when the hub stops
        facts = requests.get(f"{hub.url}/api/v1/models/a/b", timeout=PATIENCE).json()
        assert facts["downloads"] == 2


def test_the_log_is_json_when_asked_for(tmp_path):
    with HubProcess(tmp_path / "data", TFHUB_SERVER_LOG_FORMAT="json") as hub:
        number = requests.get(f"{hub.url}/readyz", timeout=PATIENCE).headers["x-request-id"]
    lines = (tmp_path / "data.log").read_text().splitlines()
    [line] = [json.loads(line) for line in lines if number in line]
    assert (line["method"], line["path"], line["status"]) == ("GET", "/readyz", 200)


def test_a_server_process_does_not_outlive_its_parent(tmp_path):
    with HubProcess(tmp_path / "data") as hub:
        os.kill(hub.pid, 9)
        until(lambda: not _listens(hub.url), "the end of a server with nobody to stop it")


def _listens(url):
    host, port = url.removeprefix("http://").split(":")
    try:
        socket.create_connection((host, int(port))).close()
    except ConnectionError:
        return False
    return True


def test_a_password_is_not_shown():
    assert (
        place(ServerSettings(database="postgresql://hub:secret@db/hub"))
        == "postgresql+psycopg://hub:***@db/hub"
    )
