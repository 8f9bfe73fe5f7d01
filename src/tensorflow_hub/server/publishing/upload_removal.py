"""Removes an upload: its row in the catalogue, and its bytes in the store.

The order matters, because the process may be killed in between: first the row is marked as ended, then the
bytes are removed, then the row. The sweep of expired uploads finds and removes what is left at any moment.
"""

from __future__ import annotations

import sqlalchemy as sa

from tensorflow_hub.server.catalogue.uploads import end_upload, remove_upload
from tensorflow_hub.server.core.hub import Hub


def abandon_upload(hub: Hub, upload_id: str) -> None:
    """Ends and removes an upload that cannot be published because its bytes are wrong."""
    try:
        _end(hub, upload_id)
    except sa.exc.OperationalError:
        # On a full disk the database cannot be written before the bytes are removed. If the process is killed
        # between the two, a client that continues the upload gets an error of the digest.
        hub.store.discard_upload(upload_id)
        _end(hub, upload_id)
    discard_upload(hub, upload_id)


def _end(hub: Hub, upload_id: str) -> None:
    with hub.database.writing() as connection:
        end_upload(connection, upload_id)


def discard_upload(hub: Hub, upload_id: str) -> None:
    """Removes the bytes and the row of an upload that has ended."""
    hub.store.discard_upload(upload_id)
    with hub.database.writing() as connection:
        remove_upload(connection, upload_id)
