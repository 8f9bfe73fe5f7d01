"""The steps that keep a module unpacked as well, where the setting `uncompressed_url` says so."""

from __future__ import annotations

from tensorflow_hub.server.catalogue import reading
from tensorflow_hub.server.catalogue.digests import digests_without_readers
from tensorflow_hub.server.core.hub import Hub
from tensorflow_hub.server.publishing.archive_steps import index_of
from tensorflow_hub.server.publishing.publication import Publication
from tensorflow_hub.server.store.unpacked import make_copy, remove_copy


def keep_unpacked(hub: Hub, publication: Publication) -> Publication:
    """There is an unpacked copy, unless the publisher is private."""
    base = hub.settings.uncompressed_url
    if not base or publication.upload.deployment != "saved_model":
        return publication
    with hub.database.reading() as connection:
        publisher = reading.find_publisher(connection, publication.name.publisher)
    if publisher is None or not publisher.private:
        index = index_of(publication)
        make_copy(base, index.digest, publication.unpacked, index.files)
    return publication


def drop_private_copy(hub: Hub, publication: Publication) -> Publication:
    """A publisher that became private meanwhile has no copy either."""
    base = hub.settings.uncompressed_url
    if base and publication.upload.deployment == "saved_model":
        with hub.database.reading() as connection:
            doomed = digests_without_readers(connection, [index_of(publication).digest])
        for digest in doomed:
            remove_copy(base, digest)
    return publication
