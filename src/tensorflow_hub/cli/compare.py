"""`tfhub compare`: measure several modules on the same data."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from tensorflow_hub.cli import options, output
from tensorflow_hub.cli.quiet_tensorflow import import_quietly
from tensorflow_hub.errors import DataError
from tensorflow_hub.progress import Progress


@click.command()
@click.argument("modules", metavar="HANDLE...", nargs=-1, required=True)
@click.option("--data", required=True, type=click.Path(exists=True), help="What `tfhub retrain` takes.")
@click.option("--html", "html_file", type=click.Path(), help="Also write a page with table and plot.")
@options.IMAGE_COLUMN
@options.TEXT_COLUMN
@options.LABEL_COLUMN
@click.option(
    "--preprocessor",
    "preprocessors",
    multiple=True,
    metavar="HANDLE=HANDLE",
    help="For a text encoder in two parts: encoder=preprocessor.",
)
@click.option("--multi-label", is_flag=True, help="Any number of labels an example, separated by `|`.")
@click.option(
    "--validation", type=float, default=0.15, show_default=True, help="Share that chooses the head."
)
@click.option("--test", type=float, default=0.3, show_default=True, help="Share that measures.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of the split.")
@options.FEATURE_CACHE
@options.JSON
def command(
    modules: tuple[str, ...],
    data: str,
    html_file: str | None,
    preprocessors: tuple[str, ...],
    as_json: bool,
    **chosen: Any,
) -> None:
    """Compare modules that take the same, on one dataset.

    For each module a head is solved on its features; the split is the same for all. Shows the accuracy on the
    test examples with its 95 % interval, examples a second, the size on disk and the peak of memory. A table
    is one of texts, or of images with --image-column. Exit code 1 when a module could not be measured; the
    others are measured all the same.

    \b
    Examples:
      tfhub compare acme/image-vectors/1 acme/image-vectors/2 --data photos/
      tfhub compare acme/words/1 acme/sentences/1 --data reviews.csv --html comparison.html
    """
    import_quietly("tensorflow_hub.tools.comparison.comparing")
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
    for m in failed:
        output.note(f"not measured: {m.module}: {m.problem}")
    if failed:
        sys.exit(1)


def _pairs(texts: tuple[str, ...]) -> dict[str, str]:
    for text in texts:
        if "=" not in text:
            raise DataError(f"Expected encoder=preprocessor, got {text!r}.", hint="Put an = between them.")
    return dict(text.split("=", 1) for text in texts)
