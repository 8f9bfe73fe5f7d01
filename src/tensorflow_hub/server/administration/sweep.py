"""Removes uploads, sessions and messages that are over; each server process does it now and then."""

from __future__ import annotations

import time

from tensorflow_hub.server.catalogue.deliveries import forget_deliveries
from tensorflow_hub.server.catalogue.sessions import forget_ended
from tensorflow_hub.server.catalogue.uploads import list_uploads
from tensorflow_hub.server.core.hub import Hub
from tensorflow_hub.server.publishing.upload_removal import discard_upload


def sweep_uploads(hub: Hub) -> int:
    """Removes uploads that expired or are over; how many."""
    now = int(time.time())
    with hub.database.reading() as connection:
        expired = [upload for upload in list_uploads(connection) if upload.expires_at <= now]
    for upload in expired:
        hub.store.discard_upload(upload.id)  # all bytes first: on a full disk the rows cannot go before
    for upload in expired:
        discard_upload(hub, upload.id)
    return len(expired)


def sweep_sessions(hub: Hub) -> None:
    """Removes the sessions of browsers that are over."""
    with hub.database.writing() as connection:
        forget_ended(connection, hub.settings.session_idle_seconds)


def sweep_deliveries(hub: Hub) -> None:
    """Removes old messages from the log of webhooks."""
    with hub.database.writing() as connection:
        forget_deliveries(connection)
