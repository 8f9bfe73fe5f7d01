"""The publishing steps that write objects to the store, and then the version to the catalogue."""

from __future__ import annotations

import dataclasses
import logging
import time
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa

from tensorflow_hub.errors import CardError, ConflictError, DigestError, RejectedError
from tensorflow_hub.format.kinds.table import KIND_BY_NAME
from tensorflow_hub.server.catalogue import reading, writing
from tensorflow_hub.server.catalogue.audit import add_entry
from tensorflow_hub.server.catalogue.changes import record_changes
from tensorflow_hub.server.catalogue.conflicts import repeat_after_conflicts
from tensorflow_hub.server.catalogue.records import DELETED, WITHDRAWN, Deployment, Upload, Version
from tensorflow_hub.server.catalogue.uploads import end_upload, set_archive
from tensorflow_hub.server.core.hub import Hub
from tensorflow_hub.server.core.problems import Gone
from tensorflow_hub.server.publishing.archive_steps import checked_index
from tensorflow_hub.server.publishing.publication import Publication
from tensorflow_hub.server.publishing.upload_removal import abandon_upload, discard_upload
from tensorflow_hub.server.store.interface import archive_key, file_key, index_key

_log = logging.getLogger("tensorflow_hub.server")
CHUNK = 1 << 20


def store_objects(hub: Hub, publication: Publication) -> Publication:
    """Writes the archive, its index and (for some kinds) its single files to the store, not visible yet."""
    index, upload = checked_index(publication), publication.upload
    with hub.database.writing() as connection:
        set_archive(connection, upload, index.archive_sha256)
    key = archive_key(index.archive_sha256)
    if publication.packed is not None:
        hub.store.write(key, _chunks(publication.packed))
    elif upload.archive_sha256 is None or hub.store.size(key) is None:
        _commit(hub, upload, key)
    hub.store.write(index_key(index.archive_sha256), [index.to_json()])
    if KIND_BY_NAME[upload.deployment].is_kept_by_files:
        for file in index.files:
            hub.store.write(file_key(file.sha256), _chunks(publication.unpacked / file.path))
    return publication


def make_visible(hub: Hub, publication: Publication) -> Publication:
    """Adds the version to the catalogue in one transaction: readers see all of it or nothing."""
    # If another request publishes this version at the same time, the next call sees it and compares.
    return repeat_after_conflicts(lambda: _make_visible(hub, publication))


def clean_up(hub: Hub, publication: Publication) -> Publication:
    """Removes the upload. If that fails, the sweep of expired uploads removes it later."""
    try:
        discard_upload(hub, publication.upload.id)
    except (sa.exc.SQLAlchemyError, OSError):
        _log.warning(
            "The upload %s could not be removed. The next sweep tries again.",
            publication.upload.id,
            exc_info=True,
        )
    return publication


def existing_deployment(connection: sa.Connection, version: Version, kind: str) -> Deployment | None:
    """Returns the deployment of that kind which a version has, or None.

    Raises:
      Gone: the version was deleted; its number is not used again.
    """
    if version.state == DELETED:
        raise Gone(
            f"The version {version.handle} was deleted, and its number is not used again.",
            hint=f"Publish it as version {version.number + 1} or higher.",
        )
    return reading.find_deployment(connection, version, kind)


def check_same_content(version: Version, deployment: Deployment, digest: str) -> None:
    """Checks that a published deployment has the content that is published again.

    Raises:
      ConflictError: the contents differ.
    """
    if deployment.digest != digest:
        raise ConflictError(
            f"The version {version.handle} is published with other content "
            f"({deployment.digest[:19]}…, not {digest[:19]}…). Published versions never change.",
            hint=f"Publish it as version {(version.model.latest or version.number) + 1}.",
        )


def _make_visible(hub: Hub, publication: Publication) -> Publication:
    index, upload, caller = checked_index(publication), publication.upload, publication.caller
    with hub.database.writing() as connection:
        writing.check_spelling(connection, publication.name)
        writing.lock_version(connection, publication.name)
        version = reading.find_version(connection, publication.name)
        existing = existing_deployment(connection, version, upload.deployment) if version else None
        if version is not None and existing is not None:
            check_same_content(version, existing, index.digest)
            end_upload(connection, upload.id)
            return dataclasses.replace(publication, version=version, is_new=False)
        version = _add_to_catalogue(connection, publication, version)
        add_entry(
            connection,
            caller.name,
            caller.address,
            "publish",
            version.handle,
            deployment=upload.deployment,
            digest=index.digest,
        )
        end_upload(connection, upload.id)
        record_changes(connection, [version.model.id])
        return dataclasses.replace(publication, version=version, is_new=True)


def _add_to_catalogue(
    connection: sa.Connection, publication: Publication, version: Version | None
) -> Version:
    index, card = checked_index(publication), publication.card
    if version is None:
        if card is None:
            raise CardError(
                f"A card is needed to publish {publication.name}.", hint="Send one: `--card card.md`."
            )
        version = writing.add_version(connection, publication.name, card.kind, publication.caller.name)
        writing.set_card(connection, version, card)
    if publication.caller.token is not None and publication.caller.token.id:
        writing.stop_mirroring(connection, version.model.publisher)
    assert publication.description is not None
    deployment = Deployment(
        kind=publication.upload.deployment,
        archive_sha256=index.archive_sha256,
        archive_size=index.archive_size,
        digest=index.digest,
        unpacked_size=index.size,
        file_count=len(index.files),
        description=publication.description.to_dict(),
        published_at=int(time.time()),
        published_by=publication.caller.name,
    )
    writing.add_deployment(connection, version, deployment)
    if publication.withdrawn is not None:
        writing.set_state(connection, version, WITHDRAWN, publication.withdrawn)
    return version


def _commit(hub: Hub, upload: Upload, key: str) -> None:
    try:
        hub.store.commit_upload(upload.id, upload.size, key, upload.sha256)
    except DigestError as error:
        abandon_upload(hub, upload.id)
        raise RejectedError(error.problem, hint=error.hint) from error


def _chunks(path: Path) -> Iterator[bytes]:
    with open(path, "rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk
