"""The downloads of a version: one function for each form of the hosting protocol."""

from __future__ import annotations

import mimetypes

import sqlalchemy as sa
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from tensorflow_hub.format.archive_index import INDEX_MEDIA_TYPE
from tensorflow_hub.server.catalogue import reading
from tensorflow_hub.server.catalogue.records import Version
from tensorflow_hub.server.core.callers import Caller
from tensorflow_hub.server.core.hub import hub_of
from tensorflow_hub.server.core.json_forms import DOWNLOAD_QUERY
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


def compressed(request: Request, connection: sa.Connection, version: Version) -> Response | None:
    """`?tf-hub-format=compressed`: the tar.gz."""
    return _archive(request, connection, version, "saved_model")


def tfjs_archive(request: Request, connection: sa.Connection, version: Version) -> Response | None:
    """`?tfjs-format=compressed`: the tar.gz of the TF.js deployment."""
    return _archive(request, connection, version, "tfjs")


def index(request: Request, connection: sa.Connection, version: Version) -> Response | None:
    """The archive's index, for clients that accept it."""
    deployment = reading.find_archive(connection, version, "saved_model")
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


def uncompressed(request: Request, connection: sa.Connection, version: Version) -> Response | None:
    """`?tf-hub-format=uncompressed`: 303 to where the unpacked files lie, which is also the body."""
    deployment = reading.find_archive(connection, version, "saved_model")
    base = hub_of(request).settings.uncompressed_url
    if deployment is None or not base or version.model.private or not has_copy(base, deployment.digest):
        return None
    location = copy_url(base, deployment.digest)
    headers = {"Location": location, "Cache-Control": "no-cache", "Vary": "Accept"}
    return _counted(request, version, PlainTextResponse(location, 303, headers=headers))


def tflite(request: Request, connection: sa.Connection, version: Version) -> Response | None:
    """`?lite-format=tflite`: the one .tflite file."""
    return _single_file(request, connection, version, "tflite")


def coral(request: Request, connection: sa.Connection, version: Version) -> Response | None:
    """`?coral-format=tflite`: the one .tflite file compiled for the Edge TPU."""
    return _single_file(request, connection, version, "coral")


def tfjs_file(request: Request, connection: sa.Connection, caller: Caller, path: str) -> Response:
    """`/<handle>/<file>?tfjs-format=file`: a file of the TF.js deployment."""
    audience = audience_of(caller)
    handle, file = split_file(path, lambda name: readable_version(connection, name, audience) is not None)
    version = find_readable_version(connection, handle, caller)
    deployment = reading.find_archive(connection, version, "tfjs")
    hub = hub_of(request)
    entries = read_index(hub.store, deployment.archive_sha256).files if deployment else ()
    entry = next((entry for entry in entries if entry.path == file), None)
    if entry is None:
        raise Missing(
            f"The version {version.handle} has no TF.js file {file!r}.",
            hint=f"Its files: {', '.join(entry.path for entry in entries[:10])}."
            if entries
            else "It has no TF.js deployment.",
        )
    media_type = mimetypes.guess_type(file)[0]
    if media_type not in {"application/json", "text/plain"}:
        media_type = "application/octet-stream"  # nothing a browser would run
    asset = Asset(file_key(entry.sha256), entry.size, entry.sha256, media_type, "", version.model.private)
    if file != "model.json":  # which each loader asks for, and then for the others
        return serve_asset(request, hub, asset)
    return _serve(request, version, asset)


def offered(request: Request, connection: sa.Connection, version: Version) -> list[str]:
    """The queries under which a version can be downloaded."""
    deployments = reading.list_deployments(connection, version)
    queries = [f"?{DOWNLOAD_QUERY[deployment.kind]}" for deployment in deployments]
    base = hub_of(request).settings.uncompressed_url
    if base and not version.model.private and any(has_copy(base, d.digest) for d in deployments):
        queries.append("?tf-hub-format=uncompressed")
    return queries


def _archive(request: Request, connection: sa.Connection, version: Version, kind: str) -> Response | None:
    deployment = reading.find_archive(connection, version, kind)
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


def _single_file(request: Request, connection: sa.Connection, version: Version, kind: str) -> Response | None:
    deployment = reading.find_archive(connection, version, kind)
    if deployment is None:
        return None
    hub = hub_of(request)
    files = read_index(hub.store, deployment.archive_sha256).files
    models = [entry for entry in files if entry.path.endswith(".tflite")]
    if len(models) != 1:
        return _archive(request, connection, version, kind)
    [entry] = models
    name = f"{version.handle.replace('/', '_')}.tflite"
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
    """An asset; counted as a download where all of it goes out.

    A range is none: a client that took the index comes back for ranges, and was counted there.
    """
    answer = serve_asset(request, hub_of(request), asset)
    return answer if asks_for_part(request, asset) else _counted(request, version, answer)


def _counted(request: Request, version: Version, answer: Response) -> Response:
    """Counts a download that goes out from here, or from where the answer leads to; a 304 is none."""
    if request.method == "GET" and answer.status_code in {200, 302, 303}:
        hub_of(request).downloads.count(version.id)
    return answer
