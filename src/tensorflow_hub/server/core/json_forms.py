"""Makes the JSON objects with which the API describes versions, models and publishers."""

from __future__ import annotations

import datetime

import sqlalchemy as sa

from tensorflow_hub.api import answers
from tensorflow_hub.format.kinds.table import KIND_BY_NAME
from tensorflow_hub.format.needs import Needs, needs_of
from tensorflow_hub.server.catalogue import reading
from tensorflow_hub.server.catalogue.derivations import list_derived, origins_of
from tensorflow_hub.server.catalogue.measurements import Measurement, list_measurements
from tensorflow_hub.server.catalogue.pictures import list_pictures
from tensorflow_hub.server.catalogue.records import (
    DOCUMENTED,
    MIRROR_OF,
    Deployment,
    Model,
    PictureRecord,
    Publisher,
    Version,
)
from tensorflow_hub.server.catalogue.signatures import SigningKey, list_signatures
from tensorflow_hub.server.catalogue.tokens import READ
from tensorflow_hub.server.catalogue.version_contents import contents_of
from tensorflow_hub.server.core.callers import Caller
from tensorflow_hub.server.core.rights import audience_of, has_scope


def version_json(connection: sa.Connection, version: Version, base: str, caller: Caller) -> answers.Version:
    """Returns the description of a version. Only readers of its publisher see the names of tokens."""
    is_of_publisher = has_scope(caller, READ, version.model.publisher)
    is_token = not version.published_by.startswith(MIRROR_OF) and version.published_by != DOCUMENTED
    contents = contents_of(connection, version)
    card = contents.card
    audience = audience_of(caller)
    pictures = list_pictures(connection, version) if contents.has_pictures else ()
    derived = list_derived(connection, version, audience) if contents.has_derived else []
    measured = list_measurements(connection, version, audience) if contents.has_measurements else ()
    return {
        "handle": version.handle,
        "url": f"{base}/{version.handle}",
        "publisher": version.model.publisher,
        "model": version.model.name,
        "version": version.number,
        "kind": version.model.kind,
        "state": version.state,
        "reason": version.reason,
        "latest": version.model.latest,
        "parent": version.parent,
        "published_at": iso_or_none(version.published),
        "published_by": version.published_by if is_of_publisher or not is_token else "",
        "downloads": version.model.downloads,
        "description": card.description if card else "",
        "metadata": dict(contents.metadata),
        "card": card.text if card else "",
        "card_updated_at": iso_or_none(card.updated_at if card else None),
        "pictures": [picture_json(found, version, base) for found in pictures],
        "deployments": [deployment_json(deployment, version, base) for deployment in contents.deployments],
        "signatures": signatures_json(connection, version, caller) if contents.has_signatures else [],
        "derived_from": origins_of(contents.metadata),
        "used_by": derived,
        "measurements": [measurement_json(measurement, version, caller) for measurement in measured],
    }


def measurement_json(measurement: Measurement, version: Version, caller: Caller) -> answers.Measurement:
    """Returns a measurement. Only readers of its publisher see the names of users and tokens."""
    figures, publisher = measurement.figures, measurement.publisher
    is_shown = measurement.author.is_mirror or has_scope(caller, READ, publisher)
    return {
        "id": measurement.id,
        "dataset": figures.dataset,
        "dataset_url": figures.dataset_url,
        "dataset_digest": figures.dataset_digest,
        "task": figures.task,
        "metric": figures.metric,
        "value": figures.value,
        "higher_is_better": figures.higher_is_better,
        "low": figures.low,
        "high": figures.high,
        "examples": figures.examples,
        "examples_per_second": figures.examples_per_second,
        "machine": figures.machine,
        "size": figures.size,
        "tool": figures.tool,
        "publisher": publisher,
        "by_others": publisher != version.model.publisher,
        "measured_by": measurement.author.name if is_shown else "",
        "measured_at": iso(measurement.measured_at),
    }


def picture_json(picture: PictureRecord, version: Version, base: str) -> answers.Picture:
    """Returns a picture of a card, with its URL."""
    return {
        "path": picture.path,
        "url": f"{base}{picture_url(picture, version)}",
        "sha256": picture.sha256,
        "media_type": picture.media_type,
        "width": picture.width,
        "height": picture.height,
    }


