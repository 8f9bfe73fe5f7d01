"""Uploads under way: rows that say how much came, and what is to become of it."""

from __future__ import annotations

import secrets
import time

import sqlalchemy as sa

from tensorflow_hub.server.catalogue.records import Upload
from tensorflow_hub.server.catalogue.tables import uploads

_COLUMNS = tuple(uploads.c[name] for name in Upload.__dataclass_fields__)


def create_upload(connection: sa.Connection, *, hours: int, **values: str | int) -> Upload:
    """Adds an upload that expires after some hours; its number cannot be guessed."""
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
    """The upload of that number, unless it expired."""
    query = sa.select(*_COLUMNS).where(uploads.c.id == upload_id, uploads.c.expires_at > int(time.time()))
    row = connection.execute(query).first()
    return Upload(*row) if row else None


def find_resumable(connection: sa.Connection, **values: str | int) -> Upload | None:
    """An upload that may go on: of the same bytes to the same name and deployment with the same token."""
    query = sa.select(*_COLUMNS).where(
        *(uploads.c[name] == value for name, value in values.items()),
        uploads.c.expires_at > int(time.time()),
    )
    row = connection.execute(query.limit(1)).first()
    return Upload(*row) if row else None


def advance_upload(connection: sa.Connection, upload: Upload, start: int, end: int) -> bool:
    """Says that the bytes up to `end` are in the store; False when another request was faster."""
    result = connection.execute(
        sa.update(uploads).where(uploads.c.id == upload.id, uploads.c.received == start).values(received=end)
    )
    return result.rowcount == 1


def complete_upload(connection: sa.Connection, upload: Upload, size: int, sha256: str) -> None:
    """Says that all bytes of an upload came whose size and digest were not known before."""
    connection.execute(
        sa.update(uploads).where(uploads.c.id == upload.id).values(size=size, received=size, sha256=sha256)
    )


def change_upload_card(connection: sa.Connection, upload: Upload, card: str) -> None:
    """Replaces the card of an upload that is resumed with another one."""
    connection.execute(sa.update(uploads).where(uploads.c.id == upload.id).values(card=card))


def note_archive(connection: sa.Connection, upload: Upload, archive_sha256: str) -> None:
    """Says which archive the upload is about to become, before the store has it."""
    connection.execute(
        sa.update(uploads).where(uploads.c.id == upload.id).values(archive_sha256=archive_sha256)
    )


def end_upload(connection: sa.Connection, upload_id: str) -> None:
    """Says that an upload is over: nobody finds it any more, and the sweep removes what is left of it."""
    connection.execute(sa.update(uploads).where(uploads.c.id == upload_id).values(expires_at=0))


def remove_upload(connection: sa.Connection, upload_id: str) -> None:
    """Forgets an upload whose bytes are removed."""
    connection.execute(sa.delete(uploads).where(uploads.c.id == upload_id))


def list_uploads(connection: sa.Connection) -> list[Upload]:
    """All uploads, the expired ones too."""
    return [Upload(*row) for row in connection.execute(sa.select(*_COLUMNS).order_by(uploads.c.created_at))]
