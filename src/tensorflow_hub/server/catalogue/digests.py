"""Queries of the digests of deployments: those of a publisher, and those that are in no public version."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from tensorflow_hub.server.catalogue.tables import deployments, models, publishers, versions


def digests_without_readers(connection: sa.Connection, digests: Iterable[str]) -> list[str]:
    """Returns those of the digests that no public version has."""
    unique = list(dict.fromkeys(digests))
    query = (
        sa.select(deployments.c.digest)
        .join(versions, deployments.c.version_id == versions.c.id)
        .join(models, versions.c.model_id == models.c.id)
        .join(publishers, models.c.publisher_id == publishers.c.id)
        .where(deployments.c.digest.in_(unique), sa.not_(publishers.c.private))
    )
    public = {row[0] for row in connection.execute(query)}
    return [digest for digest in unique if digest not in public]


def digests_of_publisher(connection: sa.Connection, publisher_id: int) -> list[str]:
    """Returns the digests of all deployments of a publisher."""
    query = (
        sa.select(deployments.c.digest)
        .join(versions, deployments.c.version_id == versions.c.id)
        .join(models, versions.c.model_id == models.c.id)
        .where(models.c.publisher_id == publisher_id)
    )
    return [row[0] for row in connection.execute(query)]
