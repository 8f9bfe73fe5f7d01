"""`tfhub search`: find models on a hub."""

from __future__ import annotations

import shutil

import click

from tensorflow_hub.cli import options, output
from tensorflow_hub.format.card.facets import FACETS


def _with_filters(command: click.Command) -> click.Command:
    for facet in FACETS:
        if facet.help:
            option = click.Option([f"--{facet.key}"], multiple=True, help=f"{facet.help} May be repeated.")
            command.params.append(option)
    return command


@click.command()
@click.argument("query", nargs=-1)
@click.option("--interface", metavar="TYPES", help="What goes in and comes out: 'string -> float32[512]'.")
@click.option("--max-size", metavar="SIZE", help="Not larger than this: 100MB.")
@click.option("--trainable/--not-trainable", default=None, help="With, or without, trainable variables.")
@click.option("--no-custom-ops", is_flag=True, help="Only what TensorFlow alone can run.")
@click.option("--fine-tunable", is_flag=True, help="Only what can be fine-tuned.")
@click.option(
    "--sort",
    type=click.Choice(["relevance", "newest", "downloads", "size"]),
    default="relevance",
    help="The order.",
)
@click.option(
    "--limit", type=click.IntRange(1, 100), default=20, show_default=True, help="Results on a page."
)
@click.option("--page", type=click.IntRange(1), default=1, help="Which page.")
@options.HUB
@click.option("--json", "as_json", is_flag=True, help="Print a list of objects, best first.")
def command(
    query: tuple[str, ...],
    interface: str | None,
    max_size: str | None,
    trainable: bool | None,
    no_custom_ops: bool,
    fine_tunable: bool,
    sort: str,
    limit: int,
    page: int,
    hub: str | None,
    as_json: bool,
    **filters: tuple[str, ...],
) -> None:
    """Find models by the words of QUERY, by what they are for, or by their types. Best first.

    Typing errors are corrected. Without a QUERY, everything that the options leave.

    \b
    Examples:
      tfhub search sentence embedding --language de
      tfhub search "image classifier" --format tflite --max-size 10MB
      tfhub search --interface "string -> float32[512]" --trainable --json
    """
    from tensorflow_hub.client.searching import search

    chosen = {key: values for key, values in filters.items() if values}
    if fine_tunable:
        chosen["fine_tunable"] = ("true",)
    found = search(
        " ".join(query),
        filters=chosen,
        interface=interface,
        max_size=max_size,
        trainable=trainable,
        custom_ops=False if no_custom_ops else None,
        sort=sort,
        limit=limit,
        page=page,
        hub=hub,
    )
    if as_json:
        output.result_json([result.details for result in found.results])
        return
    if found.corrected:
        output.note(f"Results for: {found.corrected}")
    width = max(40, shutil.get_terminal_size().columns)
    for result in found.results:
        kind = ", ".join(part for part in (result.task, result.format) if part)
        output.result(f"{result.handle}  [{kind}]" if kind else result.handle)
        text = " ".join(result.description.split())
        output.result(f"    {text if len(text) <= width - 4 else text[: width - 6].rstrip() + ' …'}")
    if not found.results:
        output.note("Nothing found. Use fewer or other words, or leave an option out.")
    output.note(f"{len(found.results)} of {found.total}: {found.url}")


_with_filters(command)
