"""`tfhub where`: the places where the module of a handle is looked for."""

from __future__ import annotations

import dataclasses

import click

from tensorflow_hub.cli import options, output
from tensorflow_hub.resolving.where import Stop, stops_of
from tensorflow_hub.settings import Settings


@click.command(
    "where",
    epilog="""\b
Examples:
  tfhub where https://tfhub.dev/google/universal-sentence-encoder/4
  tfhub where kaggle://google/elmo/tensorFlow1/elmo --json
  tfhub where --no-ask acme/text-embedding/1        names the places, asks nobody""",
)
@click.argument("handle")
@click.option("--ask/--no-ask", default=True, help="Ask the sources over the network, or only name them.")
@options.JSON
def command(handle: str, ask: bool, as_json: bool) -> int:
    """Show the places where the module of HANDLE is looked for, in their order. Nothing is downloaded.

    These are the lock file, the caches, and the sources or the mirrors in their place. The first that has the
    module is taken. Exit code 3 if it was found in none of them.
    """
    settings = Settings.from_environment()
    stops = []
    for stop in stops_of(handle, settings, ask=ask):
        stops.append(stop)
        if not as_json:
            hint = f"\n  → {stop.hint}" if stop.hint else ""
            output.result(f"{stop.kind}: {stop.place}\n  {stop.answer}{hint}")
    found = any(map(_may_have_it, stops))
    if as_json:
        output.result_json([dataclasses.asdict(stop) for stop in stops])
    elif not found:
        output.note("It was found in none of these places.")
    elif taken := next((stop for stop in stops if stop.has_module), None):
        output.note(f"It would be taken from the first that has it: {taken.kind} {taken.place}.")
    return 0 if found else 3


def _may_have_it(stop: Stop) -> bool:
    return bool(stop.has_module) or (stop.has_module is None and stop.kind in {"source", "mirror"})
