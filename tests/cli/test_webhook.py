"""`tfhub webhook`: make, test, switch and remove, on a real hub with a real receiver."""

from __future__ import annotations

import json
import time

import pytest
from hub_content import card
from patience import until
from private_hub import HIDDEN, api, private_hub
from webhook_receiver import Receiver, is_signed

from tensorflow_hub.cli.main import main


def test_webhooks_are_managed_on_the_command_line(tmp_path, monkeypatch, capsys):
    networks = {"TFHUB_SERVER_WEBHOOK_NETWORKS": "127.0.0.1"}
    with private_hub(tmp_path / "data", "sqlite", **networks) as hub, Receiver() as receiver:
        monkeypatch.setenv("TFHUB_URL", hub.url)
        monkeypatch.setenv("TFHUB_TOKEN", hub.token)

        def run(*words):
            main(["webhook", *words])
            return capsys.readouterr().out.strip()

        secret = run("create", receiver.url, "--publisher", "hidden", "--event", "card", "--event", "publish")
        [webhook] = json.loads(run("list", "--publisher", "hidden", "--json"))
        assert webhook["events"] == ["publish", "card"]
        assert json.loads(run("list", "--json")) == [], "none of the whole hub"
        number = str(webhook["id"])
        run("test", number)
        until(lambda: receiver.messages, "the test")
        assert is_signed(receiver.messages[0], secret, time.time())
        until(lambda: "delivered" in run("log", number))
        run("again", number, receiver.messages[0].id)
        until(lambda: len(receiver.messages) == 2, "the same message")
        run("change", number, "--event", "withdraw")
        api(hub, "PUT", "/api/v1/cards", json={"handle": HIDDEN, "card": card(HIDDEN, "Placeholder")})
        run("change", number, "--off")
        assert "off: " in run("list", "--publisher", "hidden")
        run("change", number, "--on")
        assert len(json.loads(run("log", number, "--json"))) == 1, "no card was told of"
        run("remove", number)
        assert json.loads(run("list", "--publisher", "hidden", "--json")) == []
        with pytest.raises(SystemExit, match="2"):
            main(["webhook", "create", receiver.url])
        assert "Say whose events it is told" in capsys.readouterr().err
