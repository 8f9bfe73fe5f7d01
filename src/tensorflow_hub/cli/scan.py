"""`tfhub scan`: list what the programs and notebooks of a folder load from hubs."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import click

from tensorflow_hub.cli import options, output
from tensorflow_hub.cli.errors import exit_code, report
from tensorflow_hub.cli.mirror import copy_all
from tensorflow_hub.errors import HubError
from tensorflow_hub.resolving.where import NOT_ASKED, Stop, stops_of
from tensorflow_hub.scanning.findings import Call, Scan, Spot
from tensorflow_hub.scanning.installed import Installed
from tensorflow_hub.settings import Settings

_MOST_SPOTS = 5  # of a handle, for people


@click.command(
    "scan",
    epilog="""\b
Examples:
  tfhub scan .
  tfhub scan notebooks/ --ask --json
  tfhub scan . --lock --pull        pin and fetch all that the programs load
  tfhub scan . --mirror             copy it into the hub in TFHUB_URL""",
)
@click.argument("place", metavar="DIR", type=click.Path(exists=True))
@click.option("--ask", is_flag=True, help="Ask the sources over the network which of them has each module.")
@click.option("--lock", "lock", is_flag=True, help="Add the modules to tfhub.lock.")
@click.option("--pull", "pull", is_flag=True, help="Fetch the modules into the cache.")
@click.option("--mirror", "mirror", is_flag=True, help="Copy the modules into the hub in TFHUB_URL.")
@options.JSON
def command(place: str, ask: bool, lock: bool, pull: bool, mirror: bool, as_json: bool) -> int:
    """List the handles and the calls of this library in the programs and notebooks of DIR.

    The programs are read, never run. For each handle you see the lines that use it, and the places where its
    module is today; for each call, what works differently on the TensorFlow that is installed. DIR may be one
    program.
    """
    from tensorflow_hub.scanning.scan import scan

    settings, installed = Settings.from_environment(), Installed.here()
    found = scan(place, installed)
    leads = {handle: _leads(handle, settings, ask=ask) for handle in found.handles}
    if as_json:
        output.result_json(_as_json(found, leads))
    else:
        _print(found, leads, installed)
    codes = [0]
    if lock:
        codes.append(_lock(found, settings))
    if pull:
        codes.append(_each(found.handles, "Fetching", _pull))
    if mirror:
        codes += [copy.code for copy in copy_all(found.handles, settings)]
    return max(codes)


def _leads(handle: str, settings: Settings, *, ask: bool) -> list[dict[str, Any]]:
    """The places of a handle; why there are none, where it is no handle."""
    try:
        return [dataclasses.asdict(stop) for stop in stops_of(handle, settings, ask=ask)]
    except HubError as problem:
        return [dataclasses.asdict(Stop("source", handle, False, problem.problem, problem.hint))]


def _as_json(found: Scan, leads: Mapping[str, list[dict[str, Any]]]) -> dict[str, Any]:
    handles = [
        {"handle": handle, "spots": list(map(dataclasses.asdict, spots)), "leads": leads[handle]}
        for handle, spots in found.handles.items()
    ]
    return {
        "programs": found.programs,
        "handles": handles,
        "calls": list(map(dataclasses.asdict, found.calls)),
        "unread": list(map(dataclasses.asdict, found.unread)),
    }


def _print(found: Scan, leads: Mapping[str, list[dict[str, Any]]], installed: Installed) -> None:
    for handle, spots in found.handles.items():
        output.result(f"{handle}\n  {_spots(spots)}")
        lines = [_line(place) for place in leads[handle] if _is_shown(place)]
        for number, line in enumerate(lines):
            if not any(other.startswith(f"{line}:") for other in lines[:number]):  # said with a warning
                output.result(line)
    changed = [call for call in found.calls if call.changes]
    if changed:
        output.result(f"\nOn {installed.shown}:")
    for call in changed:
        for change in call.changes:
            output.result(f"  {call.spot}: {change.problem}\n    → {change.step}")
    unknown = [call for call in found.calls if call.expression and not call.handles]
    if unknown:
        output.result("\nWhat is loaded here is known only when it runs:")
    for call in unknown:
        output.result(f"  {call.spot}: {call.name}({call.expression})")
    for unread in found.unread:
        cell = f", cell {unread.cell}" if unread.cell else ""
        output.note(f"{unread.file}{cell}: {unread.reason}")
    output.note(_summary(found, changed))


def _is_shown(place: Mapping[str, Any]) -> bool:
    return place["kind"] in {"source", "mirror"} or bool(place["has_module"])


def _line(place: Mapping[str, Any]) -> str:
    answer = "" if place["answer"] == NOT_ASKED else f": {place['answer']}"
    return f"  → {place['place']}{answer}"


def _summary(found: Scan, changed: list[Call]) -> str:
    counts = [
        output.counted(found.programs, "program"),
        output.counted(len(found.handles), "handle"),
        output.counted(len(found.calls), "call"),
        f"{len(changed):,} to change",
    ]
    return f"{', '.join(counts)}."


def _spots(spots: tuple[Spot, ...]) -> str:
    more = len(spots) - _MOST_SPOTS
    return "; ".join(map(str, spots[:_MOST_SPOTS])) + (f"; and {more:,} more" if more > 0 else "")


def _lock(found: Scan, settings: Settings) -> int:
    from tensorflow_hub.cli.lock import add_to_lock, full_name
    from tensorflow_hub.resolving.lock_file import LockFile, lock_file_path, read_lock_file, write_lock_file

    path = lock_file_path(settings)
    lock = read_lock_file(path) if os.path.exists(path) else LockFile(path, {})
    code = _each(
        found.handles, "Locking", lambda handle: add_to_lock(lock, full_name(handle, settings), settings)
    )
    write_lock_file(lock)
    output.note(f"{path}: {output.counted(len(lock.modules), 'module')}.")
    return code


def _pull(handle: str) -> None:
    from tensorflow_hub.resolving.resolve import resolve_module

    output.note(resolve_module(handle, locked=False).path)


def _each(handles: Iterable[str], does: str, do: Callable[[str], object]) -> int:
    """Does something with every handle; the exit code of the last failure, 0 when there was none."""
    code = 0
    for handle in handles:
        output.note(f"{does} {handle} …")
        try:
            do(handle)
        except HubError as problem:
            report(problem)
            code = exit_code(problem)
    return code
