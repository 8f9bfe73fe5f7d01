"""Reporting errors: the message, the hint and the exit code."""

from __future__ import annotations

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
