"""`tfhub measurements`: measurements of versions on a hub."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from tensorflow_hub.cli import options, output

if TYPE_CHECKING:
    from tensorflow_hub.api import answers


@click.group()
def command() -> None:
    """List, compare, add and delete measurements of versions on a hub."""


@command.command("list")
@click.argument("handle")
@options.HUB
@options.JSON
def list_all(handle: str, hub: str | None, as_json: bool) -> None:
    """List the measurements of the version HANDLE, and who measured.

    \b
    Examples:
      tfhub measurements list acme/words/1
      tfhub measurements list acme/words/1 --json
    """
    from tensorflow_hub.client.versions import show

    found: Any = show(handle, hub=hub)
    if "versions" in found and found["latest"]:
        found = show(f"{handle}/{found['latest']}", hub=hub)
    measurements = found.get("measurements", [])
    if as_json:
        output.result_json(measurements)
        return
    rows = [
        (m["id"], m["metric"], f"{m['value']:.4g}", m["dataset"], m["publisher"], m["measured_at"])
        for m in measurements
    ]
    output.table(rows, ("number", "metric", "value", "dataset", "by", "at"))


@command.command("table")
@click.argument("dataset", default="")
@click.option("--task", default="", help="Only measurements for this task.")
@click.option(
    "--sort",
    default="",
    metavar="ORDER",
    help="The order: metric:NAME, speed, size or model; -… for the reverse.",
)
@click.option("--page", type=click.IntRange(1), default=1, help="Which page.")
@options.HUB
@options.JSON
def table(dataset: str, task: str, sort: str, page: int, hub: str | None, as_json: bool) -> None:
    """Compare the models with measurements on DATASET, best first; without DATASET, list the datasets.

    \b
    Examples:
      tfhub measurements table
      tfhub measurements table reviews.csv --sort metric:accuracy
      tfhub measurements table reviews.csv --task text-classification --sort size
    """
    from tensorflow_hub.client.measurements import compare_measured

    found = compare_measured(dataset, task, sort, page, hub=hub)
    if as_json:
        output.result_json(found)
    elif not dataset:
        rows = [(one["task"], one["dataset"], one["versions"]) for one in found["datasets"]]
        output.table(rows, ("task", "dataset", "versions"))
    else:
        metrics = [metric["name"] for metric in found["metrics"]]
        _print_rows(found["rows"], metrics)
        output.note(f"{len(found['rows'])} of {found['total']}")


def _print_rows(rows: Sequence[answers.MeasuredVersion], metrics: Sequence[str]) -> None:
    lines = [
        (
            row["handle"],
            *(f"{row['values'][name]['value']:.4g}" if name in row["values"] else "" for name in metrics),
            "" if row["examples_per_second"] is None else f"{row['examples_per_second']:.4g}",
            "" if row["size"] is None else output.size(row["size"]),
            row["publisher"],
        )
        for row in rows
    ]
    output.table(lines, ("model", *metrics, "examples/s", "size", "by"))


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
