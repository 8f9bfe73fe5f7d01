"""The command `tfhub` without the file of a verb."""

from __future__ import annotations

from command_line import run


def test_a_mistyped_verb_gets_a_suggestion(capsys):
    code, _, said = run(capsys, "serach", "text")
    assert (code, said.splitlines()[-1]) == (2, "Error: No such command 'serach'. Did you mean 'search'?")
    code, _, said = run(capsys, "xyzzyq")
    assert (code, said.splitlines()[-1]) == (2, "Error: No such command 'xyzzyq'.")
