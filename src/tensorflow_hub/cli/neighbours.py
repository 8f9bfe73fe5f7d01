"""`tfhub neighbours build | query | serve`: find texts or images that are similar to a given one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from tensorflow_hub.cli import options, output
from tensorflow_hub.errors import DataError, SettingsError
from tensorflow_hub.progress import Progress


@click.group()
def command() -> None:
    """Find texts or images that are similar to a given one.

    \b
    Examples:
      tfhub neighbours build acme/sentences/1 questions.txt -o questions_index
      tfhub neighbours query questions_index "how do I reset my password"
      tfhub neighbours serve questions_index
    """


@command.command()
@click.argument("module", metavar="HANDLE")
@click.argument("data", metavar="INPUT", type=click.Path())
@options.OUTPUT_FOLDER
@options.TEXT_COLUMN
@click.option(
    "--exact/--approximate",
    default=None,
    help="Exact search, or faster approximate search; default: exact up to 50,000 vectors.",
)
@options.BATCH_SIZE
@options.SIGNATURE
@options.OUTPUT_KEY
@options.PREPROCESSOR
@options.IMAGE_SIZE
@click.option("--overwrite", is_flag=True, help="Replace the index in the output folder.")
@options.JSON
def build(module: str, data: str, out: str, as_json: bool, **chosen: Any) -> None:
    """Build an index of a folder of images or a file of texts.

    INPUT is a folder of images, a .txt file with one text per line, or a CSV, TSV, JSONL or Parquet table. An
    interrupted build continues where it stopped when it is started again.

    \b
    Examples:
      tfhub neighbours build acme/sentences/1 questions.csv -o index --text-column question
      tfhub neighbours build acme/image-vectors/1 photos/ -o photos_index
    """
    from tensorflow_hub import tools

    with Progress(" rows") as progress:
        index, applied = tools.build_neighbours(module, data, out, progress=progress, **chosen)
    if as_json:
        output.result_json({**applied.to_dict(), "output": out, "exact": index.about.exact})
        return
    for item in applied.skipped[:5]:
        output.note(f"skipped: {item.name}: {item.reason}")
    if len(applied.skipped) > 5:
        output.note(f"skipped: {len(applied.skipped) - 5} more")
    how = "compared one by one" if index.about.exact else "searched approximately"
    output.result(f"{len(index):,} {index.about.kind}s in {out}, {how} ({applied.seconds:.1f} s)")


@command.command()
@click.argument("index", type=click.Path(exists=True))
@click.argument("texts", nargs=-1)
@click.option("--image", "images", multiple=True, type=click.Path(), help="An image file to search with.")
@click.option(
    "-k", "count", type=click.IntRange(1), default=10, show_default=True, help="The number of neighbours."
)
@click.option("--module", metavar="HANDLE", help="The module of the index, if its handle has changed.")
@click.option("--html", "html_file", type=click.Path(), help="Write an HTML page with the result instead.")
@options.JSON
def query(
    index: str,
    texts: tuple[str, ...],
    images: tuple[str, ...],
    count: int,
    module: str | None,
    html_file: str | None,
    as_json: bool,
) -> None:
    """Find the nearest neighbours of a text or an image.

    \b
    Examples:
      tfhub neighbours query questions_index "how do I reset my password" -k 3
      tfhub neighbours query photos_index --image holiday.jpg --html neighbours.html
    """
    if not texts and not images:
        raise DataError(
            "Expected a text or an image to search with, got none.", hint="Pass a text, or --image FILE."
        )
    from tensorflow_hub.tools.neighbours.finding import Finder
    from tensorflow_hub.tools.neighbours.pages import neighbours_page

    finder = Finder(index, module)
    results: list[Any] = []
    if texts:
        results += zip(texts, [None] * len(texts), finder.texts(texts, count), strict=True)
    if images:
        results += zip(images, map(Path, images), finder.images(images, count), strict=True)
    if html_file:
        Path(html_file).write_text(neighbours_page(finder, results), encoding="utf-8")
        output.result(html_file)
    elif as_json:
        found = [{"query": q, "neighbours": [n.to_dict() for n in near]} for q, _, near in results]
        output.result_json(found)
    else:
        for question, _, near in results:
            if len(results) > 1:
                output.result(question)
            rows = [(f"{n.cosine:.3f}", n.key, _one_line(n.text or "")) for n in near]
            output.table(rows, ["cosine", "key", "text" if texts else ""])


@command.command()
@click.argument("index", type=click.Path(exists=True))
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8600, show_default=True, help="The port on 127.0.0.1."
)
@click.option("--module", metavar="HANDLE", help="The module of the index, if its handle has changed.")
def serve(index: str, port: int, module: str | None) -> None:
    """Serve a search page for an index, for browsers on this machine only.

    \b
    Examples:
      tfhub neighbours serve questions_index
    """
    from tensorflow_hub.tools.neighbours.finding import Finder
    from tensorflow_hub.tools.neighbours.pages import SearchServer

    try:
        server = SearchServer(Finder(index, module), port)
    except OSError as error:
        raise SettingsError(
            f"Expected a free port, got the error for port {port}: {error.strerror}.",
            hint="Choose another with --port.",
        ) from error
    output.result(f"Search at {server.url} (Ctrl-C stops it)")
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        server.shutdown()


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 100 else line[:99] + "…"
