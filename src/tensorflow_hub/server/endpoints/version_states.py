"""`POST /api/v1/withdrawals`, `/restorations`, `/deletions`: withdraw, restore or delete a version."""

from __future__ import annotations

from tensorflow_hub.api import answers
from tensorflow_hub.api.requests import StateChange
from tensorflow_hub.server.catalogue import reading
from tensorflow_hub.server.catalogue.audit import add_entry
from tensorflow_hub.server.catalogue.changes import record_changes
from tensorflow_hub.server.catalogue.digests import digests_without_readers
from tensorflow_hub.server.catalogue.records import DELETED, VISIBLE, WITHDRAWN
from tensorflow_hub.server.catalogue.writing import lock_version, set_state
from tensorflow_hub.server.core.endpoint import Answer, Call
from tensorflow_hub.server.core.lookup import find_readable_version
from tensorflow_hub.server.endpoints.publisher_of import versioned_name
from tensorflow_hub.server.store.unpacked import remove_copy


def withdraw_version(call: Call, body: StateChange) -> Answer[answers.StateOfVersion]:
    """Withdraws a version: search and unversioned handles do not find it, but it can still be downloaded."""
    return _change(call, body, WITHDRAWN, "withdraw")


def restore_version(call: Call, body: StateChange) -> Answer[answers.StateOfVersion]:
    """Restores a withdrawn version."""
    return _change(call, body, VISIBLE, "restore")


def delete_version(call: Call, body: StateChange) -> Answer[answers.StateOfVersion]:
    """Deletes a version: its URL answers 410 with the reason.

    `tfhub admin check --repair` removes its files.
    """
    return _change(call, body, DELETED, "delete")


def _change(call: Call, body: StateChange, state: str, action: str) -> Answer[answers.StateOfVersion]:
    name, caller, hub = versioned_name(body.handle), call.caller, call.hub
    with hub.database.writing() as connection:
        lock_version(connection, name)
        version = find_readable_version(connection, name, caller)
        found = reading.find_archive(connection, version, "saved_model")
        set_state(connection, version, state, body.reason)
        add_entry(connection, caller.name, caller.address, action, version.handle, reason=body.reason)
        record_changes(connection, [version.model.id])
        doomed = digests_without_readers(connection, [found.digest] if found else [])
    for digest in doomed if hub.settings.uncompressed_url else ():
        remove_copy(hub.settings.uncompressed_url, digest)
    return Answer({"handle": version.handle, "state": state, "reason": body.reason})
