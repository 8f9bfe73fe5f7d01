"""`tfhub member`: invite, list, change and remove, on a real hub."""

from __future__ import annotations

import json

from private_hub import api, private_hub
from web_visitor import Visitor

from tensorflow_hub.cli.main import main


def test_members_are_managed_on_the_command_line(tmp_path, monkeypatch, capsys):
    with private_hub(tmp_path / "data", "sqlite") as hub:
        monkeypatch.setenv("TFHUB_URL", hub.url)
        monkeypatch.setenv("TFHUB_TOKEN", hub.token)

        def run(*words):
            main(["member", *words])
            return capsys.readouterr().out.strip()

        url = run("invite", "hidden", "--role", "publisher", "--note", "Ada")
        assert "Ada" in run("list", "hidden")
        joined = Visitor(hub.url).send(url[len(hub.url) :], "/settings/join", name="ada")
        assert joined.status_code == 201
        [member] = json.loads(run("list", "hidden", "--json"))["members"]
        assert (member["name"], member["role"]) == ("ada", "publisher")
        run("role", "hidden", str(member["user"]), "owner")
        assert "owner" in run("list", "hidden")
        run("remove", "hidden", str(member["user"]))
        assert json.loads(run("list", "hidden", "--json")) == {"members": [], "invitations": []}
        entries = api(hub, "GET", "/api/v1/audit?publisher=hidden").json()["entries"]
        done = [entry["action"] for entry in entries[:4]]
        assert done == ["member.remove", "member.role", "member.join", "invitation.create"]
