"""What the API says about a version, a model and a publisher: records as JSON."""

from __future__ import annotations

import datetime
import re
from typing import Any

import sqlalchemy as sa
from starlette.requests import Request

from tensorflow_hub.server.callers import is_trusted_proxy
from tensorflow_hub.server.catalogue import reading
from tensorflow_hub.server.catalogue.records import Deployment, Model, Publisher, Version
from tensorflow_hub.server.hub import hub_of

# A host name or address, with or without a port: nothing that could end a header or begin a path.
_HOST = re.compile(r"(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")


def base_url(request: Request) -> str:
    """The URL of this hub as the client sees it, without a slash at the end."""
    settings = hub_of(request).settings
    if settings.public_url:
        return settings.public_url.rstrip("/")
    scheme, hosts = request.url.scheme, [request.headers.get("host", "")]
    if request.client and is_trusted_proxy(request, request.client.host):
        forwarded = request.headers.get("x-forwarded-proto", scheme)
        scheme = forwarded if forwarded in {"http", "https"} else scheme
        hosts.insert(0, request.headers.get("x-forwarded-host", ""))
    host = next((host for host in hosts if _HOST.fullmatch(host)), f"{settings.host}:{settings.port}")
    return f"{scheme}://{host}"


def version_facts(connection: sa.Connection, version: Version, base: str) -> dict[str, Any]:
    """Everything the catalogue knows about a version."""
    card = reading.find_card(connection, version)
    deployments = reading.list_deployments(connection, version)
    return {
        "handle": version.handle,
        "url": f"{base}/{version.handle}",
        "publisher": version.model.publisher,
        "model": version.model.name,
        "version": version.number,
        "kind": version.model.kind,
        "state": version.state,
        "reason": version.reason,
        "newest": version.model.newest,
        "parent": version.parent,
        "published_at": iso(version.published_at),
        "published_by": version.published_by,
        "downloads": version.model.downloads,
        "description": card.description if card else "",
        "metadata": dict(card.metadata) if card else {},
        "card": card.text if card else "",
        "deployments": [deployment_facts(deployment, version, base) for deployment in deployments],
    }


# Deployment → the query that downloads it.
DOWNLOAD_QUERY = {
    "saved_model": "tf-hub-format=compressed",
    "tfjs": "tfjs-format=compressed",
    "tflite": "lite-format=tflite",
    "coral": "coral-format=tflite",
}


def deployment_facts(deployment: Deployment, version: Version, base: str) -> dict[str, Any]:
    """What can be downloaded, from where, and what is in it."""
    return {
        "kind": deployment.kind,
        "url": f"{base}/{version.handle}?{DOWNLOAD_QUERY[deployment.kind]}",
        "archive_size": deployment.archive_size,
        "archive_sha256": deployment.archive_sha256,
        "digest": deployment.digest,
        "size": deployment.unpacked_size,
        "files": deployment.file_count,
        "published_at": iso(deployment.published_at),
        "description": dict(deployment.description),
    }


def model_facts(connection: sa.Connection, model: Model, base: str) -> dict[str, Any]:
    """A model and its versions, newest first."""
    versions = reading.list_versions(connection, model)
    return {
        "handle": model.handle,
        "url": f"{base}/{model.handle}",
        "publisher": model.publisher,
        "model": model.name,
        "kind": model.kind,
        "newest": model.newest,
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
                "published_at": iso(version.published_at),
            }
            for version in versions
        ],
    }


def publisher_facts(publisher: Publisher, base: str) -> dict[str, Any]:
    """Who a publisher is."""
    return {
        "name": publisher.name,
        "url": f"{base}/{publisher.name}",
        "title": publisher.title or publisher.name,
        "description": publisher.description,
        "private": publisher.private,
        "created_at": iso(publisher.created_at),
    }


def iso(seconds: int) -> str:
    """Seconds since 1970 as ISO 8601 in UTC.

    >>> iso(0)
    '1970-01-01T00:00:00Z'
    """
    moment = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
