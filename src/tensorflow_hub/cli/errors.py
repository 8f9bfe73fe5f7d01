"""Reporting errors: the message, the hint and the exit code."""

from __future__ import annotations

from pathlib import Path

import click

from tensorflow_hub import errors
from tensorflow_hub.cli import output

# Class of errors → exit code. The first class that an error is an instance of counts.
EXIT_CODES: tuple[tuple[type[errors.HubError], int], ...] = (
    (errors.NotFoundError, 3),
    (errors.UnreachableError, 4),
    (errors.OfflineError, 4),
    (errors.AuthenticationError, 5),
    (errors.ForbiddenError, 5),
    (errors.ConflictError, 6),
    (errors.SettingsError, 2),
    (errors.HubError, 1),
)


def exit_code(error: errors.HubError) -> int:
    """The exit code of `tfhub` for an error."""
    return next(code for kind, code in EXIT_CODES if isinstance(error, kind))


def report(error: errors.HubError) -> None:
    """Writes the message and the hint of an error to standard error."""
    output.error(error.problem)
    output.hint(error.hint)


def report_click(error: click.ClickException) -> None:
    """Writes an error of click to standard error. Wrong arguments get the usage and a hint, too."""
    if not isinstance(error, click.UsageError):
        error.show()
        return
    if error.ctx is not None:
        output.note(f"{error.ctx.get_usage()}\n")
    output.error(error.format_message())
    output.hint(_advice(error, error.ctx.command_path if error.ctx else "tfhub"))


def _advice(error: click.UsageError, command: str) -> str:
    """What to do about wrong arguments, which the messages of click do not say."""
    is_missing = isinstance(error, click.MissingParameter)
    wrong = error.param if isinstance(error, click.BadParameter) and not is_missing else None
    if wrong is not None and isinstance(wrong.type, click.Path | click.File):
        return f"Check the path. A relative path begins in the working directory, {str(Path.cwd())!r}."
    if error.ctx is not None and isinstance(error.ctx.command, click.Group):
        return f"`{command} --help` lists the commands."
    return f"`{command} --help` lists the arguments and options, and shows examples."
