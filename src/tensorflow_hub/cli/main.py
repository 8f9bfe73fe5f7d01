"""The command `tfhub`: the table of its verbs. The file of a verb is imported when it is called."""

from __future__ import annotations

import importlib
import re
import sys

import click

import tensorflow_hub
from tensorflow_hub.cli import output
from tensorflow_hub.cli.errors import exit_code, report, report_click
from tensorflow_hub.cli.quiet_tensorflow import quiet_tensorflow
from tensorflow_hub.errors import HubError

# Verb → (the file in this folder that has its `command`, its line in the list of verbs).
VERBS: dict[str, tuple[str, str]] = {
    "admin": ("admin", "administer a hub: check, backup, restore, import documentation"),
    "cache": ("cache", "list, check, remove, export and import downloaded modules"),
    "check": ("check", "check a module or a card before it is published"),
    "apply": ("apply", "apply a module to every row of a file or every image of a folder"),
    "compare": ("compare", "compare modules on one dataset: accuracy, speed, size, memory"),
    "export": ("export", "export a Keras model or architecture as a module"),
    "keys": ("keys", "make keys for signing versions, and register them at a hub"),
    "label": ("label", "label images or texts with a retrained classifier"),
    "lock": ("lock", "pin the content of a project's modules"),
    "login": ("login", "save a token for a hub"),
    "measurements": ("measurements", "list, compare, add and delete measurements of versions"),
    "member": ("member", "list, invite and remove the members of a publisher"),
    "mirror": ("mirror", "copy modules from other places into a hub"),
    "neighbours": ("neighbours", "find texts or images that are similar to a given one"),
    "outdated": ("outdated", "list locked modules that were withdrawn or deleted, or have a newer version"),
    "publish": ("publish", "publish a module on a hub"),
    "pull": ("pull", "fetch modules into the cache"),
    "retrain": ("retrain", "train an image or text classifier on the features of a module"),
    "run": ("run", "run a module on a few texts, images or numbers and show the outputs"),
    "sbom": ("sbom", "list what a version is made of and needs to run"),
    "scan": ("scan", "list the handles and calls in a folder of programs, and what to change"),
    "search": ("search", "find models on a hub"),
    "serve": ("serve", "run a hub"),
    "show": ("show", "show a model of a hub"),
    "sign": ("sign", "sign a published version"),
    "token": ("token", "make, list and revoke tokens of a hub"),
    "verify": ("verify", "show who signed a version, and whether it is trusted"),
    "webhook": ("webhook", "let a hub notify a URL of events of its models"),
    "where": ("where", "show the places where the module of a handle is searched"),
    "withdraw": ("withdraw", "hide a version from search, or show it again"),
}


class _Verbs(click.Group):
    """A group that imports the file of a verb when the verb is called, so that start-up is fast."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        module = importlib.import_module(f"tensorflow_hub.cli.{VERBS[cmd_name][0]}")
        command: click.Command = module.command
        _keep_lines(command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            import difflib

            similar = difflib.get_close_matches(args[0], VERBS, 1)
            hint = f" Did you mean {similar[0]!r}?" if similar else ""
            raise click.UsageError(error.message + hint, ctx) from error

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        if not VERBS:
            return
        with formatter.section("Commands"):
            formatter.write_dl([(verb, line) for verb, (_, line) in sorted(VERBS.items())])


def _keep_lines(command: click.Command) -> None:
    r"""Replaces the text `\b` in help texts by click's control character for "keep these lines"."""
    command.help = command.help and command.help.replace("\\b\n", "\b\n")
    if isinstance(command, click.Group):
        for below in command.commands.values():
            _keep_lines(below)
            if not below.short_help:  # click would truncate the sentence
                below.short_help = _first_clause(below.help or "")


def _first_clause(text: str) -> str:
    """The part of a text before the first full stop, semicolon or colon.

    >>> _first_clause("Read every byte of v1.0; exit code 1 when one is wrong. Slow.")
    'Read every byte of v1.0'
    """
    return re.split(r"[.;:](?:\s|$)", " ".join(text.split()), maxsplit=1)[0]


@click.group(cls=_Verbs, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(tensorflow_hub.__version__, prog_name="tfhub")
def tfhub() -> None:
    """Publish, find, fetch and use pieces of TensorFlow models.

    Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 3 not found, 4 hub unreachable,
    5 not allowed (token), 6 conflict with what is published.
    """


def main(arguments: list[str] | None = None) -> None:
    """Runs the command line and exits with its code."""
    output.take_any_text()
    try:
        with quiet_tensorflow():
            code = tfhub.main(args=arguments, prog_name="tfhub", standalone_mode=False)
        if isinstance(code, int) and code:  # the code of a click.exceptions.Exit
            sys.exit(code)
    except click.exceptions.Abort as error:
        if isinstance(error.__cause__, KeyboardInterrupt):
            output.error("Interrupted.")
            output.hint("Run the same command again. It continues the work where possible.")
        sys.exit(130)
    except click.exceptions.Exit as error:
        sys.exit(error.exit_code)
    except click.ClickException as error:
        report_click(error)
        sys.exit(error.exit_code)
    except HubError as error:
        report(error)
        sys.exit(exit_code(error))
    except BrokenPipeError:
        sys.exit(141)
    except OSError as error:
        if error.errno is None:  # not an error of the operating system, but a bug
            raise
        output.error(f"{error.filename or 'The disk'} cannot be used: {error.strerror}.")
        output.hint("Check the path, your permissions and the free disk space.")
        sys.exit(1)
