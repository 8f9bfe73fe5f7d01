"""Publishing, tokens and versions from Python, against a real hub."""

from __future__ import annotations

import contextlib
import os
import socket
import threading

import pytest
from hub_content import card, module, module_with
from hub_process import HubProcess
from ports import fixed_ports

import tensorflow_hub
from tensorflow_hub.client import tokens, versions
from tensorflow_hub.client.calls import call, client_settings
from tensorflow_hub.client.publishing import publish
from tensorflow_hub.errors import (
    AuthenticationError,
    CardError,
    HandleError,
    NotFoundError,
    OfflineError,
    RequestError,
    SettingsError,
    UnreachableError,
)


class CuttingProxy:
    """Passes bytes on to a hub, and cuts the first connections after a number of bytes each."""

    def __init__(self, target: str, cuts: list[int]) -> None:
        host, port = target.removeprefix("http://").split(":")
        self.target = (host, int(port))
        self.cuts = cuts
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.create_connection(self.target)
            threading.Thread(target=self._pump, args=(client, server, True), daemon=True).start()
            threading.Thread(target=self._pump, args=(server, client, False), daemon=True).start()

    def _pump(self, source, target, counts):
        passed = 0
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                passed += len(data)
                if counts and self.cuts and passed > self.cuts[0]:
                    self.cuts.pop(0)
                    break
                target.sendall(data)
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


def test_an_interrupted_transfer_continues(hub, tmp_path):
    folder = module_with(tmp_path / "m", os.urandom(30 << 20))
    proxy = CuttingProxy(hub.url, [20 << 20, 5 << 20, 1 << 20])
    seen = []
    done = publish(
        folder,
        card=card("cut/model/1"),
        hub=proxy.url,
        token=hub.token,
        on_progress=lambda step, n, total: seen.append((step, n)),
    )
    assert done.is_new
    assert proxy.cuts == []
    sent = [n for step, n in seen if step == "sending"]
    assert sent[-1] == done.archive_size
    assert list(dict.fromkeys(step for step, _ in seen)) == ["packing", "sending", "checking"]


def test_a_hub_that_restarts_in_the_middle_is_no_reason_to_fail(tmp_path):
    folder = module_with(tmp_path / "m", os.urandom(30 << 20))
    arguments = ("--port", str(fixed_ports(1)[0]))
    with contextlib.ExitStack() as running:
        first = running.enter_context(HubProcess(tmp_path / "data", arguments=arguments))
        restarts = []

        def watch(step, n, total):
            if step == "sending" and n > 10 << 20 and not restarts:
                first.kill()
                again = HubProcess(tmp_path / "data", arguments=arguments)
                restarts.append(threading.Thread(target=running.enter_context, args=(again,)))
                restarts[0].start()

        done = publish(folder, card=card("a/b/1"), hub=first.url, token=first.token, on_progress=watch)
        assert done.is_new
        restarts[0].join()


def test_an_archive_can_be_published(hub, tmp_path):
    import tarfile

    with tarfile.open(tmp_path / "m.tar.gz", "w:gz") as archive:
        archive.add(module(), ".")
    done = publish(tmp_path / "m.tar.gz", card=card("archive/model/1"), hub=hub.url, token=hub.token)
    assert done.url == f"{hub.url}/archive/model/1"
    assert publish(module(), card=card("archive/model/1"), hub=hub.url, token=hub.token).is_new is False


def test_a_card_of_another_name_is_refused_with_both_names_and_the_fix():
    said = (
        r"acme/cats/1, got a card of a/b/1\. Make its first line `# Module acme/cats/1`, or publish as a/b/1"
    )
    with pytest.raises(CardError, match=said):
        publish(module(), "acme/cats/1", card=card("a/b/1"), hub="http://127.0.0.1:9")


def test_versions_are_shown_withdrawn_and_restored(hub, tmp_path):
    where = {"hub": hub.url, "token": hub.token}
    publish(module(), card=card("states/model/1"), **where)
    assert versions.withdraw("states/model/1", "old", **where)["state"] == "withdrawn"
    assert versions.show("states/model", **where)["versions"][0]["reason"] == "old"
    assert versions.restore("states/model/1", **where)["state"] == "visible"
    corrected = card("states/model/1") + "\nMore.\n"
    assert versions.put_card("states/model/1", corrected, **where)["card"] == corrected
    versions.delete("states/model/1", "gone", **where)
    with pytest.raises(NotFoundError, match="was deleted: gone"):
        versions.show("states/model/1", **where)


def test_tokens_are_made_used_and_revoked(hub):
    where = {"hub": hub.url, "token": hub.token}
    made = tokens.create_token("ci", "publish", "tokeneers", 7, **where)
    assert tokens.own_token(hub=hub.url, token=made["secret"])["publisher"] == "tokeneers"
    assert [token["name"] for token in tokens.list_tokens("tokeneers", **where)] == ["ci"]
    tokens.revoke_token(made["id"], **where)
    with pytest.raises(AuthenticationError, match="unknown, revoked or expired"):
        tokens.own_token(hub=hub.url, token=made["secret"])


def test_mistakes_are_reported(hub, monkeypatch):
    with pytest.raises(AuthenticationError, match="Expected a token, got none"):
        publish(module(), card=card("a/b/1"), hub=hub.url)
    with pytest.raises(HandleError, match="Expected a version at the end of the handle"):
        publish(module(), "a/b", card=card("a/b/1"), hub=hub.url)
    with pytest.raises(HandleError, match="a whole number, got 'one' in 'acme/name/one'") as problem:
        publish(module(), "acme/name/one", card=card("acme/name/1"), hub=hub.url)
    assert problem.value.hint.startswith("Write for example 'acme/name/1'; or 'acme/name/one/1' if")
    with pytest.raises(HandleError, match="Expected a card, or a handle"):
        publish(module(), hub=hub.url)
    with pytest.raises(SettingsError, match="Expected the URL of a hub, got 'nonsense'"):
        publish(module(), card=card("a/b/1"), hub="nonsense")
    with pytest.raises(NotFoundError, match="nobody/model"):
        versions.show("nobody/model", hub=hub.url)
    monkeypatch.setenv("TFHUB_RETRIES", "0")
    with pytest.raises(UnreachableError, match="cannot be reached"):
        versions.show("a/b", hub="http://127.0.0.1:9")


def test_offline_nothing_is_asked(monkeypatch):
    monkeypatch.setenv("TFHUB_OFFLINE", "1")
    with pytest.raises(OfflineError, match="Expected a network for a request .*, but TFHUB_OFFLINE is set"):
        versions.show("a/b", hub="http://127.0.0.1:9")


def test_something_that_is_not_a_hub_is_reported(hub, monkeypatch):
    with pytest.raises(RequestError, match="Expected JSON from the hub"):
        call(client_settings(hub.url), "GET", "/help", what="help")


def test_a_token_for_one_hub_is_not_shown_to_another(monkeypatch):
    monkeypatch.setenv("TFHUB_URL", "http://one.example")
    monkeypatch.setenv("TFHUB_TOKEN", "secret")
    assert client_settings().token == "secret"
    assert client_settings("http://one.example/").token == "secret"
    assert client_settings("http://two.example").token == ""


def test_publish_is_public():
    assert tensorflow_hub.publish is publish
