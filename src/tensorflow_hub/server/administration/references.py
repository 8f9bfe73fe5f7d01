"""Lists the objects of the store that the catalogue needs."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import sqlalchemy as sa

from tensorflow_hub.format.kinds.table import KIND_BY_NAME
from tensorflow_hub.server.catalogue.tables import deployments, models, uploads, versions
from tensorflow_hub.server.store.indexes import read_index
from tensorflow_hub.server.store.interface import Store, archive_key, file_key, index_key


@dataclasses.dataclass(frozen=True)
class StoredDeployment:
    """A deployment in the catalogue, with the handle of its version."""

    handle: str
    kind: str
    archive_sha256: str
    archive_size: int
    digest: str


def stored_deployments(connection: sa.Connection) -> list[StoredDeployment]:
    """Returns all deployments in the catalogue."""
    query = (
        sa.select(
            models.c.handle,
            versions.c.number,
            deployments.c.kind,
            deployments.c.archive_sha256,
            deployments.c.archive_size,
            deployments.c.digest,
        )
        .join(versions, deployments.c.version_id == versions.c.id)
        .join(models, versions.c.model_id == models.c.id)
        .order_by(deployments.c.id)
    )
    return [StoredDeployment(f"{row[0]}/{row[1]}", *row[2:]) for row in connection.execute(query)]


def needed_keys(store: Store, deployment: StoredDeployment) -> Iterator[tuple[str, str | None, int | None]]:
    """Yields the objects of a deployment as (key, SHA-256, size); these two are None for the index.

    Raises:
      FileNotFoundError: the index of the archive is missing.
      ArchiveError: it is damaged.
    """
    yield archive_key(deployment.archive_sha256), deployment.archive_sha256, deployment.archive_size
    yield index_key(deployment.archive_sha256), None, None
    index = read_index(store, deployment.archive_sha256)
    if KIND_BY_NAME[deployment.kind].is_kept_by_files:
        for file in index.files:
            yield file_key(file.sha256), file.sha256, file.size


def archives_of_uploads(connection: sa.Connection) -> set[str]:
    """Returns the SHA-256 of the archives that are being published, which are not orphans."""
    query = sa.select(uploads.c.archive_sha256).where(uploads.c.archive_sha256.is_not(None))
    return {row[0] for row in connection.execute(query)}
