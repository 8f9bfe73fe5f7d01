"""`tfhub member`: invite, list, change and remove, on a real hub."""

from __future__ import annotations

import json
import re

import pytest
import requests
from patience import PATIENCE
from private_hub import HIDDEN, api, private_hub
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
        main(["member", "list", "hidden"])
        assert capsys.readouterr() == ("", "There is nothing to list.\n")
        entries = api(hub, "GET", "/api/v1/audit?publisher=hidden").json()["entries"]
        done = [entry["action"] for entry in entries[:4]]
        assert done == ["member.remove", "member.role", "member.join", "invitation.create"]


def test_a_disabled_user_has_no_rights(tmp_path):
    with private_hub(tmp_path / "data", "sqlite") as hub:
        path = "/api/v1/publishers/hidden/invitations"
        url = api(hub, "POST", path, json={"role": "reader"}).json()["url"]
        visitor = Visitor(hub.url)
        joined = visitor.send(url[len(hub.url) :], "/settings/join", name="mallory")
        token = re.search(r"<code>(tfhub_[\w-]+)</code>", joined.text)[1]
        bearer = {"Authorization": f"Bearer {token}"}
        administer = ["admin", "disable-user", "Mallory", "--data", str(hub.data)]
        main(administer)
        assert visitor.open("/settings").status_code == 401
        own = f"{hub.url}/api/v1/tokens/self"
        assert requests.get(own, headers=bearer, timeout=PATIENCE).status_code == 401
        main([*administer, "--enable"])
        assert visitor.open(f"/{HIDDEN}").status_code == 200
        with pytest.raises(SystemExit, match="3"):
            main(["admin", "disable-user", "nobody", "--data", str(hub.data)])


def test_administrators_list_the_users(tmp_path, capsys):
    with private_hub(tmp_path / "data", "sqlite") as hub:
        for name, role in (("zoe", "owner"), ("adam", "reader")):
            path = "/api/v1/publishers/hidden/invitations"
            url = api(hub, "POST", path, json={"role": role}).json()["url"]
            Visitor(hub.url).send(url[len(hub.url) :], "/settings/join", name=name)
        main(["admin", "disable-user", "zoe", "--data", str(hub.data)])
        capsys.readouterr()
        main(["admin", "users", "--data", str(hub.data), "--json"])
        found = json.loads(capsys.readouterr().out)
        shown = [(each["name"], each["roles"], each["disabled"]) for each in found]
        assert shown == [("adam", ["reader of hidden"], False), ("zoe", ["owner of hidden"], True)]
        main(["admin", "users", "--data", str(hub.data)])
        assert "owner of hidden" in capsys.readouterr().out
