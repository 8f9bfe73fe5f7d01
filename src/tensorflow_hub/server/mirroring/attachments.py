"""Fetches the attachments of a mirrored version: card pictures, signatures and measurements."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from tensorflow_hub.handles import ModelName
from tensorflow_hub.server.catalogue import reading, writing
from tensorflow_hub.server.catalogue.changes import record_changes
from tensorflow_hub.server.catalogue.conflicts import repeat_after_conflicts
from tensorflow_hub.server.catalogue.pictures import list_pictures, set_picture
from tensorflow_hub.server.catalogue.records import Version
from tensorflow_hub.server.core.hub import Hub
from tensorflow_hub.server.mirroring.card_pictures import fetch_pictures
from tensorflow_hub.server.mirroring.measurements import keep_measurements
from tensorflow_hub.server.mirroring.signatures import keep_signatures
from tensorflow_hub.server.mirroring.upstream import AnyUpstream


def fetch_attachments(
    hub: Hub, upstream: AnyUpstream, session: Any, name: ModelName, entry: Mapping[str, Any]
) -> None:
    """Stores upstream's pictures, signatures and measurements of a mirrored version.

    Does nothing if the version is not in the catalogue, or was not mirrored.

    Args:
      hub: this hub.
      upstream: the upstream hub.
      session: a session of the upstream hub.
      name: the version.
      entry: the unchecked description of the version in upstream's API.
    """
    with hub.database.reading() as connection:
        version = mirrored_version(connection, name)
        card = reading.find_card(connection, version) if version is not None else None
        known = {one.sha256 for one in list_pictures(connection, version)} if version is not None else set()
    if version is None:
        return
    pictures = (
        fetch_pictures(upstream, session, name, entry, card=card.text, known=known)
        if card is not None
        else {}
    )

    def store() -> None:
        with hub.database.writing() as connection:
            writing.lock_version(connection, name)
            version = mirrored_version(connection, name)
            if version is None:
                return
            now = reading.find_card(connection, version)
            if card is not None and now is not None and now.text == card.text:
                for path, picture in pictures.items():
                    set_picture(connection, version, path, picture)
            keep_signatures(connection, version, entry, upstream.source_of(name))
            keep_measurements(connection, version, entry, upstream.source_of(name))
            record_changes(connection, [version.model.id])

    repeat_after_conflicts(store)


def mirrored_version(connection: sa.Connection, name: ModelName) -> Version | None:
    """Returns a version of the catalogue if it came from upstream, else None."""
    publisher = reading.find_publisher(connection, name.publisher)
    if publisher is None or not writing.is_mirrored(connection, publisher):
        return None
    return reading.find_version(connection, name)
