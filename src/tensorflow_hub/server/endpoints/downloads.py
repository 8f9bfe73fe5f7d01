"""The downloads of a version: a function for each format of the hosting protocol."""

from __future__ import annotations

import mimetypes

import sqlalchemy as sa
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from tensorflow_hub.format.archive.index import INDEX_MEDIA_TYPE
from tensorflow_hub.format.kinds.kind import DeploymentKind
from tensorflow_hub.format.kinds.table import KIND_BY_NAME
from tensorflow_hub.server.catalogue import reading
from tensorflow_hub.server.catalogue.records import Version
from tensorflow_hub.server.core.callers import Caller
from tensorflow_hub.server.core.hub import hub_of
from tensorflow_hub.server.core.lookup import find_readable_version, readable_version, split_file
from tensorflow_hub.server.core.problems import Missing
from tensorflow_hub.server.core.rights import audience_of
from tensorflow_hub.server.http.asset_response import (
    FOREVER,
    FOREVER_PRIVATE,
    Asset,
    asks_for_part,
    cors,
    matches,
    serve_asset,
)
from tensorflow_hub.server.store.indexes import read_index
from tensorflow_hub.server.store.interface import archive_key, file_key, index_key
from tensorflow_hub.server.store.unpacked import copy_url, has_copy


def index(
    request: Request, connection: sa.Connection, version: Version, kind: DeploymentKind
) -> Response | None:
    """Returns the index of the archive, for clients that accept it."""
    deployment = reading.find_archive(connection, version, kind.name)
    if deployment is None:
        return None
    hub = hub_of(request)
    text = b"".join(hub.store.read(index_key(deployment.archive_sha256)))
    headers = {
        "etag": f'"{deployment.archive_sha256}-index"',
        "cache-control": FOREVER_PRIVATE if version.model.private else FOREVER,
        "vary": "Accept",
        **cors(),
    }
    if matches(request.headers.get("if-none-match"), headers["etag"]):
        return Response(status_code=304, headers=headers)
    return _counted(request, version, Response(text, media_type=INDEX_MEDIA_TYPE, headers=headers))


def unpacked(
    request: Request, connection: sa.Connection, version: Version, kind: DeploymentKind
) -> Response | None:
    """`?tf-hub-format=uncompressed`: answers 303 with the URL of the unpacked files, also in the body."""
    deployment = reading.find_archive(connection, version, kind.name)
    base = hub_of(request).settings.uncompressed_url
    if deployment is None or not base or version.model.private or not has_copy(base, deployment.digest):
        return None
    location = copy_url(base, deployment.digest)
    headers = {"Location": location, "Cache-Control": "no-cache", "Vary": "Accept"}
    return _counted(request, version, PlainTextResponse(location, 303, headers=headers))


def member(
    request: Request, connection: sa.Connection, caller: Caller, path: str, kind: DeploymentKind
) -> Response:
    """`/<handle>/<file>?tfjs-format=file`: returns one file of a deployment with several files."""
    audience = audience_of(caller)
    handle, file = split_file(path, lambda name: readable_version(connection, name, audience) is not None)
    version = find_readable_version(connection, handle, caller)
    deployment = reading.find_archive(connection, version, kind.name)
    hub = hub_of(request)
    entries = read_index(hub.store, deployment.archive_sha256).files if deployment else ()
    entry = next((entry for entry in entries if entry.path == file), None)
    if entry is None:
        raise Missing(
            f"The version {version.handle} has no {kind.label} file {file!r}.",
            hint=f"Its files: {', '.join(entry.path for entry in entries[:10])}."
            if entries
            else f"It has no {kind.label} deployment.",
        )
    media_type = mimetypes.guess_type(file)[0]
    if media_type not in {"application/json", "text/plain"}:
        media_type = "application/octet-stream"  # nothing a browser would run
    asset = Asset(file_key(entry.sha256), entry.size, entry.sha256, media_type, "", version.model.private)
    if file != kind.looks_for:  # which each loader asks for, and then for the others
        return serve_asset(request, hub, asset)
    return _serve(request, version, asset)


def offered(request: Request, connection: sa.Connection, version: Version) -> list[str]:
    """Returns the query strings with which a version can be downloaded."""
    deployments = reading.list_deployments(connection, version)
    queries = [f"?{KIND_BY_NAME[deployment.kind].download}" for deployment in deployments]
    base = hub_of(request).settings.uncompressed_url
    if base and not version.model.private and any(has_copy(base, d.digest) for d in deployments):
        queries.append("?tf-hub-format=uncompressed")
    return queries


def archive(
    request: Request, connection: sa.Connection, version: Version, kind: DeploymentKind
) -> Response | None:
    """Returns the tar.gz."""
    deployment = reading.find_archive(connection, version, kind.name)
    if deployment is None:
        return None
    sha256 = deployment.archive_sha256
    asset = Asset(
        archive_key(sha256),
        deployment.archive_size,
        sha256,
        "application/gzip",
        f"{version.handle.replace('/', '_')}.tar.gz",
        version.model.private,
    )
    return _serve(request, version, asset)


def single_file(
    request: Request, connection: sa.Connection, version: Version, kind: DeploymentKind
) -> Response | None:
    """Returns the only file of a deployment, or the archive if it has several files."""
    deployment = reading.find_archive(connection, version, kind.name)
    if deployment is None:
        return None
    hub = hub_of(request)
    files = read_index(hub.store, deployment.archive_sha256).files
    models = [entry for entry in files if entry.path.endswith(kind.suffix)]
    if len(models) != 1:
        return archive(request, connection, version, kind)
    [entry] = models
    name = f"{version.handle.replace('/', '_')}{kind.suffix}"
    asset = Asset(
        file_key(entry.sha256),
        entry.size,
        entry.sha256,
        "application/octet-stream",
        name,
        version.model.private,
    )
    return _serve(request, version, asset)


def _serve(request: Request, version: Version, asset: Asset) -> Response:
    """Returns an asset, and counts a download if the answer has all of its bytes.

    A range is none: a client that took the index comes back for ranges, and was counted there.
    """
    answer = serve_asset(request, hub_of(request), asset)
    return answer if asks_for_part(request, asset) else _counted(request, version, answer)


def _counted(request: Request, version: Version, answer: Response) -> Response:
    """Counts a download, from this hub or after a redirect. An answer 304 does not count."""
    if request.method == "GET" and answer.status_code in {200, 302, 303}:
        hub_of(request).downloads.count(version.id)
    return answer
