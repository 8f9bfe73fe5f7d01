"""The pictures of cards.

They are in the catalogue, so that they change in the same transaction as their card.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection

import sqlalchemy as sa

from tensorflow_hub.format.card.picture_file import Picture
from tensorflow_hub.server.catalogue.records import PictureRecord, Version
from tensorflow_hub.server.catalogue.tables import pictures

_RECORD = (
    pictures.c.path,
    pictures.c.sha256,
    pictures.c.media_type,
    pictures.c.width,
    pictures.c.height,
)
_list_pictures = (
    sa.select(*_RECORD).where(pictures.c.version_id == sa.bindparam("version")).order_by(pictures.c.path)
)


def list_pictures(connection: sa.Connection, version: Version) -> list[PictureRecord]:
    """Returns the pictures of a version, sorted by path."""
    rows = connection.execute(_list_pictures, {"version": version.id})
    return [PictureRecord(*row) for row in rows]


def find_picture(
    connection: sa.Connection, version: Version, sha256: str
) -> tuple[PictureRecord, bytes] | None:
    """Returns the picture of a version with that digest, and the bytes of its file."""
    query = sa.select(*_RECORD, pictures.c.data).where(
        pictures.c.version_id == version.id, pictures.c.sha256 == sha256
    )
    row = connection.execute(query).first()
    return (PictureRecord(*row[:-1]), bytes(row[-1])) if row else None


def set_picture(connection: sa.Connection, version: Version, path: str, picture: Picture) -> PictureRecord:
    """Adds or replaces the picture at a path."""
    sha256 = hashlib.sha256(picture.data).hexdigest()
    record = PictureRecord(path, sha256, picture.media_type, picture.width, picture.height)
    connection.execute(
        sa.delete(pictures).where(pictures.c.version_id == version.id, pictures.c.path == path)
    )
    connection.execute(
        sa.insert(pictures).values(
            version_id=version.id,
            path=path,
            sha256=sha256,
            media_type=picture.media_type,
            width=picture.width,
            height=picture.height,
            data=picture.data,
        )
    )
    return record


def remove_other_pictures(connection: sa.Connection, version: Version, paths: Collection[str]) -> None:
    """Removes the pictures of a version except those at the given paths."""
    connection.execute(
        sa.delete(pictures).where(pictures.c.version_id == version.id, pictures.c.path.not_in(paths))
    )
