"""`tfhub mirror`: copy modules from other places into a hub."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import IO, Any

import click

from tensorflow_hub.cli import options, output
from tensorflow_hub.cli.errors import exit_code, report
from tensorflow_hub.errors import HandleError, HubError, NotFoundError
from tensorflow_hub.handles import ModelName
from tensorflow_hub.progress import Progress
from tensorflow_hub.settings import Settings

_PAGE = 100  # results of a search


@click.command(
    "mirror",
    epilog="""\b
Examples:
  tfhub mirror https://tfhub.dev/google/elmo/3 kaggle://google/yamnet/tensorFlow2/yamnet/1
  tfhub mirror hf://Dimitre/universal-sentence-encoder --to dimitre/sentences/1
  tfhub mirror --all-matching "sentence embedding"     what an imported catalogue only documents
  tfhub mirror --list handles.txt --json > report.json""",
)
@click.argument("handles", metavar="[HANDLE]...", nargs=-1)
@click.option("--to", "name", metavar="NAME", help="The name of the only HANDLE on the hub.")
@click.option(
    "--list",
    "listed",
    type=click.File(encoding="utf-8"),
    help="A file with one handle per line; - for standard input.",
)
@click.option(
    "--all-matching",
    "query",
    metavar="QUERY",
    help="All models of the hub that match the query and have no files.",
)
@options.HUB
@options.JSON
def command(
    handles: tuple[str, ...],
    name: str | None,
    listed: IO[str] | None,
    query: str | None,
    hub: str | None,
    as_json: bool,
) -> int:
    """Copy modules into a hub, with their description and licence.

    A HANDLE is of any source: tfhub.dev, Kaggle, Hugging Face, another hub, an archive. Models of tfhub.dev
    and of hubs keep their names. From a hub the card with its pictures, signatures, and what the publisher
    measured itself come too. What the hub has already is not fetched; run the command again after an
    interruption. If terms of use must be accepted first, the report names the page where you can do that. The
    other modules are copied all the same; the exit code is the highest of all.
    """
    settings = Settings.from_environment()
    settings = dataclasses.replace(settings, hub=(hub or settings.hub).rstrip("/"))
    wanted = [*handles, *_lines(listed or ()), *(_matching(query, settings) if query else ())]
    if not wanted:
        raise click.UsageError(
            "Pass a HANDLE, --list or --all-matching."
            if listed is None
            else "Expected a list with one handle per line, got one without handles."
        )
    if name is not None and len(wanted) > 1:
        raise click.UsageError("--to takes one HANDLE.")
    copies = copy_all(wanted, settings, ModelName.parse(name) if name else None)
    if as_json:
        output.result_json([copy.as_json() for copy in copies])
    return max((copy.code for copy in copies), default=0)


@dataclasses.dataclass(frozen=True)
class Report:
    """The result of copying a handle.

    Attributes:
      handle: as it was given.
      outcome: "copied", "there already" or "failed".
      name: on the hub.
      url: there.
      license: as the source names it.
      problem: why it failed.
      hint: what to do.
      code: the exit code.
    """

    handle: str
    outcome: str
    name: str = ""
    url: str = ""
    license: str = ""
    problem: str = ""
    hint: str = ""
    code: int = 0

    def as_json(self) -> dict[str, Any]:
        """The report as JSON values, without empty ones."""
        return {key: value for key, value in dataclasses.asdict(self).items() if value and key != "code"}


def copy_all(handles: Iterable[str], settings: Settings, name: ModelName | None = None) -> list[Report]:
    """Copies modules one after the other. A failure is reported and does not stop the others."""
    from tensorflow_hub.copying.copy import copy_to_hub

    reports = []
    for handle in dict.fromkeys(handles):
        try:
            with Progress("B") as progress:
                done = copy_to_hub(handle, settings, name=name, on_progress=progress)
        except HubError as problem:
            output.note(f"{handle}: failed")
            report(problem)
            code = exit_code(problem)
            reports.append(Report(handle, "failed", problem=problem.problem, hint=problem.hint, code=code))
            continue
        outcome = "copied" if done.is_new else "there already"
        output.note(f"{handle}: {outcome}, {done.url}")
        reports.append(Report(handle, outcome, done.name, done.url, done.license))
    return reports


def _lines(lines: Iterable[str]) -> list[str]:
    """The handles in lines, without comments.

    Raises:
      HandleError: the lines are no text.
    """
    try:
        handles = [line.partition("#")[0].strip() for line in lines]
    except UnicodeDecodeError as error:
        raise HandleError(
            f"Expected a list of handles in UTF-8, got other bytes: {error.reason}.",
            hint="Save the file as plain text in UTF-8, with one handle per line.",
        ) from error
    return [handle for handle in handles if handle]


def _matching(query: str, settings: Settings) -> list[str]:
    """The handles on tfhub.dev of the hub's models that match a query and have no files.

    Raises:
      NotFoundError: there are none.
    """
    from tensorflow_hub.client.searching import search
    from tensorflow_hub.client.versions import show

    found, page = [], 1
    while True:
        results = search(query, hub=settings.hub, limit=_PAGE, page=page)
        found += [result.handle for result in results.results]
        page += 1
        if not results.results or len(found) >= results.total:
            break
    lacking = [handle for handle in found if not show(handle, hub=settings.hub).get("deployments")]
    if not lacking:
        raise NotFoundError(
            f"Expected models on {settings.hub} that match {query!r} and have no files, got none "
            f"(of {len(found):,}).",
            hint="Import the documentation of tfhub.dev first (`tfhub admin import-docs`), or pass HANDLEs.",
        )
    output.note(f"{output.counted(len(lacking), 'model')} to copy.")
    return [f"https://tfhub.dev/{handle}" for handle in lacking]
