"""A cache in an object store, shared by machines: `TFHUB_CACHE_DIR=gs://bucket/cache`.

It has the names of a local cache, and lies behind one: a module is taken from there into the local cache, and
put there after it was downloaded. The manifest is written last, so that what has one is complete.
"""

from __future__ import annotations

import dataclasses
import logging
import os

from tensorflow_hub.errors import DigestError, HubError, NotFoundError
from tensorflow_hub.format.archive.index import module_digest
from tensorflow_hub.resolving.cache.layout import CachedModule, key_of
from tensorflow_hub.resolving.cache.manifest import Manifest
from tensorflow_hub.resolving.transfer.job import Job
from tensorflow_hub.resolving.transfer.object_store import RemoteDirectory, RemoteObject

_log = logging.getLogger("tensorflow_hub")


def take_from_remote(url: str, job: Job) -> Manifest | None:
    """Fetches a module from the remote cache into `job.files`.

    Returns:
      Its manifest; None when the remote cache does not have it, or not intact, or another than is locked.
    """
    job.begin_anew()
    manifest = _taken(url, job.handle, job)
    if manifest is not None and job.digest in {None, manifest.digest}:
        return manifest
    job.begin_anew()
    return None


def _taken(url: str, handle: str, job: Job) -> Manifest | None:
    try:
        remote = RemoteDirectory(url)
        manifest = Manifest.from_json(remote.read(f"{key_of(handle)}.manifest.json"))
        if manifest is None or manifest.handle != handle or manifest.digest is None:
            return None
        directory = RemoteDirectory(f"{url.rstrip('/')}/{key_of(handle)}")
        objects = directory.objects(job.limits)
        _same_files(manifest, objects)
        files = directory.fetch(job.files, objects, job.settings.connections, job.progress)
        # The digest too: a lock file is compared with it, and whoever writes there could claim another.
        promised = {(file.path, file.sha256) for file in manifest.files}
        if {(file.path, file.sha256) for file in files} != promised or module_digest(
            files
        ) != manifest.digest:
            raise DigestError(f"{handle!r} in {url!r} is damaged.", hint="Remove it there.")
    except NotFoundError:
        return None
    except HubError as problem:
        _log.warning("The remote cache is not used. %s", problem)
        return None
    return dataclasses.replace(manifest, source=url)


def put_to_remote(url: str, module: CachedModule) -> None:
    """Puts a module into the remote cache; when that fails, the module is used all the same."""
    try:
        remote = RemoteDirectory(url)
        key = key_of(module.manifest.handle)
        for file in module.manifest.files:
            remote.write(f"{key}/{file.path}", os.path.join(module.path, *file.path.split("/")))
        remote.write(f"{key}.manifest.json", module.manifest.to_json())
    except (HubError, OSError) as problem:
        _log.warning("%s is not put into the remote cache. %s", module.manifest.handle, problem)


def _same_files(manifest: Manifest, objects: list[RemoteObject]) -> None:
    listed = {(file.path, file.size) for file in manifest.files}
    if listed != {(item.path, item.size) for item in objects}:
        raise DigestError(
            f"{manifest.handle!r} in the remote cache has other files than its manifest.",
            hint="Remove it there.",
        )
