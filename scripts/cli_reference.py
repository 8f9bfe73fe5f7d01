"""Writes docs/cli.md, the reference of the command line, from the commands themselves.

python scripts/cli_reference.py          writes the page
python scripts/cli_reference.py --check  fails if the page differs from the commands
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from tensorflow_hub.cli.main import tfhub

PAGE = Path(__file__).resolve().parents[1] / "docs" / "cli.md"
HEAD = """\
# The command line

`make cli-reference` writes this page from the commands, and a test compares them. `tfhub --help` and
`tfhub VERB --help` show the same texts.

"""


def commands(command: click.Command, name: str) -> Iterator[tuple[str, click.Command]]:
    """A command and all below it, with their full names."""
    yield name, command
    if isinstance(command, click.Group):
        context = click.Context(command, info_name=name)
        for verb in command.list_commands(context):
            below = command.get_command(context, verb)
            assert below is not None, verb
            if not below.hidden:
                yield from commands(below, f"{name} {verb}")


def render() -> str:
    """The text of the page."""
    return HEAD + "\n".join(_section(name, command) for name, command in commands(tfhub, "tfhub"))


def _section(name: str, command: click.Command) -> str:
    context = click.Context(command, info_name=name, max_content_width=100, terminal_width=100)
    usage = " ".join(command.collect_usage_pieces(context))
    depth = min(4, 1 + len(name.split()))
    parts = [f"{'#' * depth} {name}\n", f"```text\n{name} {usage}\n```\n"]
    if command.help:
        parts.append(_help_text(command.help))
    if command.epilog:
        parts.append(_help_text(command.epilog))
    rows = [record for parameter in command.params if (record := _row(parameter, context))]
    if rows:
        parts.append("| Option | What it does |\n|---|---|\n" + "\n".join(rows) + "\n")
    return "\n".join(parts)


def _help_text(text: str) -> str:
    r"""Click's help as Markdown: paragraphs marked with \b keep their lines, as code."""
    parts = []
    for paragraph in inspect.cleandoc(text).split("\n\n"):
        if paragraph.startswith("\b"):
            lines = paragraph.split("\n")[1:]
            parts.append("```text\n" + "\n".join(lines) + "\n```")
        else:
            parts.append(paragraph)
    return "\n\n".join(parts).replace("```\n\n```text\n", "\n") + "\n"


def _row(parameter: click.Parameter, context: click.Context) -> str | None:
    record = parameter.get_help_record(context)
    if record is None or not record[1]:
        return None
    option, text = (" ".join(part.split()).replace("|", "\\|") for part in record)
    return f"| `{option}` | {text} |"


if __name__ == "__main__":
    if "--check" in sys.argv:
        if not PAGE.exists() or PAGE.read_text(encoding="utf-8") != render():
            raise SystemExit("docs/cli.md is not what the commands say: run `make cli-reference`.")
    else:
        PAGE.write_text(render(), encoding="utf-8")
