"""The list of versions on the page of a version, with the changes from each to the next."""

from __future__ import annotations

import itertools
from typing import Any

import sqlalchemy as sa

from tensorflow_hub.server.catalogue import reading
from tensorflow_hub.server.catalogue.records import DELETED, Version
from tensorflow_hub.server.catalogue.version_contents import VersionContent, compared_contents
from tensorflow_hub.server.web.rendering import show_day
from tensorflow_hub.server.web.version_changes import changes

# How many versions the list has. The API has all.
_MOST_VERSIONS = 12


def version_rows(connection: sa.Connection, shown: Version) -> list[dict[str, Any]]:
    """Returns the latest versions of the model of a version, the latest first."""
    versions = reading.list_versions(connection, shown.model)[:_MOST_VERSIONS]
    kept = [version for version in versions if version.state != DELETED]
    contents = compared_contents(connection, [one.id for one in kept]) if len(kept) > 1 else {}
    older = {version.id: contents[before.id] for version, before in itertools.pairwise(kept)}
    return [_row(version, older.get(version.id), contents.get(version.id)) for version in versions]


def _row(version: Version, older: VersionContent | None, content: VersionContent | None) -> dict[str, Any]:
    return {
        "number": version.number,
        "state": version.state,
        "reason": version.reason,
        "date": show_day(version.published),
        "changes": changes(older, content) if older and content else [],
        "has_older": older is not None,
    }
