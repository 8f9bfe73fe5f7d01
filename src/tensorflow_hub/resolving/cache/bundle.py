"""Cached modules in one file, for machines without a network.

A bundle is a tar file with the layout of a cache. So `tar -xf bundle.tar -C $TFHUB_CACHE_DIR` imports it,
too. The import here checks every byte, because a bundle may come from anywhere.
"""

from __future__ import annotations

import dataclasses
import io
import os
import tarfile
import uuid
from collections.abc import Sequence

from tensorflow_hub.errors import ArchiveError, CacheError, DigestError, HubError
from tensorflow_hub.format.archive.index import FileEntry, module_digest
from tensorflow_hub.format.archive.reader import extract_archive
from tensorflow_hub.resolving.cache.layout import Cache, CachedModule, cache_error, discard, key_of
from tensorflow_hub.resolving.cache.manifest import Manifest, read_manifest
from tensorflow_hub.resolving.cache.verification import with_digest
from tensorflow_hub.resolving.limits import limits_of
from tensorflow_hub.settings import Settings
from tensorflow_hub.whole_file import whole_file


def export_bundle(modules: Sequence[CachedModule], path: str) -> None:
    """Writes modules to a bundle. Equal modules give equal bytes.

    Args:
      modules: complete modules.
      path: the path of the bundle. The file appears there when it is complete.

    Raises:
      CacheError: a file cannot be read, or the bundle cannot be written.
    """
    try:
        with (
            whole_file(path, prefix=".bundle-") as file,
            tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as archive,
        ):
            for module in sorted(map(with_digest, modules), key=lambda module: module.manifest.handle):
                _add_module(archive, module)
    except OSError as error:
        if isinstance(error, HubError):
            raise
        raise CacheError(
            f"The bundle {path!r} cannot be written: {error.strerror or error}.",
            hint="Name a file in a directory that exists, has room and can be written.",
        ) from error


def import_bundle(path: str, cache: Cache, settings: Settings) -> list[CachedModule]:
    """Adds the modules of a bundle to the cache. Modules that the cache has already are not changed.

    Raises:
      ArchiveError: the file is not a bundle.
      DigestError: a module does not have the content that its manifest says. Nothing is imported.
      CacheError: the cache cannot be written.
    """
    staging = cache.work_path("staging", f"import.{uuid.uuid4().hex}")
    try:
        files = _extract(path, staging, settings)
        manifests = [
            _checked_manifest(staging, file.path, files) for file in files if _is_manifest(file.path)
        ]
        if not manifests:
            raise CacheError(
                f"There are no modules in {path!r}.", hint="Make bundles with `tfhub cache export`."
            )
        return [
            cache.install(os.path.join(staging, key_of(manifest.handle)), manifest) for manifest in manifests
        ]
    except OSError as error:
        if isinstance(error, HubError):
            raise
        raise cache_error(error, cache.root) from error
    finally:
        discard(cache, staging)


def _extract(path: str, target: str, settings: Settings) -> tuple[FileEntry, ...]:
    try:
        file = open(path, "rb")  # noqa: SIM115
    except OSError as error:
        raise CacheError(
            f"The bundle {path!r} cannot be read: {error.strerror or error}.",
            hint="Name a file that you may read.",
        ) from error
    with file:
        try:
            return extract_archive(file, target, limits_of(settings))
        except ArchiveError as problem:
            raise ArchiveError(
                f"The bundle {path!r} cannot be used. {problem.problem}", hint=problem.hint
            ) from problem


def _add_module(archive: tarfile.TarFile, module: CachedModule) -> None:
    key = key_of(module.manifest.handle)
    document = dataclasses.replace(module.manifest, unflushed="").to_json()  # only valid here
    member = tarfile.TarInfo(f"{key}.manifest.json")
    member.size = len(document)
    archive.addfile(member, io.BytesIO(document))
    for file in module.manifest.files:
        member = tarfile.TarInfo(f"{key}/{file.path}")
        member.size = file.size
        with open(os.path.join(module.path, *file.path.split("/")), "rb") as content:
            archive.addfile(member, content)


def _is_manifest(path: str) -> bool:
    return "/" not in path and path.endswith(".manifest.json")


def _checked_manifest(staging: str, path: str, files: Sequence[FileEntry]) -> Manifest:
    manifest = read_manifest(os.path.join(staging, path))
    prefix = path.removesuffix(".manifest.json") + "/"
    there = {file.path[len(prefix) :]: file for file in files if file.path.startswith(prefix)}
    if manifest is None or key_of(manifest.handle) != prefix[:-1]:
        raise DigestError(f"{path!r} in the bundle is not a manifest.", hint="Export the modules again.")
    listed = {(file.path, file.size, file.sha256) for file in manifest.files}
    if listed != {(name, file.size, file.sha256) for name, file in there.items()} or (
        manifest.digest
        != module_digest(FileEntry(name, file.size, file.sha256) for name, file in there.items())
    ):
        raise DigestError(
            f"The files of {manifest.handle!r} in the bundle are not those of its manifest.",
            hint="The bundle was damaged or tampered with: export the modules again.",
        )
    return manifest
