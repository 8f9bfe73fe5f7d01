"""`tfhub run`: run a module on a few inputs and show its outputs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from tensorflow_hub.cli import options, output
from tensorflow_hub.errors import DataError

if TYPE_CHECKING:
    from tensorflow_hub.tools.running.detections import Box
    from tensorflow_hub.tools.running.run import ModuleRun

_BAR = 20  # characters
_MOST_TEXTS = 12  # rows of a matrix of similarities
_MOST_VALUES = 6


@click.command()
@click.argument("module", metavar="HANDLE")
@click.argument("values", metavar="[INPUT]...", nargs=-1)
@click.option(
    "--input",
    "named",
    multiple=True,
    metavar="NAME=VALUE",
    help="For a module with several inputs; may be repeated.",
)
@options.SIGNATURE
@click.option("--top", type=click.IntRange(1), default=5, show_default=True, help="How many classes to show.")
@click.option(
    "--output",
    "picture",
    type=click.Path(dir_okay=False),
    help="Write the picture that the module gives, or the photo with the boxes of a detector.",
)
@options.JSON
def command(
    module: str,
    values: tuple[str, ...],
    named: tuple[str, ...],
    signature: str | None,
    top: int,
    picture: str | None,
    as_json: bool,
) -> None:
    """Run a module on a few inputs and show what it gives.

    An INPUT is a text, an image file, numbers as JSON ('[1, 2, 3]') or a .npy file, whichever the module
    takes. Vectors of texts are shown as their similarities, classes by name where the module has their names,
    what a detector found as boxes in pixels of the photo. Of all other outputs you see the shape and the
    first values.

    \b
    Examples:
      tfhub run acme/sentences/1 "a cat" "a dog" "a car"
      tfhub run acme/flowers/1 photo.jpg --top 3
      tfhub run acme/detector/1 photo.jpg --output boxes.jpg
      tfhub run acme/linear/1 "[1, 2, 3]" --json
      tfhub run acme/faces/1 --input "z=[0.1, 0.5]" --input "truncation=0.7" --output face.png
    """
    from tensorflow_hub.tools.running.detections import OUTPUTS as DETECTIONS
    from tensorflow_hub.tools.running.pictures import write_pictures
    from tensorflow_hub.tools.running.run import run_module

    run = run_module(module, values, named=_by_name(named), signature=signature)
    if picture is not None:
        for file in write_pictures(run, Path(picture)):
            output.note(f"Wrote {file}")
    if as_json:
        output.result_json(run.to_dict())
    else:
        _print_boxes(run)
        for name, array in run.outputs.items():
            if not (run.boxes and name in DETECTIONS):
                _print(run, name, array, top)
    for op, what in run.unsafe_ops.items():
        output.note(f"warning: the op {op} {what} with the permissions of the user who runs the module")


def _by_name(named: Sequence[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for pair in named:
        name, equals, value = pair.partition("=")
        if not equals:
            raise DataError(f"Expected NAME=VALUE, got {pair!r}.", hint="Put an = between them.")
        found.setdefault(name, []).append(value)
    return found


def _print(run: ModuleRun, name: str, array: Any, top: int) -> None:
    from tensorflow_hub.tools.running.pictures import is_pictures

    kind = "string" if array.dtype.kind in "OSU" else array.dtype.name
    output.result(f"{name or 'output'}: {kind}[{', '.join(map(str, array.shape))}]")
    rows_are_inputs = array.ndim == 2 and len(array) == len(run.inputs)
    if rows_are_inputs and len(run.labels) == array.shape[1]:
        _print_classes(run, array, top)
    elif rows_are_inputs and run.texts and array.dtype.kind == "f" and 2 <= len(array) <= _MOST_TEXTS:
        _print_similarities(run.inputs, array)
    elif is_pictures(array):
        output.result("  a picture; --output FILE writes it")
    else:
        for number, row in enumerate(array if array.ndim else [array]):
            if number == _MOST_TEXTS:
                output.result(f"  … and {len(array) - number} more")
                break
            output.result(f"  {_first_values(np.asarray(row))}")


def _print_boxes(run: ModuleRun) -> None:
    """What a detector found on each photo, in pixels of that photo."""
    from tensorflow_hub.tools.images import readable_bytes
    from tensorflow_hub.tools.running.detections import LEAST_SCORE
    from tensorflow_hub.tools.running.inputs import size_of

    for file, boxes in zip(run.inputs, run.boxes, strict=False):
        output.result(
            f"{Path(file).name}: {len(boxes)} found with a score of {100 * LEAST_SCORE:.0f} % or more"
        )
        height, width = size_of(readable_bytes(Path(file)))
        rows = [
            (
                f"{100 * box.score:.1f} %",
                _one_line(box.label),
                *(f"{share * side:.0f}" for share, side in _sides(box, height, width)),
            )
            for box in boxes
        ]
        if rows:
            output.table(rows, ["score", "label", "left", "top", "right", "bottom"])


def _sides(box: Box, height: int, width: int) -> list[tuple[float, int]]:
    return [(box.left, width), (box.top, height), (box.right, width), (box.bottom, height)]


def _print_classes(run: ModuleRun, array: Any, top: int) -> None:
    from tensorflow_hub.tools.predicting.shown_outputs import shares_of

    shares = shares_of(array)
    if shares is not array:
        output.note("The values are logits; shown is their softmax.")
    for text, row in zip(run.inputs, shares, strict=True):
        output.result(f"  {_one_line(text)}")
        for place in np.argsort(-row, kind="stable")[:top]:
            bar = "█" * round(_BAR * float(row[place]))
            output.result(f"    {bar:<{_BAR}} {100 * row[place]:5.1f} %  {run.labels[place]}")


def _print_similarities(texts: Sequence[str], vectors: Any) -> None:
    """The cosines between the vectors of texts."""
    from tensorflow_hub.tools.predicting.shown_outputs import cosines

    numbers = [str(number) for number in range(1, len(texts) + 1)]
    rows = [
        (number, *(f"{cosine:.2f}" for cosine in row), _one_line(text))
        for number, row, text in zip(numbers, cosines(vectors), texts, strict=True)
    ]
    output.table(rows, ["", *numbers, "cosine similarity of"])


def _first_values(row: Any) -> str:
    values = [
        value.decode("utf-8", "replace") if isinstance(value, bytes) else value
        for value in row.ravel()[:_MOST_VALUES].tolist()
    ]
    shown = ", ".join(f"{value:.4g}" if isinstance(value, float) else str(value) for value in values)
    return shown + (", …" if row.size > _MOST_VALUES else "")


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 60 else line[:59] + "…"
