"""`tfhub outdated`: list locked modules that were withdrawn or deleted, or have a newer version."""

from __future__ import annotations

import dataclasses

import click

from tensorflow_hub.cli import options, output
from tensorflow_hub.resolving.lock_file import lock_file_path, read_lock_file
from tensorflow_hub.resolving.outdated import Outdated, find_outdated
from tensorflow_hub.settings import Settings

_UNREACHABLE = 4


@click.command(
    "outdated",
    epilog="""\b
Examples:
  tfhub outdated                      what became of the modules in tfhub.lock
  tfhub outdated --strict             for CI: also fail when there is a newer version
  tfhub outdated --file prod.lock --json""",
)
@click.option("--file", "path", type=click.Path(dir_okay=False), help="The lock file; default tfhub.lock.")
@click.option("--strict", is_flag=True, help="Exit with code 1 also for newer versions.")
@options.JSON
@click.pass_context
def command(context: click.Context, path: str | None, strict: bool, as_json: bool) -> None:
    """List modules of tfhub.lock that were withdrawn or deleted, or have a newer version.

    Their sources are asked; nothing is downloaded or changed. `tfhub lock --update HANDLE` takes a newer
    version of a handle without one.

    Exit codes: 0 none was withdrawn or is gone, 1 some are, 4 a source could not be asked.
    """
    settings = Settings.from_environment()
    found = find_outdated(read_lock_file(path or lock_file_path(settings)), settings)
    if as_json:
        output.result_json([dataclasses.asdict(one) for one in found])
    else:
        for one in found:
            output.result(_line(one))
    states = {one.state for one in found}
    if states & ({"gone", "withdrawn", "newer"} if strict else {"gone", "withdrawn"}):
        context.exit(1)
    if "unknown" in states:
        context.exit(_UNREACHABLE)


def _line(one: Outdated) -> str:
    latest = f"  latest: {one.latest}" if one.latest else ""
    reason = f"  ({one.reason})" if one.reason else ""
    return f"{one.state:9}  {one.locked}{latest}{reason}"
