"""Uploads in progress: rows with how many bytes have arrived, and which version they become."""

from __future__ import annotations

import secrets
import time

import sqlalchemy as sa

from tensorflow_hub.server.catalogue.records import Upload
from tensorflow_hub.server.catalogue.tables import uploads

_COLUMNS = tuple(uploads.c[name] for name in Upload.__dataclass_fields__)


def create_upload(connection: sa.Connection, *, hours: int, **values: str | int) -> Upload:
    """Adds an upload with a random id that expires after `hours`."""
    now = int(time.time())
    upload_id = secrets.token_hex(16)
    connection.execute(
        sa.insert(uploads).values(
            id=upload_id,
            received=0,
            archive_sha256=None,
            created_at=now,
            expires_at=now + hours * 3600,
            **values,
        )
    )
    upload = find_upload(connection, upload_id)
    assert upload is not None
    return upload


def find_upload(connection: sa.Connection, upload_id: str) -> Upload | None:
    """Returns the upload with that id, or None if there is none or it has expired."""
    query = sa.select(*_COLUMNS).where(uploads.c.id == upload_id, uploads.c.expires_at > int(time.time()))
    row = connection.execute(query).first()
    return Upload(*row) if row else None


def find_resumable(connection: sa.Connection, **values: str | int) -> Upload | None:
    """Returns the unexpired upload that has all these values, to be resumed; None if there is none.

    If several requests began one at the same time, it is the one of which most bytes have arrived.
    """
    query = sa.select(*_COLUMNS).where(
        *(uploads.c[name] == value for name, value in values.items()),
        uploads.c.expires_at > int(time.time()),
    )
    order = (uploads.c.received.desc(), uploads.c.id)
    row = connection.execute(query.order_by(*order).limit(1)).first()
    return Upload(*row) if row else None


def advance_upload(connection: sa.Connection, upload: Upload, start: int, end: int) -> bool:
    """Records that the bytes from `start` to `end` are in the store.

    Returns False, and changes nothing, if another request has changed the number of received bytes.
    """
    result = connection.execute(
        sa.update(uploads).where(uploads.c.id == upload.id, uploads.c.received == start).values(received=end)
    )
    return result.rowcount == 1


def complete_upload(connection: sa.Connection, upload: Upload, size: int, sha256: str) -> None:
    """Records the size and digest of an upload, if they were not known before all of its bytes arrived."""
    connection.execute(
        sa.update(uploads).where(uploads.c.id == upload.id).values(size=size, received=size, sha256=sha256)
    )


def change_upload_card(connection: sa.Connection, upload: Upload, card: str) -> None:
    """Replaces the card of an upload, when it is resumed with another card."""
    connection.execute(sa.update(uploads).where(uploads.c.id == upload.id).values(card=card))


def set_archive(connection: sa.Connection, upload: Upload, archive_sha256: str) -> None:
    """Records which archive is about to be stored, so that it does not count as an orphan."""
    connection.execute(
        sa.update(uploads).where(uploads.c.id == upload.id).values(archive_sha256=archive_sha256)
    )


def end_upload(connection: sa.Connection, upload_id: str) -> None:
    """Marks an upload as ended: it can no longer be found, and the next sweep removes what is left of it."""
    connection.execute(sa.update(uploads).where(uploads.c.id == upload_id).values(expires_at=0))


def remove_upload(connection: sa.Connection, upload_id: str) -> None:
    """Removes the row of an upload whose bytes have been removed."""
    connection.execute(sa.delete(uploads).where(uploads.c.id == upload_id))


def list_uploads(connection: sa.Connection) -> list[Upload]:
    """Returns all uploads, including expired ones."""
    return [Upload(*row) for row in connection.execute(sa.select(*_COLUMNS).order_by(uploads.c.created_at))]
