"""`tfhub withdraw`: hide a version from search and from handles without a version, or show it again."""

from __future__ import annotations

import click

from tensorflow_hub.cli import options, output


@click.command()
@click.argument("handle")
@click.option("--reason", default="", help="Shown on its page.")
@click.option("--undo", is_flag=True, help="Take the withdrawal back.")
@options.HUB
@options.JSON
def command(handle: str, reason: str, undo: bool, hub: str | None, as_json: bool) -> None:
    """Withdraw the version HANDLE: hide it from search, and from handles without a version.

    Programs that name the version still get it.

    \b
    Examples:
      tfhub withdraw acme/text-embedding/2 --reason "wrong vocabulary, use 3"
      tfhub withdraw acme/text-embedding/2 --undo
    """
    from tensorflow_hub.client.versions import restore, withdraw

    done = (restore if undo else withdraw)(handle, reason, hub=hub)
    if as_json:
        output.result_json(done)
    else:
        output.result(f"{done['handle']} {done['state']}")
