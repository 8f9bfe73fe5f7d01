"""Removes ended or expired uploads, sessions and messages. Each server process does it regularly."""

from __future__ import annotations

import time

from tensorflow_hub.server.catalogue.deliveries import remove_old_deliveries
from tensorflow_hub.server.catalogue.sessions import remove_ended_sessions
from tensorflow_hub.server.catalogue.uploads import list_uploads
from tensorflow_hub.server.core.hub import Hub
from tensorflow_hub.server.publishing.upload_removal import discard_upload


def sweep_uploads(hub: Hub) -> int:
    """Removes uploads that have ended or expired, and returns how many."""
    now = int(time.time())
    with hub.database.reading() as connection:
        expired = [upload for upload in list_uploads(connection) if upload.expires_at <= now]
    for upload in expired:
        # The bytes of all uploads first: on a full disk, no row can be removed before.
        hub.store.discard_upload(upload.id)
    for upload in expired:
        discard_upload(hub, upload.id)
    return len(expired)


def sweep_sessions(hub: Hub) -> None:
    """Removes the browser sessions that have ended."""
    with hub.database.writing() as connection:
        remove_ended_sessions(connection, hub.settings.session_idle_seconds)


def sweep_deliveries(hub: Hub) -> None:
    """Removes old messages from the log of webhooks."""
    with hub.database.writing() as connection:
        remove_old_deliveries(connection)
