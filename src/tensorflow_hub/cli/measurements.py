"""`tfhub measurements`: what was measured of a version, attached to it on a hub."""

from __future__ import annotations

from typing import Any

import click

from tensorflow_hub.cli import options, output


@click.group()
def command() -> None:
    """List, add and delete what was measured of versions on a hub."""


@command.command("list")
@click.argument("handle")
@options.HUB
@options.JSON
def list_all(handle: str, hub: str | None, as_json: bool) -> None:
    """List what was measured of the version HANDLE, and by whom.

    \b
    Examples:
      tfhub measurements list acme/words/1
      tfhub measurements list acme/words/1 --json
    """
    from tensorflow_hub.client.versions import show

    found: Any = show(handle, hub=hub)
    if "versions" in found and found["newest"]:
        found = show(f"{handle}/{found['newest']}", hub=hub)
    measurements = found.get("measurements", [])
    if as_json:
        output.result_json(measurements)
        return
    rows = [
        (m["id"], m["metric"], f"{m['value']:.4g}", m["dataset"], m["publisher"], m["measured_at"])
        for m in measurements
    ]
    output.table(rows, ("number", "metric", "value", "dataset", "by", "at"))


@command.command("add")
@click.argument("handle")
@click.argument("file", type=click.Path(exists=True, dir_okay=False))
@options.MEASURED_BY
@options.HUB
def add(handle: str, file: str, measured_by: str | None, hub: str | None) -> None:
    """Attach the measurements in FILE, as `tfhub retrain` writes them, to the version HANDLE.

    \b
    Examples:
      tfhub measurements add acme/reviews/1 my_model/measurements.json
      tfhub measurements add acme/reviews/1 measured.json --measured-by other
    """
    from tensorflow_hub.client.measurements import attach, read_figures

    for figures in read_figures(file):
        attach(handle, figures, publisher=measured_by, hub=hub)
        output.note(f"Attached to {handle}: {figures.metric} on {figures.dataset}.")


@command.command("delete")
@click.argument("number", type=int)
@options.HUB
def delete(number: int, hub: str | None) -> None:
    """Delete measurement NUMBER; `tfhub measurements list` shows the numbers.

    \b
    Example:
      tfhub measurements delete 481927365
    """
    from tensorflow_hub.client.measurements import detach

    detach(number, hub=hub)
    output.note(f"The measurement {number} is deleted.")