def picture_url(picture: PictureRecord, version: Version) -> str:
    """Returns the path of a picture. It contains the digest, so that caches never show an old picture."""
    return f"/{version.handle}?picture={picture.sha256}"


def deployment_json(deployment: Deployment, version: Version, base: str) -> answers.Deployment:
    """Returns a deployment: its URL, size, digests, description and requirements."""
    return {
        "kind": deployment.kind,
        "url": f"{base}/{version.handle}?{KIND_BY_NAME[deployment.kind].download}",
        "archive_size": deployment.archive_size,
        "archive_sha256": deployment.archive_sha256,
        "digest": deployment.digest,
        "size": deployment.unpacked_size,
        "files": deployment.file_count,
        "published_at": iso(deployment.published_at),
        "description": dict(deployment.description),
        "needs": needs_json(needs_of(KIND_BY_NAME[deployment.kind], deployment.description)),
    }


def needs_json(needs: Needs) -> answers.Needs:
    """Returns the requirements to run a deployment."""
    return {
        "format": needs.format,
        "stated_versions": needs.stated_versions,
        "strips_defaults": needs.strips_defaults,
        "packages": [
            {"registry": one.registry, "name": one.name, "import_name": one.import_name, "why": one.why}
            for one in needs.packages
        ],
        "features": needs.features,
        "core_ops": needs.core_ops,
        "unknown_ops": needs.unknown_ops,
        "unsafe_ops": needs.unsafe_ops,
        "not_known": needs.not_known,
    }


def signatures_json(connection: sa.Connection, version: Version, caller: Caller) -> list[answers.Signature]:
    """Returns the signatures of a version with their keys, the oldest first."""
    is_of_publisher = has_scope(caller, READ, version.model.publisher)
    return [
        {
            "kind": signature.kind,
            "digest": signature.statement.digest,
            "signed_at": signature.statement.signed_at,
            "added_at": iso(signature.added_at),
            "key": key_json(signature.key, is_of_publisher),
            "envelope": signature.envelope,
        }
        for signature in list_signatures(connection, version)
    ]


def key_json(key: SigningKey, is_of_publisher: bool) -> answers.SigningKey:
    """Returns a key. Only readers of its publisher see who added it, unless it came from another hub."""
    is_shown = is_of_publisher or key.added_by.startswith(MIRROR_OF)
    return {
        "id": key.id,
        "public_key": key.public_key,
        "name": key.name,
        "added_at": iso(key.added_at),
        "added_by": key.added_by if is_shown else "",
        "revoked_at": iso_or_none(key.revoked_at),
    }


def model_json(connection: sa.Connection, model: Model, base: str) -> answers.Model:
    """Returns a model and its versions, the newest first."""
    versions = reading.list_versions(connection, model)
    return {
        "handle": model.handle,
        "url": f"{base}/{model.handle}",
        "publisher": model.publisher,
        "model": model.name,
        "kind": model.kind,
        "latest": model.latest,
        "downloads": model.downloads,
        "created_at": iso(model.created_at),
        "updated_at": iso(model.updated_at),
        "versions": [
            {
                "handle": version.handle,
                "url": f"{base}/{version.handle}",
                "version": version.number,
                "state": version.state,
                "reason": version.reason,
                "published_at": iso_or_none(version.published),
            }
            for version in versions
        ],
    }


def publisher_json(publisher: Publisher, base: str) -> answers.Publisher:
    """Returns a publisher."""
    return {
        "name": publisher.name,
        "url": f"{base}/{publisher.name}",
        "title": publisher.title or publisher.name,
        "description": publisher.description,
        "private": publisher.private,
        "created_at": iso(publisher.created_at),
    }


def iso_or_none(seconds: int | None) -> str | None:
    """Returns the same as `iso`; None for an unknown time."""
    return None if seconds is None else iso(seconds)


def iso(seconds: int) -> str:
    """Formats a Unix time as ISO 8601 in UTC.

    >>> iso(0)
    '1970-01-01T00:00:00Z'
    """
    moment = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
