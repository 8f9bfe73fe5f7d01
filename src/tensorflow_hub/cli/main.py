"""The command `tfhub`: a table of verbs, each in a file of its own, imported when it is called."""

from __future__ import annotations

import importlib
import re
import sys

import click

import tensorflow_hub
from tensorflow_hub.cli import output
from tensorflow_hub.cli.errors import exit_code, report
from tensorflow_hub.errors import HubError

# Verb → (module of this package whose `command` it is, one line for the list of verbs).
VERBS: dict[str, tuple[str, str]] = {
    "admin": ("admin", "administer a hub: check, backup, restore, import documentation"),
    "cache": ("cache", "list, check, remove, export and import downloaded modules"),
    "check": ("check", "check a module or a card before it is published"),
    "apply": ("apply", "apply a module to every row of a file or every image of a folder"),
    "compare": ("compare", "compare modules on one dataset: accuracy, speed, size, memory"),
    "export": ("export", "make a module of a Keras model or architecture"),
    "keys": ("keys", "make keys that sign versions, and register them at a hub"),
    "label": ("label", "label images or texts with a retrained classifier"),
    "lock": ("lock", "pin the content of a project's modules"),
    "login": ("login", "save a token for a hub"),
    "measurements": ("measurements", "list, compare, add and delete what was measured of versions"),
    "member": ("member", "list, invite and remove the members of a publisher"),
    "mirror": ("mirror", "copy modules from anywhere into a hub"),
    "neighbours": ("neighbours", "find texts or images like a given one"),
    "outdated": ("outdated", "tell which locked modules were withdrawn, are gone, or have a newer version"),
    "publish": ("publish", "publish a module on a hub"),
    "pull": ("pull", "fetch modules into the cache"),
    "retrain": ("retrain", "train an image or text classifier on the features of a module"),
    "run": ("run", "run a module on a few texts, images or numbers and show what it gives"),
    "sbom": ("sbom", "list what a version is made of and needs to run"),
    "scan": ("scan", "list the handles and calls in a folder of programs, and what to change"),
    "search": ("search", "find models on a hub"),
    "serve": ("serve", "run a hub"),
    "show": ("show", "show what a hub knows of a model"),
    "sign": ("sign", "sign a version that is published"),
    "token": ("token", "make, list and revoke tokens of a hub"),
    "verify": ("verify", "tell who signed a version, and whether that is enough"),
    "webhook": ("webhook", "have a hub tell a URL of what is done to its models"),
    "where": ("where", "show the places where the module of a handle is looked for"),
    "withdraw": ("withdraw", "hide a version from search, or show it again"),
}


class _Verbs(click.Group):
    """A group that imports a verb's module only when the verb is asked for: start-up stays fast."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        module = importlib.import_module(f"tensorflow_hub.cli.{VERBS[cmd_name][0]}")
        command: click.Command = module.command
        _keep_lines(command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        if not VERBS:
            return
        with formatter.section("Commands"):
            formatter.write_dl([(verb, line) for verb, (_, line) in sorted(VERBS.items())])


def _keep_lines(command: click.Command) -> None:
    r"""Makes click see its mark `\b`, "keep these lines as they are", which raw docstrings spell out."""
    command.help = command.help and command.help.replace("\\b\n", "\b\n")
    if isinstance(command, click.Group):
        for below in command.commands.values():
            _keep_lines(below)
            if not below.short_help:  # click would cut the sentence anywhere
                below.short_help = _first_clause(below.help or "")


def _first_clause(text: str) -> str:
    """What stands before the first full stop, semicolon or colon.

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
        code = tfhub.main(args=arguments, prog_name="tfhub", standalone_mode=False)
        if isinstance(code, int) and code:  # what click.exceptions.Exit carried
            sys.exit(code)
    except click.exceptions.Abort as error:
        if isinstance(error.__cause__, KeyboardInterrupt):
            output.error("Interrupted.")
            output.hint("Run the same command again; what was done is kept where possible.")
        sys.exit(130)
    except click.exceptions.Exit as error:
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except HubError as error:
        report(error)
        sys.exit(exit_code(error))
    except BrokenPipeError:
        sys.exit(141)
    except OSError as error:
        if error.errno is None:  # not the system's word: a defect
            raise
        output.error(f"{error.filename or 'The disk'} cannot be used: {error.strerror}.")
        output.hint("Check the path, the rights to it, and the room there.")
        sys.exit(1)
