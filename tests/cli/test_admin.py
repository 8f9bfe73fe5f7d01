"""`tfhub admin` on the folder of a hub."""

from __future__ import annotations

import json
import os

import pytest
from command_line import run
from hub_content import card, module, module_with
from hub_process import HubProcess

from tensorflow_hub.client.publishing import publish


@pytest.fixture
def filled(tmp_path):
    """The data folder of a hub with two versions, which is no longer serving."""
    with HubProcess(tmp_path / "data") as process:
        options = {"hub": process.url, "token": process.token}
        publish(module(), card=card("acme/a/1"), **options)
        publish(module_with(tmp_path / "m", b"2"), card=card("acme/a/2"), **options)
    return process.data


def test_a_hub_is_checked_backed_up_and_restored(filled, tmp_path, capsys):
    data = ("--data", str(filled))
    code, out, _ = run(capsys, "admin", "check", "--json", *data)
    assert (code, json.loads(out)["findings"]) == (0, [])
    backup_folder = str(tmp_path / "backup")
    code, out, _ = run(capsys, "admin", "backup", backup_folder, "--json", *data)
    assert (code, json.loads(out)) == (0, {"folder": backup_folder, "new_objects": 4})
    code, out, _ = run(capsys, "admin", "restore", backup_folder, "--json", "--data", tmp_path / "new")
    assert code == 0
    assert json.loads(out)["rows"] > 0
    code, out, _ = run(capsys, "admin", "new-token", "alice", *data)
    assert code == 0
    assert out.startswith("tfhub_")
    for verb in (("check",), ("backup", str(tmp_path / "b")), ("new-token", "alice")):
        code, _, err = run(capsys, "admin", *verb, "--data", tmp_path / "mistyped")
        assert code == 2
        assert "holds no catalogue.sqlite" in err
    assert not (tmp_path / "mistyped").exists()
    code, _, err = run(capsys, "admin", "restore", tmp_path / "no", "--data", tmp_path / "new2")
    assert code == 2
    assert "has no file catalogue.jsonl" in err
    os.truncate(next(filled.rglob("archives/*.tar.gz")), 10)
    code, out, _ = run(capsys, "admin", "check", "--fast", *data)
    assert code == 1
    assert "damaged archives/" in out
