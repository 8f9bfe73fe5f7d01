"""`tfhub retrain image` and `tfhub retrain text`: train a classifier on the features of a module."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from tensorflow_hub.cli import options, output
from tensorflow_hub.progress import Progress

if TYPE_CHECKING:
    from tensorflow_hub.tools.retrain.outcome import Outcome

_OPTIONS: tuple[Any, ...] = (
    click.option("--module", required=True, metavar="HANDLE", help="The module whose features are used."),
    options.OUTPUT_FOLDER,
    options.LABEL_COLUMN,
    click.option("--multi-label", is_flag=True, help="Examples have any number of labels, separated by `|`."),
    click.option(
        "--validation",
        type=float,
        default=0.15,
        show_default=True,
        help="Share of the examples for choosing the head.",
    ),
    click.option(
        "--test", type=float, default=0.15, show_default=True, help="Share of the examples for testing."
    ),
    click.option(
        "--seed", type=int, default=0, show_default=True, help="The seed of the split and of training."
    ),
    click.option(
        "--penalty",
        type=float,
        help="The L2 penalty on the weights of the head; default: chosen on the validation share.",
    ),
    click.option(
        "--class-weights",
        type=click.Choice(["none", "balanced"]),
        default="none",
        show_default=True,
        help="Whether rare classes get the same weight as common ones.",
    ),
    click.option("--fine-tune", is_flag=True, help="Then train the whole model with a small learning rate."),
    click.option("--epochs", type=int, default=5, show_default=True, help="The most epochs of fine-tuning."),
    click.option(
        "--learning-rate",
        type=float,
        default=3e-5,
        show_default=True,
        help="The learning rate of fine-tuning.",
    ),
    options.BATCH_SIZE,
    click.option("--tflite", is_flag=True, help="Also write model.tflite."),
    options.SIGNATURE,
    options.OUTPUT_KEY,
    click.option("--name", help="The name of the model on its card, publisher/model/version."),
    options.FEATURE_CACHE,
    click.option("--overwrite", is_flag=True, help="Replace the result in the output folder."),
    options.JSON,
)


def _with_options(command: Callable[..., None]) -> Callable[..., None]:
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@click.group()
def command() -> None:
    """Train a classifier on the features of a module.

    \b
    Examples:
      tfhub retrain image photos/ --module acme/image-vectors/1 -o my_model
      tfhub retrain text reviews.csv --module acme/sentences/1 -o my_model
      tfhub label my_model photo.jpg
    """


@command.command()
@click.argument("data", type=click.Path(exists=True))
@_with_options
@options.IMAGE_COLUMN
@options.IMAGE_SIZE
@click.option(
    "--augment",
    type=int,
    default=0,
    show_default=True,
    help="The number of augmented copies of each image to add.",
)
def image(data: str, **chosen: Any) -> None:
    """Train an image classifier.

    DATA is a folder with a folder of images for each class, or a CSV, JSONL or Parquet file with a column of
    paths and one of labels. Writes a SavedModel that takes the bytes of image files, labels, a card and a
    report into the output folder.

    \b
    Examples:
      tfhub retrain image photos/ --module acme/image-vectors/1 -o my_model
      tfhub retrain image photos.csv --module acme/image-vectors/1 -o my_model --tflite
    """
    _run("image", data, chosen)


@command.command()
@click.argument("data", type=click.Path(exists=True))
@_with_options
@options.TEXT_COLUMN
@options.PREPROCESSOR
def text(data: str, **chosen: Any) -> None:
    """Train a text classifier.

    DATA is a CSV, TSV, JSONL or Parquet file with a column of texts and one of labels. Writes a SavedModel
    that takes strings, labels, a card and a report into the output folder.

    \b
    Examples:
      tfhub retrain text reviews.csv --module acme/sentences/1 -o my_model
      tfhub retrain text topics.jsonl --module acme/sentences/1 -o my_model --multi-label
    """
    _run("text", data, chosen)


def _run(kind: str, data: str, chosen: dict[str, Any]) -> None:
    from tensorflow_hub import tools

    as_json, out, module = chosen.pop("as_json"), chosen.pop("out"), chosen.pop("module")
    retrain = tools.retrain_image if kind == "image" else tools.retrain_text
    with Progress() as progress:
        outcome = retrain(data, module, out, progress=progress, **chosen)
    if as_json:
        output.result_json(outcome.to_dict())
        return
    skipped, empty = outcome.dataset.skipped, outcome.dataset.empty_classes
    for item in skipped[:5]:
        output.note(f"skipped: {item.name}: {item.reason}")
    if len(skipped) > 5:
        output.note(f"skipped: {len(skipped) - 5} more, all in {out}/report.html")
    if empty:
        output.note(f"empty classes: {', '.join(empty)}")
    contradictions = outcome.dataset.same_content_other_labels()
    if contradictions:
        pairs = output.counted(len(contradictions), "pair")
        output.note(f"{pairs} with the same content and different labels: see the report")
    features = outcome.features
    output.result(
        f"{_how_good(outcome)} ({len(outcome.labels)} classes, {len(outcome.dataset.examples)} examples; "
        f"features: {features.computed} computed, {features.reused} reused)"
    )
    output.result(
        f"{out}/report.html shows more; use it: tfhub label {out} "
        + ("FILES" if kind == "image" else "--text TEXT")
    )
    output.note(_how_to_publish(out, chosen["name"]))


def _how_good(outcome: Outcome) -> str:
    if not outcome.measured:
        return "Not measured: no example is left for it"
    right = "with all labels right" if outcome.dataset.multi_label else "right"
    return f"{outcome.accuracy} {right} on {len(outcome.measured)} {outcome.measured_on} examples"


def _how_to_publish(out: str, name: str | None) -> str:
    """The next command; a card with a made-up name has to get a real one before."""
    first = f"name a licence in {out}/card.md (<!-- license: apache-2.0 -->)" + (
        "" if name else " and, in its first line, publisher/model/version (or retrain with --name)"
    )
    return (
        f"To publish it: {first}, then: tfhub publish {out}/model --card {out}/card.md "
        f"--measurements {out}/measurements.json"
    )
