"""Removes an upload so that a process killed at any moment leaves nothing that nobody finds again.

First the catalogue says that the upload is over, then its bytes go from the store, and last its row: whatever
is left in between, the sweep of expired uploads removes.
"""

from __future__ import annotations

import sqlalchemy as sa

from tensorflow_hub.server.catalogue.uploads import end_upload, remove_upload
from tensorflow_hub.server.core.hub import Hub


def forget_upload(hub: Hub, upload_id: str) -> None:
    """Gives an upload up: its bytes are of no use."""
    try:
        _end(hub, upload_id)
    except sa.exc.OperationalError:
        # On a full disk the database cannot note anything before the bytes are gone. Who goes on with the
        # upload after a crash right here is told by its digest that they are.
        hub.store.discard_upload(upload_id)
        _end(hub, upload_id)
    discard_upload(hub, upload_id)


def _end(hub: Hub, upload_id: str) -> None:
    with hub.database.writing() as connection:
        end_upload(connection, upload_id)


def discard_upload(hub: Hub, upload_id: str) -> None:
    """Removes what is left of an upload that is over."""
    hub.store.discard_upload(upload_id)
    with hub.database.writing() as connection:
        remove_upload(connection, upload_id)
