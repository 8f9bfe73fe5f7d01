"""`tfhub apply`: apply a module to every row of a file or every image of a folder."""

from __future__ import annotations

from typing import Any

import click

from tensorflow_hub.cli import options, output
from tensorflow_hub.cli.quiet_tensorflow import loud_tensorflow
from tensorflow_hub.progress import Progress


@click.command(context_settings={"ignore_unknown_options": False})
@click.argument("module", metavar="HANDLE")
@click.argument("data", metavar="INPUT", type=click.Path())
@options.OUTPUT_FOLDER
@click.option(
    "--format",
    "file_format",
    type=click.Choice(["parquet", "npy", "tfrecord"]),
    default="parquet",
    show_default=True,
    help="The format of the output files.",
)
@options.TEXT_COLUMN
@options.BATCH_SIZE
@click.option(
    "--shard-size",
    type=click.IntRange(1),
    help="Rows of each output file. [default: 20000; fewer if a cluster has more cores than files]",
)
@options.SIGNATURE
@options.OUTPUT_KEY
@options.PREPROCESSOR
@options.IMAGE_SIZE
@click.option(
    "--engine",
    default="local",
    show_default=True,
    metavar="ENGINE",
    help="Where to run: local, spark, beam, or the import string package.module:Name of another engine.",
)
@click.option("--master", metavar="URL", help="For Spark: the URL of its master, such as spark://HOST:7077.")
@click.option(
    "--runner",
    metavar="RUNNER",
    help="For Beam: the runner: direct (default), prism, flink, spark, dataflow, …",
)
@click.option(
    "--engine-option",
    "engine_options",
    multiple=True,
    metavar="NAME=VALUE",
    help="A property of Spark's configuration, or an option of Beam's pipelines.",
)
@click.option("--overwrite", is_flag=True, help="Replace the output of another job in the folder.")
@options.JSON
def command(module: str, data: str, out: str, as_json: bool, **chosen: Any) -> None:
    """Apply a module to every row of a file, or to every image in a folder.

    INPUT is a folder of images, a .txt file with one text per line, or a CSV, TSV, JSONL or Parquet table.
    The vectors are written to files of --shard-size rows in the output folder, with the row's number or the
    image's path as key. Memory does not grow with the input. To continue an interrupted run, start it again.
    Inputs that cannot be used are listed in skipped.jsonl.

    A batch of texts has at most 131,072 characters with padding, and at most 8,192 rows of a Parquet file. A
    larger --batch-size does not change that.

    \b
    Examples:
      tfhub apply acme/sentences/1 posts.parquet -o vectors/ --text-column body
      tfhub apply acme/image-vectors/1 photos/ -o vectors/ --format npy
      tfhub apply acme/sentences/1 posts.parquet -o vectors/ --engine spark --master spark://HOST:7077
      tfhub apply acme/sentences/1 posts.csv -o vectors/ --engine beam --engine-option direct_num_workers=4
    """
    engine, where = chosen["engine"], _where(chosen)
    chosen["format"] = chosen.pop("file_format")
    if engine != "local":  # workers, perhaps in this process, choose the threads of TensorFlow
        loud_tensorflow()
    from tensorflow_hub import tools

    with Progress(" rows") as progress:
        applied = tools.apply(module, data, out, progress=progress, where=where, **chosen)
    if as_json:
        output.result_json(applied.to_dict())
        return
    for item in applied.skipped[:5]:
        output.note(f"skipped: {item.name}: {item.reason}")
    if applied.skipped:
        output.note(f"{len(applied.skipped)} inputs were skipped: see {out}/skipped.jsonl")
    resumed = f", {applied.resumed:,} of them by an earlier run" if applied.resumed else ""
    output.result(
        f"{applied.rows:,} vectors of {applied.dimension} in {out}{resumed} ({applied.seconds:.1f} s)"
    )


def _where(chosen: dict[str, Any]) -> str | None:
    """Removes Spark's master or Beam's runner from the options and returns it."""
    given: dict[str, str | None] = {"spark": chosen.pop("master"), "beam": chosen.pop("runner")}
    for engine, where in given.items():
        if where is not None and chosen["engine"] in {"local", *given} - {engine}:
            name = "--master" if engine == "spark" else "--runner"
            raise click.UsageError(f"{name} is for another engine. Pass --engine {engine}.")
    return given["spark"] or given["beam"]
