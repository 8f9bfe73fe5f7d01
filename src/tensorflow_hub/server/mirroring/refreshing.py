"""Updates a mirrored version after upstream has withdrawn, deleted, restored, signed or measured it.

A version that upstream deletes is only withdrawn here: users who pinned it still get it, with a warning.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tensorflow_hub.handles import ModelName
from tensorflow_hub.server.catalogue import writing
from tensorflow_hub.server.catalogue.changes import record_changes
from tensorflow_hub.server.catalogue.records import DELETED, VISIBLE, WITHDRAWN, Version
from tensorflow_hub.server.core.hub import Hub
from tensorflow_hub.server.mirroring.attachments import fetch_attachments, mirrored_version
from tensorflow_hub.server.mirroring.upstream import AnyUpstream

# The end of reasons that came from upstream. Only such withdrawals may be cancelled by upstream.
_UPSTREAM_MARK = " (upstream)"


def refresh(hub: Hub, upstream: AnyUpstream, name: ModelName) -> None:
    """Updates the state and the attachments of a mirrored version.

    For versions that are not mirrored, no request is sent, so that upstream does not learn their names.
    """
    with hub.database.reading() as connection:
        if mirrored_version(connection, name) is None:
            return
    with upstream.open() as session:
        entry = upstream.entry(session, name)
        with hub.database.writing() as connection:
            writing.lock_version(connection, name)
            version = mirrored_version(connection, name)
            wanted = _wanted_state(version, entry) if version is not None else None
            if version is not None and wanted is not None and wanted != (version.state, version.reason):
                writing.set_state(connection, version, *wanted)
                record_changes(connection, [version.model.id])
        fetch_attachments(hub, upstream, session, name, entry)


def reason_from_upstream(reason: object) -> str:
    """Returns upstream's reason for a withdrawal or deletion, with a mark that it is from upstream.

    >>> reason_from_upstream("Wrong labels.")
    'Wrong labels. (upstream)'
    """
    return f"{str(reason or 'No reason was given.')[:900]}{_UPSTREAM_MARK}"


def _wanted_state(version: Version, entry: Mapping[str, Any]) -> tuple[str, str] | None:
    """Returns the state and reason that a version should have; None to change nothing."""
    is_ours = version.state != VISIBLE and not version.reason.endswith(_UPSTREAM_MARK)
    if is_ours:
        return None
    state = entry.get("state")
    if state == VISIBLE:
        return VISIBLE, ""
    if state in {WITHDRAWN, DELETED}:
        return WITHDRAWN, reason_from_upstream(entry.get("reason"))
    return None
