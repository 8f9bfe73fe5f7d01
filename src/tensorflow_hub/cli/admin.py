"""`tfhub admin`: what the administrator of a hub does beside it, on its database and store."""

from __future__ import annotations

import importlib

import click

# Verb → (module of this package whose `command` it is, one line for the list).
ADMIN_VERBS: dict[str, tuple[str, str]] = {
    "import-docs": ("admin_import_docs", "take a tree of tfhub.dev documentation as entries"),
}


class _AdminVerbs(click.Group):
    """A group that imports a verb's module only when the verb is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(ADMIN_VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in ADMIN_VERBS:
            return None
        module = importlib.import_module(f"tensorflow_hub.cli.{ADMIN_VERBS[cmd_name][0]}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(verb, line) for verb, (_, line) in sorted(ADMIN_VERBS.items())])


@click.group("admin", cls=_AdminVerbs)
def command() -> None:
    """Look after a hub: works on its database and store, with the settings of `tfhub serve`."""
