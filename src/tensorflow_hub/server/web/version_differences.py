"""Compares two versions of a model: card, signatures, variables, ops and files."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence

import sqlalchemy as sa

from tensorflow_hub.api import answers
from tensorflow_hub.api.requests import OfDeployment
from tensorflow_hub.server.catalogue import reading
from tensorflow_hub.server.catalogue.records import DELETED, Version
from tensorflow_hub.server.catalogue.version_contents import VersionContent, compared_contents
from tensorflow_hub.server.core.problems import Missing, NotOffered, TooLarge
from tensorflow_hub.server.inside.stored_files import StoredFiles
from tensorflow_hub.server.inside.variables import variables_in
from tensorflow_hub.server.inside.views import open_deployment
from tensorflow_hub.server.store.interface import Store
from tensorflow_hub.server.web.version_changes import all_changes

# Limits, because the time to compare texts grows with the square of the number of their lines.
_MOST_LINES, _LONGEST_LINE = 1500, 400
_MOST_CHANGES = 300


def comparable_versions(connection: sa.Connection, version: Version) -> list[int]:
    """Returns the numbers of the other versions of the model that are not deleted, the latest first."""
    every = _not_deleted(connection, version)
    return [other.number for other in every if other.number != version.number]


def version_before(connection: sa.Connection, version: Version, number: int | None) -> Version:
    """Returns the version of the same model with that number, or for None the one before.

    Raises:
      Missing: there is none, or it was deleted.
    """
    others = _not_deleted(connection, version)
    for other in others:
        if other.number == number or (number is None and other.number < version.number):
            return other
    what = f"no version {number}" if number is not None else f"no version before {version.number}"
    raise Missing(
        f"The model {version.model.handle} has {what} to compare with.",
        hint=f"Its versions: {', '.join(str(other.number) for other in others)}.",
    )


def _not_deleted(connection: sa.Connection, version: Version) -> list[Version]:
    """Returns the versions of the same model that are not deleted, the latest first."""
    return [other for other in reading.list_versions(connection, version.model) if other.state != DELETED]


def differences(
    store: Store, connection: sa.Connection, before: Version, after: Version
) -> answers.Differences:
    """Returns the changes from the version `before` to the version `after`."""
    contents = compared_contents(connection, (before.id, after.id))
    older, newer = contents[before.id], contents[after.id]
    old_files, new_files = _files(store, connection, before), _files(store, connection, after)
    card = _card_lines(_card(connection, before), _card(connection, after))
    variables = _changes(_variables(old_files), _variables(new_files))
    ops = _changes(_ops(older), _ops(newer))
    files = _changes(_sizes(old_files), _sizes(new_files), lambda value: value.partition(" ")[2])
    return {
        "before": before.handle,
        "after": after.handle,
        "summary": all_changes(older, newer),
        "card": card[:_MOST_CHANGES],
        "variables": variables[:_MOST_CHANGES],
        "ops": ops[:_MOST_CHANGES],
        "files": files[:_MOST_CHANGES],
        "cut": max(map(len, (card, variables, ops, files))) > _MOST_CHANGES,
    }


def _card(connection: sa.Connection, version: Version) -> list[str]:
    card = reading.find_card(connection, version)
    return [line[:_LONGEST_LINE] for line in card.text.splitlines()[:_MOST_LINES]] if card else []


def _card_lines(before: list[str], after: list[str]) -> list[str]:
    return list(difflib.unified_diff(before, after, lineterm="", n=2))[
        2:
    ]  # without the lines with file names


def _files(store: Store, connection: sa.Connection, version: Version) -> StoredFiles | None:
    """Returns the files of the first deployment; None if the hub has only documentation."""
    try:
        return open_deployment(store, connection, version, OfDeployment()).files
    except NotOffered:
        return None


def _variables(files: StoredFiles | None) -> dict[str, str]:
    try:
        return {one.name: one.type for one in variables_in(files)} if files else {}
    except TooLarge:
        return {}


def _ops(content: VersionContent) -> dict[str, str]:
    return {op: "" for description in content.descriptions.values() for op in description.get("ops") or ()}


def _sizes(files: StoredFiles | None) -> dict[str, str]:
    """Returns for each path its digest and size. With the digest, files of equal size can be compared."""
    return {file.path: f"{file.sha256} {file.size:,} bytes" for file in files.index.files} if files else {}


def _changes(
    before: Mapping[str, str], after: Mapping[str, str], shown: Callable[[str], str] = str
) -> Sequence[answers.Change]:
    names = [name for name in sorted({*before, *after}) if before.get(name) != after.get(name)]
    return [
        {
            "name": name,
            "before": shown(before[name]) if name in before else None,
            "after": shown(after[name]) if name in after else None,
        }
        for name in names
    ]
