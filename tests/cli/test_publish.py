"""`tfhub publish`, and then `show`, `withdraw` and `token`, against a real hub."""

from __future__ import annotations

import json

import pytest
from command_line import run
from hub_content import card, module, module_with
from hub_process import HubProcess

from tensorflow_hub.client import versions


@pytest.fixture
def hub(tmp_path):
    with HubProcess(tmp_path / "data") as process:
        yield process


def test_a_model_is_published_shown_and_withdrawn(hub, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("TFHUB_URL", hub.url)
    monkeypatch.setenv("TFHUB_TOKEN", hub.token)
    (tmp_path / "card.md").write_text(card("cli/model/1"))
    arguments = ("publish", str(module()), "--card", str(tmp_path / "card.md"))
    assert run(capsys, *arguments) == (0, f"{hub.url}/cli/model/1\n", "Published.\n")
    code, out, _ = run(capsys, *arguments, "--json")
    assert (code, json.loads(out)["is_new"]) == (0, False)
    (tmp_path / "card.md").write_text(card("cli/model/1").replace("task", "taks"))
    code, _, err = run(capsys, *arguments)
    assert code == 0
    assert "its card is now this one" in err
    assert "Did you mean 'task'?" in err
    assert versions.show("cli/model/1")["card"] == (tmp_path / "card.md").read_text()
    assert run(capsys, "search", "zzzzqq")[2].startswith("Nothing found.")
    other = module_with(tmp_path / "other", b"x")
    code, _, err = run(capsys, "publish", str(other), "cli/model/1", "--card", str(tmp_path / "card.md"))
    assert code == 6
    assert "→ Publish it as version 2." in err
    _, out, _ = run(capsys, "show", "cli/model/1")
    assert "  default: (" in out, out
    _, out, _ = run(capsys, "show", f"{hub.url}/cli/model", "--json")
    assert json.loads(out)["latest"] == 1
    assert run(capsys, "show", "cli/modle/1")[0] == 3
    assert run(capsys, "withdraw", "cli/model/1", "--reason", "x")[1] == "cli/model/1 withdrawn\n"
    assert run(capsys, "withdraw", "cli/model/1", "--undo")[1] == "cli/model/1 visible\n"
    code, secret, _ = run(capsys, "token", "create", "bot", "--publisher", "cli")
    assert secret.startswith("tfhub_")
    assert "bot" in run(capsys, "token", "list", "--publisher", "cli")[1]
    monkeypatch.setenv("TFHUB_TOKEN", secret.strip())
    assert run(capsys, "token", "show")[1] == "bot: publish, cli, good\n"
    assert run(capsys, "token", "create", "more", "--all-publishers", "--scope", "read")[0] == 5
