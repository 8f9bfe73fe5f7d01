"""Removes uploads that expired; each server process does it now and then."""

from __future__ import annotations

import time

from tensorflow_hub.server.catalogue.uploads import list_uploads, remove_upload
from tensorflow_hub.server.hub import Hub


def sweep_uploads(hub: Hub) -> int:
    """Removes expired uploads, from the store first: a row without bytes is found again, not the reverse."""
    now = int(time.time())
    with hub.database.reading() as connection:
        expired = [upload for upload in list_uploads(connection) if upload.expires_at <= now]
    for upload in expired:
        hub.store.discard_upload(upload.id)
        with hub.database.writing() as connection:
            remove_upload(connection, upload.id)
    return len(expired)
