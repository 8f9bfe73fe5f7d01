"""Options that several verbs have, each written once."""

from __future__ import annotations

import click

JSON = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
HUB = click.option("--hub", metavar="URL", help="The hub; default TFHUB_URL.")
MEASURED_BY = click.option(
    "--measured-by", metavar="PUBLISHER", help="Who measured; by default the publisher of the model."
)
OUTPUT_FOLDER = click.option(
    "-o", "--output", "out", required=True, type=click.Path(), help="The folder to write."
)
TEXT_COLUMN = click.option("--text-column", metavar="NAME", help="A table's column of texts.")
IMAGE_COLUMN = click.option("--image-column", metavar="NAME", help="A table's column of paths of images.")
LABEL_COLUMN = click.option("--label-column", metavar="NAME", help="A table's column of labels.")
BATCH_SIZE = click.option(
    "--batch-size", type=click.IntRange(1), help="Rows that go through the module at once, at most."
)
SIGNATURE = click.option("--signature", help="The module's signature to use.")
OUTPUT_KEY = click.option("--output-key", help="The module's output to use.")
PREPROCESSOR = click.option(
    "--preprocessor", metavar="HANDLE", help="For a text encoder in two parts: the part that takes strings."
)
IMAGE_SIZE = click.option(
    "--image-size", type=(int, int), metavar="HEIGHT WIDTH", help="For a module that takes any size."
)
FEATURE_CACHE = click.option(
    "--cache/--no-cache", default=True, help="Keep features for the next run (default), or not."
)
