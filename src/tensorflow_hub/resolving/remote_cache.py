"""A cache in an object store, shared by machines: `TFHUB_CACHE_DIR=gs://bucket/cache`.

It is used together with a local cache, and has the same file names. A module that is not in the local cache
is copied from the remote one. After a download a module is copied to the remote cache. The manifest is
written last, so that a module with a manifest is complete.
"""

from __future__ import annotations

import dataclasses
import logging
import os

from tensorflow_hub.errors import DigestError, HubError, NotFoundError, TrustError
from tensorflow_hub.format.archive.index import module_digest
from tensorflow_hub.resolving.cache.layout import CachedModule, key_of
from tensorflow_hub.resolving.cache.manifest import Manifest
from tensorflow_hub.resolving.transfer.job import Job
from tensorflow_hub.resolving.transfer.object_store import RemoteDirectory, RemoteObject

_log = logging.getLogger("tensorflow_hub")


def take_from_remote(url: str, job: Job) -> Manifest | None:
    """Copies a module from the remote cache into `job.files`.

    Returns:
      The manifest. None if the remote cache does not have the module, if it is damaged, if it is not the one
        in the lock file, or if it lacks a signature that the trust file requires.
    """
    job.begin_anew()
    manifest = _taken(url, job.handle, job)
    if manifest is not None and job.digest in {None, manifest.digest} and _is_signed(manifest, job):
        return manifest
    job.begin_anew()
    return None


def _is_signed(manifest: Manifest, job: Job) -> bool:
    if job.required is None:
        return True
    from tensorflow_hub.resolving.signatures import signed_manifest

    try:
        signed_manifest(manifest, job.files, job.required, tuple)
    except TrustError as problem:
        _log.debug("The remote cache is not used. %s", problem)
        return False
    return True


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
        # The digest is compared with the lock file: it is computed, because the manifest could be wrong.
        expected = {(file.path, file.sha256) for file in manifest.files}
        if {(file.path, file.sha256) for file in files} != expected or module_digest(
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
    """Copies a module to the remote cache. If that fails, the module is used nevertheless."""
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
