"""Follows upstream where it withdraws, deletes, restores, signs or measures a version that is kept here.

No version that was kept goes away by what upstream says: who pinned it still gets it, and is told.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tensorflow_hub.handles import ModelName
from tensorflow_hub.server.catalogue import writing
from tensorflow_hub.server.catalogue.changes import record_changes
from tensorflow_hub.server.catalogue.records import DELETED, VISIBLE, WITHDRAWN, Version
from tensorflow_hub.server.core.hub import Hub
from tensorflow_hub.server.mirroring.beside import bring_beside, mirrored_version
from tensorflow_hub.server.mirroring.upstream import AnyUpstream

# Ends the reasons that came from upstream: what this hub's own people withdraw stays withdrawn.
_MARK = " (upstream)"


def refresh(hub: Hub, upstream: AnyUpstream, name: ModelName) -> None:
    """Brings the state of a mirrored version, and what stands beside its files, up to date.

    Of other versions upstream hears nothing.
    """
    with hub.database.reading() as connection:
        if mirrored_version(connection, name) is None:
            return
    with upstream.open() as session:
        entry = upstream.entry(session, name)
        with hub.database.writing() as connection:
            version = mirrored_version(connection, name)
            wanted = _wanted_state(version, entry) if version is not None else None
            if version is not None and wanted is not None and wanted != (version.state, version.reason):
                writing.set_state(connection, version, *wanted)
                record_changes(connection, [version.model.id])
        bring_beside(hub, upstream, session, name, entry)


def words_of_upstream(reason: object) -> str:
    """Why upstream withdrew or deleted a version, marked as its word.

    >>> words_of_upstream("Wrong labels.")
    'Wrong labels. (upstream)'
    """
    return f"{str(reason or 'No reason was given.')[:900]}{_MARK}"


def _wanted_state(version: Version, entry: Mapping[str, Any]) -> tuple[str, str] | None:
    """The state and reason that a version should have; None to leave it as it is."""
    is_ours = version.state != VISIBLE and not version.reason.endswith(_MARK)
    if is_ours:
        return None
    state = entry.get("state")
    if state == VISIBLE:
        return VISIBLE, ""
    if state in {WITHDRAWN, DELETED}:
        return WITHDRAWN, words_of_upstream(entry.get("reason"))
    return None
