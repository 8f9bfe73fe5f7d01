"""Queries of publishers, models, versions, deployments and cards. Search is in `server/search`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from tensorflow_hub.handles import ModelName
from tensorflow_hub.server.catalogue.audience import Audience
from tensorflow_hub.server.catalogue.records import (
    VISIBLE,
    Archive,
    CardRecord,
    Deployment,
    Model,
    Publisher,
    Version,
)
from tensorflow_hub.server.catalogue.tables import cards, deployments, downloads, models, publishers, versions

_PUBLISHER = (
    publishers.c.id,
    publishers.c.name,
    publishers.c.title,
    publishers.c.description,
    publishers.c.card,
    publishers.c.private,
    publishers.c.created_at,
)
_MODEL = (
    models.c.id,
    publishers.c.name.label("publisher"),
    publishers.c.private,
    models.c.name,
    models.c.handle,
    models.c.kind,
    models.c.latest,
    models.c.downloads,
    models.c.created_at,
    models.c.updated_at,
)
_VERSION = (
    versions.c.id,
    versions.c.number,
    versions.c.state,
    versions.c.reason,
    versions.c.parent,
    versions.c.published_at,
    versions.c.published_by,
)
DEPLOYMENT = (
    deployments.c.kind,
    deployments.c.archive_sha256,
    deployments.c.archive_size,
    deployments.c.digest,
    deployments.c.unpacked_size,
    deployments.c.file_count,
    deployments.c.description,
    deployments.c.published_at,
    deployments.c.published_by,
)
CARD = (cards.c.text, cards.c.description, cards.c.metadata, cards.c.updated_at)

# Made once, because SQLAlchemy caches the compiled form of a statement object.
_find_publisher = sa.select(*_PUBLISHER).where(publishers.c.name_key == sa.bindparam("key"))
_find_model = (
    sa.select(*_MODEL)
    .join(publishers, models.c.publisher_id == publishers.c.id)
    .where(models.c.handle == sa.bindparam("handle"))
)
_versions_with_models = (
    sa.select(*_VERSION, *(column.label(f"model_{column.name}") for column in _MODEL))
    .join(models, versions.c.model_id == models.c.id)
    .join(publishers, models.c.publisher_id == publishers.c.id)
)
_find_version = _versions_with_models.where(
    models.c.handle == sa.bindparam("handle"), versions.c.number == sa.bindparam("number")
)
_version_of_id = _versions_with_models.where(versions.c.id == sa.bindparam("id"))
_list_versions = (
    sa.select(*_VERSION)
    .where(versions.c.model_id == sa.bindparam("model"))
    .order_by(versions.c.number.desc())
)
_list_deployments = (
    sa.select(*DEPLOYMENT)
    .where(deployments.c.version_id == sa.bindparam("version"))
    .order_by(deployments.c.id)
)
_find_deployment = sa.select(*DEPLOYMENT).where(
    deployments.c.version_id == sa.bindparam("version"), deployments.c.kind == sa.bindparam("kind")
)
# Without the description, which for a large graph takes longer to read than all other columns.
_list_archives = sa.select(
    deployments.c.archive_sha256, deployments.c.archive_size, deployments.c.digest, deployments.c.kind
).where(deployments.c.version_id == sa.bindparam("version"))
_find_archive = _list_archives.where(deployments.c.kind == sa.bindparam("kind"))
_find_card = sa.select(*CARD).where(cards.c.version_id == sa.bindparam("version"))


def find_publisher(connection: sa.Connection, name: str) -> Publisher | None:
    """Returns the publisher with that name, or None. Case is ignored."""
    row = connection.execute(_find_publisher, {"key": name.lower()}).first()
    return Publisher(*row) if row else None


def list_publishers(connection: sa.Connection, audience: Audience) -> list[Publisher]:
    """Returns the publishers that the audience may read, sorted by name."""
    query = sa.select(*_PUBLISHER).where(audience.condition()).order_by(publishers.c.name_key)
    return [Publisher(*row) for row in connection.execute(query)]


def find_model(connection: sa.Connection, name: ModelName) -> Model | None:
    """Returns the model with that name, or None. A version in the name is ignored."""
    row = connection.execute(_find_model, {"handle": str(name.unversioned())}).first()
    return _model(row) if row else None


def list_models(connection: sa.Connection, publisher: str, limit: int = 1000, offset: int = 0) -> list[Model]:
    """Returns the models of a publisher, sorted by name."""
    query = (
        sa.select(*_MODEL)
        .join(publishers, models.c.publisher_id == publishers.c.id)
        .where(publishers.c.name_key == publisher.lower())
        .order_by(models.c.name)
        .limit(limit)
        .offset(offset)
    )
    return [_model(row) for row in connection.execute(query)]


def model_ids(connection: sa.Connection, handles: Sequence[str]) -> list[int]:
    """Returns the ids of the models with those handles, in the same order. Unknown handles are left out."""
    query = sa.select(models.c.handle, models.c.id).where(models.c.handle.in_(handles))
    found = {row.handle: row.id for row in connection.execute(query)}
    return [found[handle] for handle in handles if handle in found]


def newest_with_deployment(connection: sa.Connection, kind: str, audience: Audience) -> str:
    """Returns the handle of the latest version that got a deployment of a kind last; "" if there is none.

    Args:
      connection: to the catalogue.
      kind: the kind of the deployment.
      audience: who reads.
    """
    query = (
        sa.select(models.c.handle, models.c.latest)
        .join(publishers, models.c.publisher_id == publishers.c.id)
        .join(versions, sa.and_(versions.c.model_id == models.c.id, versions.c.number == models.c.latest))
        .join(deployments, deployments.c.version_id == versions.c.id)
        .where(deployments.c.kind == kind, audience.condition())
        .order_by(deployments.c.id.desc())
        .limit(1)
    )
    row = connection.execute(query).first()
    return f"{row.handle}/{row.latest}" if row else ""


def find_version(connection: sa.Connection, name: ModelName) -> Version | None:
    """Returns the version with that name in any state, or None.

    A name without a version means the latest one that is neither withdrawn nor deleted.
    """
    number = name.version
    if number is None:
        model = find_model(connection, name)
        number = model.latest if model else None
    if number is None:
        return None
    parameters = {"handle": str(name.unversioned()), "number": number}
    row = connection.execute(_find_version, parameters).first()
    return _version(tuple(row[:7]), _model(row[7:])) if row else None


def version_of_id(connection: sa.Connection, version_id: int) -> Version | None:
    """Returns the version with that id, or None."""
    row = connection.execute(_version_of_id, {"id": version_id}).first()
    return _version(tuple(row[:7]), _model(row[7:])) if row else None


def list_versions(connection: sa.Connection, model: Model) -> list[Version]:
    """Returns the versions of a model in all states, the latest first."""
    rows = connection.execute(_list_versions, {"model": model.id})
    return [_version(tuple(row), model) for row in rows]


def list_deployments(connection: sa.Connection, version: Version) -> list[Deployment]:
    """Returns the deployments of a version; none if the hub has only its documentation."""
    return [Deployment(*row) for row in connection.execute(_list_deployments, {"version": version.id})]


def find_deployment(connection: sa.Connection, version: Version, kind: str) -> Deployment | None:
    """Returns the deployment of that kind, or None."""
    row = connection.execute(_find_deployment, {"version": version.id, "kind": kind}).first()
    return Deployment(*row) if row else None


def find_archive(connection: sa.Connection, version: Version, kind: str) -> Archive | None:
    """Returns the archive of the deployment of that kind, or None."""
    row = connection.execute(_find_archive, {"version": version.id, "kind": kind}).first()
    return Archive(*row[:3]) if row else None


def list_archives(connection: sa.Connection, version: Version) -> dict[str, Archive]:
    """Returns the archives of all deployments of a version, by kind."""
    rows = connection.execute(_list_archives, {"version": version.id})
    return {row.kind: Archive(*row[:3]) for row in rows}


def find_card(connection: sa.Connection, version: Version) -> CardRecord | None:
    """Returns the documentation of a version, or None."""
    row = connection.execute(_find_card, {"version": version.id}).first()
    return CardRecord(*row) if row else None


def list_latest(
    connection: sa.Connection, audience: Audience, limit: int, offset: int = 0
) -> list[tuple[str, int]]:
    """Returns the latest version of each model as (handle, time of the last change), oldest model first."""
    query = _latest(models.c.handle, models.c.latest, models.c.updated_at, audience=audience)
    rows = connection.execute(query.order_by(models.c.id).limit(limit).offset(offset))
    return [(f"{handle}/{number}", updated_at) for handle, number, updated_at in rows]


def count_latest(connection: sa.Connection, audience: Audience) -> int:
    """Returns how many models with a visible version the audience may read."""
    return int(connection.execute(_latest(sa.func.count(), audience=audience)).scalar_one())


def _latest(*columns: sa.ColumnElement[Any], audience: Audience) -> sa.Select[Any]:
    joined = sa.select(*columns).select_from(models).join(publishers)
    return joined.where(models.c.latest.is_not(None), audience.condition())


def list_children(connection: sa.Connection, *handles: str) -> list[Version]:
    """Returns the visible versions whose card names one of the handles as their parent."""
    query = _versions_with_models.where(versions.c.parent.in_(handles), versions.c.state == VISIBLE).order_by(
        models.c.handle, versions.c.number.desc()
    )
    return [_version(tuple(row[:7]), _model(row[7:])) for row in connection.execute(query)]


def downloads_by_day(connection: sa.Connection, model: Model, since_day: int = 0) -> list[tuple[int, int]]:
    """Returns the downloads of all versions of a model as (days since 1970, count), the oldest day first."""
    query = (
        sa.select(downloads.c.day, sa.func.sum(downloads.c.count))
        .join(versions, downloads.c.version_id == versions.c.id)
        .where(versions.c.model_id == model.id, downloads.c.day >= since_day)
        .group_by(downloads.c.day)
        .order_by(downloads.c.day)
    )
    return [(int(day), int(count)) for day, count in connection.execute(query)]


def _version(row: tuple[Any, ...], model: Model) -> Version:
    id_, number, state, reason, parent, published_at, published_by = row
    return Version(id_, model, number, state, reason, parent, published_at, published_by)


def _model(row: Sequence[Any]) -> Model:
    return Model(*row)
