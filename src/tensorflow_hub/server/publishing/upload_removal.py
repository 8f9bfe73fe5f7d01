"""Removes an upload so that a process killed at any moment leaves nothing that nobody finds again.

First the catalogue says that the upload is over, then its bytes go from the store, and last its row: whatever
is left in between, the sweep of expired uploads removes.
"""

from __future__ import annotations

from tensorflow_hub.server.catalogue.uploads import end_upload, remove_upload
from tensorflow_hub.server.core.hub import Hub


def forget_upload(hub: Hub, upload_id: str) -> None:
    """Gives an upload up: its bytes are of no use."""
    with hub.database.writing() as connection:
        end_upload(connection, upload_id)
    discard_upload(hub, upload_id)


def discard_upload(hub: Hub, upload_id: str) -> None:
    """Removes what is left of an upload that is over."""
    hub.store.discard_upload(upload_id)
    with hub.database.writing() as connection:
        remove_upload(connection, upload_id)
