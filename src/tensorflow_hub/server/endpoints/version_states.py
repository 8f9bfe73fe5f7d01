"""`POST /api/v1/withdrawals`, `/restorations`, `/deletions`: take a version out of sight, or away."""

from __future__ import annotations

from tensorflow_hub.api import answers
from tensorflow_hub.api.requests import StateChange
from tensorflow_hub.server.catalogue import reading
from tensorflow_hub.server.catalogue.audit import add_entry
from tensorflow_hub.server.catalogue.changes import record_changes
from tensorflow_hub.server.catalogue.digests import digests_without_readers
from tensorflow_hub.server.catalogue.records import DELETED, VISIBLE, WITHDRAWN
from tensorflow_hub.server.catalogue.writing import set_state
from tensorflow_hub.server.core.endpoint import Answer, Call
from tensorflow_hub.server.core.lookup import find_readable_version
from tensorflow_hub.server.endpoints.publisher_of import versioned_name
from tensorflow_hub.server.store.unpacked import remove_copy


def withdraw_version(call: Call, body: StateChange) -> Answer[answers.StateOfVersion]:
    """Out of search and no longer the newest; still served to those who pinned it."""
    return _change(call, body, WITHDRAWN, "withdraw")


def restore_version(call: Call, body: StateChange) -> Answer[answers.StateOfVersion]:
    """Takes a withdrawal back."""
    return _change(call, body, VISIBLE, "restore")


def delete_version(call: Call, body: StateChange) -> Answer[answers.StateOfVersion]:
    """Away for good: 410 with the reason from now on. Its bytes go with `tfhub admin check --repair`."""
    return _change(call, body, DELETED, "delete")


def _change(call: Call, body: StateChange, state: str, action: str) -> Answer[answers.StateOfVersion]:
    name, caller, hub = versioned_name(body.handle), call.caller, call.hub
    with hub.database.writing() as connection:
        version = find_readable_version(connection, name, caller)
        found = reading.find_archive(connection, version, "saved_model")
        set_state(connection, version, state, body.reason)
        add_entry(connection, caller.name, caller.address, action, version.handle, reason=body.reason)
        record_changes(connection, [version.model.id])
        doomed = digests_without_readers(connection, [found.digest] if found else [])
    for digest in doomed if hub.settings.uncompressed_url else ():
        remove_copy(hub.settings.uncompressed_url, digest)
    return Answer({"handle": version.handle, "state": state, "reason": body.reason})
