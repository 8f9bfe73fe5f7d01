"""The publishing steps that also store a module unpacked, if the setting `uncompressed_url` is set."""

from __future__ import annotations

from tensorflow_hub.server.catalogue import reading
from tensorflow_hub.server.catalogue.digests import digests_without_readers
from tensorflow_hub.server.core.hub import Hub
from tensorflow_hub.server.publishing.archive_steps import checked_index
from tensorflow_hub.server.publishing.publication import Publication
from tensorflow_hub.server.store.unpacked import make_copy, remove_copy


def store_unpacked(hub: Hub, publication: Publication) -> Publication:
    """Stores an unpacked copy of a SavedModel, unless the publisher is private."""
    base = hub.settings.uncompressed_url
    if not base or publication.upload.deployment != "saved_model":
        return publication
    with hub.database.reading() as connection:
        publisher = reading.find_publisher(connection, publication.name.publisher)
    if publisher is None or not publisher.private:
        index = checked_index(publication)
        make_copy(base, index.digest, publication.unpacked, index.files)
    return publication


def remove_private_copy(hub: Hub, publication: Publication) -> Publication:
    """Removes the unpacked copy again if the publisher became private while the version was published."""
    base = hub.settings.uncompressed_url
    if base and publication.upload.deployment == "saved_model":
        with hub.database.reading() as connection:
            private = digests_without_readers(connection, [checked_index(publication).digest])
        for digest in private:
            remove_copy(base, digest)
    return publication
