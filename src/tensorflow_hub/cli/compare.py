"""`tfhub compare`: measure several modules on the same data."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tensorflow_hub.cli import options, output
from tensorflow_hub.errors import DataError
from tensorflow_hub.progress import Progress

if TYPE_CHECKING:
    from tensorflow_hub.tools.comparison.comparing import Comparison


@click.command()
@click.argument("modules", metavar="HANDLE...", nargs=-1, required=True)
@click.option(
    "--data", required=True, type=click.Path(exists=True), help="A dataset, as for `tfhub retrain`."
)
@click.option(
    "--html", "html_file", type=click.Path(), help="Also write an HTML page with a table and a plot."
)
@options.IMAGE_COLUMN
@options.TEXT_COLUMN
@options.LABEL_COLUMN
@click.option(
    "--preprocessor",
    "preprocessors",
    multiple=True,
    metavar="HANDLE=HANDLE",
    help="For a text encoder with a separate preprocessor: encoder=preprocessor.",
)
@click.option("--multi-label", is_flag=True, help="Examples have any number of labels, separated by `|`.")
@click.option(
    "--validation",
    type=float,
    default=0.15,
    show_default=True,
    help="Share of the examples for choosing the head.",
)
@click.option(
    "--test", type=float, default=0.3, show_default=True, help="Share of the examples for measuring."
)
@click.option("--seed", type=int, default=0, show_default=True, help="The seed of the split.")
@options.FEATURE_CACHE
@click.option("--publish", is_flag=True, help="Attach the measurements to the modules on the hub.")
@click.option(
    "--dataset", metavar="NAME", help="The name of the dataset there; default: the name of its file."
)
@click.option("--dataset-url", metavar="URL", default="", help="The URL of the dataset, for others.")
@options.MEASURED_BY
@options.JSON
def command(
    modules: tuple[str, ...],
    data: str,
    html_file: str | None,
    preprocessors: tuple[str, ...],
    publish: bool,
    dataset: str | None,
    dataset_url: str,
    measured_by: str | None,
    as_json: bool,
    **chosen: Any,
) -> None:
    """Compare modules that take the same inputs, on one dataset.

    For each module a head is solved on its features; the split is the same for all. Shows the accuracy on the
    test examples with its 95 % interval, examples a second, the size on disk and the peak of memory. A table
    is one of texts, or of images with --image-column. Exit code 1 when a module could not be measured; the
    others are measured all the same. With --publish the pages of modules on the hub in TFHUB_URL show what
    was measured: accuracy, interval, name and digest of the dataset, speed, processor, size, who measured.

    \b
    Examples:
      tfhub compare acme/image-vectors/1 acme/image-vectors/2 --data photos/
      tfhub compare acme/words/1 acme/sentences/1 --data reviews.csv --html comparison.html
      tfhub compare acme/words/1 acme/sentences/1 --data reviews.csv --publish --dataset "our reviews"
    """
    from tensorflow_hub import tools
    from tensorflow_hub.tools.comparison.comparing import comparison_page

    with Progress() as progress:
        comparison = tools.compare(
            modules, data, preprocessors=_pairs(preprocessors), progress=progress, **chosen
        )
    measured = [m for m in comparison.measurements if m.problem is None]
    failed = [m for m in comparison.measurements if m.problem is not None]
    if as_json:
        output.result_json(comparison.to_dict())
    elif measured:
        rows = [
            (
                m.module,
                m.accuracy,
                f"{m.examples_per_second:,.0f}",
                f"{m.megabytes:.1f}",
                f"{m.peak_megabytes:.0f}",
                m.dimension,
            )
            for m in measured
        ]
        output.table(rows, ["module", "accuracy (95 %)", "examples/s", "MB", "memory MB", "features"])
    if html_file:
        Path(html_file).write_text(comparison_page(comparison), encoding="utf-8")
    if publish:
        _publish(comparison, dataset, dataset_url, measured_by)
    for m in failed:
        output.note(f"not measured: {m.module}: {m.problem}")
    if failed:
        sys.exit(1)


def _publish(comparison: Comparison, dataset: str | None, url: str, measured_by: str | None) -> None:
    """Attaches the measurements to the modules that are on the hub."""
    from tensorflow_hub.client.measurements import attach, name_on_hub

    for module, figures in comparison.figures(dataset, url):
        name = name_on_hub(module)
        if name is None:
            output.note(f"not attached: {module} is not a module of the hub in TFHUB_URL")
            continue
        done = attach(name, figures, publisher=measured_by)
        output.note(f"attached to {module}: measurement {done['id']} by {done['publisher']}")


def _pairs(texts: tuple[str, ...]) -> dict[str, str]:
    for text in texts:
        if "=" not in text:
            raise DataError(
                f"Expected encoder=preprocessor, got {text!r}.", hint="Write an = between the two handles."
            )
    return dict(text.split("=", 1) for text in texts)
