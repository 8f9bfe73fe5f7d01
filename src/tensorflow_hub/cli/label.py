"""`tfhub label`: label files or texts with a retrained classifier."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tensorflow_hub.cli import output
from tensorflow_hub.errors import DataError

if TYPE_CHECKING:
    from tensorflow_hub.tools.labelling import Labelled, Labeller


@click.command()
@click.argument("model")
@click.argument("files", nargs=-1, type=click.Path())
@click.option("--text", "texts", multiple=True, help="A text to label; may be given several times.")
@click.option(
    "--text-file",
    type=click.Path(allow_dash=True),
    help="A file with one text per line; - for standard input.",
)
@click.option("--top", type=click.IntRange(1), default=3, show_default=True, help="How many classes to show.")
@click.option("--json", "as_json", is_flag=True, help="Write the result as JSON, with all scores.")
def command(
    model: str, files: tuple[str, ...], texts: tuple[str, ...], text_file: str | None, top: int, as_json: bool
) -> None:
    """Label images or texts with a classifier that `tfhub retrain` wrote.

    MODEL is its output folder, or the handle it was published under. FILES are images, or folders of them.
    Exit code 1 when a file could not be read; the others are labelled.

    \b
    Examples:
      tfhub label my_model photo.jpg holiday/
      tfhub label my_reviews --text "A waste of two hours." --text "Brilliant!"
      head -100 posts.txt | tfhub label my_reviews --text-file - --json
    """
    from tensorflow_hub.tools.labelling import Labeller

    labeller = Labeller(model)
    results = list(_labelled(labeller, files, texts, text_file))
    if as_json:
        output.result_json([item.to_dict() for item in results])
    else:
        rows = [
            (item.name, *(f"{label} {100 * score:.1f} %" for label, score in item.scores[:top]))
            for item in results
            if item.problem is None
        ]
        width = 1 + min(top, len(labeller.labels))
        if rows:
            output.table(rows, ["what", "best", *[f"{i}." for i in range(2, width)]])
    unread = [item for item in results if item.problem]
    for item in unread:
        output.note(f"not labelled: {item.name}: {item.problem}")
    if unread:
        sys.exit(1)


def _labelled(
    labeller: Labeller, files: tuple[str, ...], texts: tuple[str, ...], text_file: str | None
) -> Iterable[Labelled]:
    if not files and not texts and text_file is None:
        raise DataError(
            "Expected something to label, got nothing.",
            hint="Pass image files or folders."
            if labeller.kind == "image"
            else "Pass --text or --text-file.",
        )
    if files:
        yield from labeller.images(files)
    lines = _lines(text_file) if text_file is not None else []
    if texts or lines:
        yield from labeller.texts([*texts, *lines])


def _lines(text_file: str) -> list[str]:
    """The lines of a file, or of standard input."""
    name = "Standard input" if text_file == "-" else repr(text_file)
    try:
        content = sys.stdin.buffer.read() if text_file == "-" else Path(text_file).read_bytes()
        lines = content.decode("utf-8-sig").removesuffix("\n").split("\n")
    except FileNotFoundError as error:
        raise DataError(f"Expected a file at {name}, but there is none.", hint="Check the path.") from error
    except OSError as error:
        raise DataError(
            f"Expected a readable file at {name}, got the error: {error.strerror}.", hint="Check the path."
        ) from error
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise DataError(
            f"Expected text in UTF-8 in {name}, got other bytes in line {line}: {error.reason}.",
            hint="Convert it to UTF-8.",
            line=line,
        ) from error
    return [line.removesuffix("\r") for line in lines] if content else []
