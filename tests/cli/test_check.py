"""`tfhub check`: modules and cards, for people and for scripts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tensorflow_hub.cli.main import main

MODULES = Path(__file__).parents[1] / "data" / "tf1_modules"
TEXT = MODULES / "05_text_embedding" / "module"
CARD = "# Module acme/words/1\nEmbeds words.\n\n<!-- task: text-embeding -->\n<!-- format: {} -->\n"


def run(*arguments) -> int:
    try:
        main([*map(str, arguments)])
    except SystemExit as exit_:
        return exit_.code or 0
    return 0


def test_a_module_for_people(capsys):
    assert run("check", TEXT) == 0
    printed = capsys.readouterr().out
    assert "1 with 64 parameters, 64 of them trainable" in printed
    assert "text-embedding (signature 'default')" in printed
    assert "    out  default: sparse int64[?, ?]" in printed


def test_a_module_for_scripts(capsys):
    assert run("check", TEXT, "--json") == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["kind"] == "hub"
    assert facts["interfaces"] == ["text-embedding"]
    assert facts["assets"] == ["assets/tokens.txt"]


def test_an_interface_is_requested(capsys):
    assert run("check", TEXT, "--interface", "text-embedding") == 0
    assert run("check", TEXT, "--interface", "text-encoder") == 1
    assert "Expected a module with the interface text-encoder" in capsys.readouterr().err


def test_a_card(tmp_path, capsys):
    card = tmp_path / "card.md"
    card.write_text(CARD.format("hub"))
    assert run("check", card, "--module", TEXT) == 0
    printed = capsys.readouterr()
    assert ":4: warning: 'text-embeding' is not a known task. Did you mean" in printed.out
    assert "0 errors, 1 warning in " in printed.err
    card.write_text(CARD.format("saved_model_2"))
    assert run("check", card) == 0
    assert run("check", card, "--module", TEXT, "--json") == 1
    printed = capsys.readouterr().out
    facts = json.loads(printed[printed.index("{") :])
    assert [problem["line"] for problem in facts["problems"]] == [4, 5]
    assert not facts["ok"]


@pytest.mark.parametrize(("target", "code"), [("nowhere.md", 3), ("./nowhere", 3)])
def test_nothing_there(target, code, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run("check", target) == code
    assert "nowhere" in capsys.readouterr().err


def test_a_directory_without_a_module(tmp_path, capsys):
    assert run("check", tmp_path) == 1
    assert "got nothing" in capsys.readouterr().err
