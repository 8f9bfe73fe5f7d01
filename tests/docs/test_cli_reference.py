"""The command line explains itself: every verb, option and argument; and docs/cli.md says the same."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import click
import pytest

from tensorflow_hub.cli.main import VERBS, tfhub

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "cli_reference.py"
spec = importlib.util.spec_from_file_location("cli_reference", SCRIPT)
cli_reference = importlib.util.module_from_spec(spec)
spec.loader.exec_module(cli_reference)

COMMANDS = dict(cli_reference.commands(tfhub, "tfhub"))


def test_the_page_is_what_the_commands_say():
    assert cli_reference.PAGE.read_text(encoding="utf-8") == cli_reference.render(), (
        "docs/cli.md is not what the commands say: run `make cli-reference`."
    )


def test_the_list_of_verbs_has_a_line_for_each():
    assert all(line for _, line in VERBS.values())
    assert set(VERBS) == {name.split()[1] for name in COMMANDS if len(name.split()) == 2}


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_option_has_help(name):
    command = COMMANDS[name]
    assert command.help, f"{name} has no help"
    for parameter in command.params:
        if isinstance(parameter, click.Option) and not parameter.hidden:
            assert parameter.help, f"{name} {parameter.opts[0]} has no help"


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_help_keeps_the_lines_of_examples(name):
    text = COMMANDS[name].get_help(click.Context(COMMANDS[name], info_name=name))
    assert "\\b" not in text
    assert "\b" not in text
    for line in text.splitlines():
        assert line.count("tfhub ") <= 2, f"{name} --help runs its examples together: {line}"


@pytest.mark.parametrize("name", sorted(name for name in COMMANDS if len(name.split()) > 1))
def test_help_shows_an_example(name):
    command = COMMANDS[name]
    if isinstance(command, click.Group):
        pytest.skip("its commands have the examples")
    text = command.help + (command.epilog or "")
    assert re.search(rf"^ *(?:[A-Z_]+=\S+ )*{re.escape(name)}\b", text, flags=re.MULTILINE), (
        f"{name} --help shows no example"
    )
