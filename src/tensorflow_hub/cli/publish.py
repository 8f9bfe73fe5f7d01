"""`tfhub publish`: publish a module on a hub."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tensorflow_hub.cli import options, output
from tensorflow_hub.cli.key_files import open_key
from tensorflow_hub.format.kinds.table import KIND_BY_NAME
from tensorflow_hub.progress import Progress

if TYPE_CHECKING:
    from tensorflow_hub.client.publishing import Published


@click.command()
@click.argument("path", type=click.Path())
@click.argument("handle", required=False)
@click.option(
    "--card", metavar="FILE", help="The card, Markdown that begins with `# Module publisher/model/version`."
)
@options.HUB
@click.option(
    "--deployment",
    type=click.Choice(list(KIND_BY_NAME)),
    help="The kind, for a deployment of a published version; default: from the card.",
)
@click.option(
    "--measurements", metavar="FILE", help="The file of measurements that `tfhub retrain` writes, to attach."
)
@click.option("--sign", "key_path", metavar="FILE", help="The private key to sign the version with.")
@options.JSON
def command(
    path: str,
    handle: str | None,
    card: str | None,
    hub: str | None,
    deployment: str | None,
    measurements: str | None,
    key_path: str | None,
    as_json: bool,
) -> None:
    """Publish the module in the directory PATH (or a .tar.gz of one) as HANDLE.

    HANDLE is publisher/model/version; without it the card's first line says it. The token comes from
    TFHUB_TOKEN or `tfhub login`. Publishing the same content again is harmless, and resumes a transfer
    that broke; with another card it corrects the card. Other content under a published version is refused
    (exit code 6). Warnings about the card are printed, and do not stop publishing. --measurements shows on
    the page of the version how good it is.

    \b
    Examples:
      tfhub publish export/ --card card.md
      tfhub publish export/ acme/text-embedding/2 --card card.md --hub https://hub.example
      tfhub publish my_model/model --card my_model/card.md --measurements my_model/measurements.json
      tfhub publish web_model/ acme/text-embedding/2 --deployment tfjs
      tfhub publish export/ --card card.md --sign release.pem
    """
    from tensorflow_hub.client.measurements import attach, read_figures
    from tensorflow_hub.client.publishing import publish

    figures = read_figures(measurements) if measurements else []
    key = open_key(key_path) if key_path else None
    with Progress("B") as progress:
        done = publish(path, handle, card=card, hub=hub, deployment=deployment, key=key, on_progress=progress)
    for one in figures:
        attach(done.handle, one, hub=hub)
    if card:
        _tell_warnings(card)
    if as_json:
        output.result_json(dataclasses.asdict(done))
        return
    output.note(_outcome(done))
    output.result(done.url)


def _outcome(done: Published) -> str:
    if done.is_new:
        return "Published."
    if done.card_changed:
        return "Already published with the same content; its card is now this one."
    return "Already published with the same content."


def _tell_warnings(card: str) -> None:
    """Prints the warnings about the card. The hub refuses a card with errors."""
    from tensorflow_hub.format.card.rules import check_text

    for problem in check_text(Path(card).read_bytes())[1]:
        output.note(problem.in_file(card))
