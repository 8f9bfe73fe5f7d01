"""Options that several verbs share."""

from __future__ import annotations

import click

JSON = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
HUB = click.option("--hub", metavar="URL", help="The hub; default TFHUB_URL.")
MEASURED_BY = click.option(
    "--measured-by", metavar="PUBLISHER", help="The publisher who measured; default: that of the model."
)
OUTPUT_FOLDER = click.option(
    "-o", "--output", "out", required=True, type=click.Path(), help="The folder to write."
)
TEXT_COLUMN = click.option("--text-column", metavar="NAME", help="The column of a table with the texts.")
IMAGE_COLUMN = click.option(
    "--image-column", metavar="NAME", help="The column of a table with the paths of images."
)
LABEL_COLUMN = click.option("--label-column", metavar="NAME", help="The column of a table with the labels.")
BATCH_SIZE = click.option("--batch-size", type=click.IntRange(1), help="The most rows in one batch.")
SIGNATURE = click.option("--signature", help="The signature of the module to use.")
OUTPUT_KEY = click.option("--output-key", help="The output of the module to use.")
PREPROCESSOR = click.option(
    "--preprocessor",
    metavar="HANDLE",
    help="For a text encoder on token ids: the module that preprocesses strings.",
)
IMAGE_SIZE = click.option(
    "--image-size",
    type=(int, int),
    metavar="HEIGHT WIDTH",
    help="The size of images in pixels, for a module that takes any size.",
)
FEATURE_CACHE = click.option(
    "--cache/--no-cache", default=True, help="Cache features for the next run (default), or not."
)
