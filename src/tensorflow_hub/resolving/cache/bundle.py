"""Cached modules in one file, for machines without a network.

A bundle is a tar file with the layout of a cache: the files of each module, its manifest with the signatures,
and its documentation if there is any. So `tar -xf bundle.tar -C $TFHUB_CACHE_DIR` imports it,
too. The import here checks every byte, because a bundle may come from anywhere. Bundles of before have no
documentation, and earlier releases read bundles of today without it.
"""

from __future__ import annotations

import dataclasses
import io
import logging
import os
import tarfile
import uuid
from collections.abc import Mapping, Sequence

from tensorflow_hub.errors import ArchiveError, CacheError, DigestError, HubError
from tensorflow_hub.format.archive.index import FileEntry, module_digest
from tensorflow_hub.format.archive.member_names import AGAIN
from tensorflow_hub.format.archive.reader import extract_archive
from tensorflow_hub.resolving.cache.kept_documentation import (
    ENDING,
    find_documentation,
    is_older,
    read_documentation,
    to_json,
    write_documentation,
)
from tensorflow_hub.resolving.cache.layout import Cache, CachedModule, cache_error, discard, key_of
from tensorflow_hub.resolving.cache.manifest import Manifest, change_manifest, read_manifest
from tensorflow_hub.resolving.cache.verification import with_digest
from tensorflow_hub.resolving.limits import limits_of
from tensorflow_hub.resolving.signatures import MOST_SIGNATURES
from tensorflow_hub.resolving.sources.source import Documentation
from tensorflow_hub.settings import Settings
from tensorflow_hub.whole_file import whole_file

_log = logging.getLogger("tensorflow_hub")
_ANEW = (
    "Nothing was imported. Copy the bundle again, or make it anew: `tfhub cache export HANDLE... -o BUNDLE` "
    "on the machine that has the modules."
)
_NOTHING: Mapping[str, Documentation] = {}


def export_bundle(
    modules: Sequence[CachedModule], path: str, documentation: Mapping[str, Documentation] = _NOTHING
) -> None:
    """Writes modules to a bundle. Equal modules give equal bytes.

    Args:
      modules: complete modules.
      path: the path of the bundle. The file appears there when it is complete.
      documentation: of the modules that have any, by the handles of their manifests.

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
                found = documentation.get(module.manifest.handle)
                if found is not None and found != Documentation():
                    _add_file(archive, key_of(module.manifest.handle) + ENDING, to_json(found))
    except OSError as error:
        if isinstance(error, HubError):
            raise
        raise CacheError(
            f"The bundle {path!r} cannot be written: {error.strerror or error}.",
            hint="Name a file in a directory that exists, has room and can be written.",
        ) from error


def import_bundle(path: str, cache: Cache, settings: Settings) -> list[CachedModule]:
    """Adds the modules of a bundle to the cache.

    The files of modules that the cache has already are not changed. Their documentation is replaced if the
    card in the bundle is not older, and signatures are added.

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
            raise CacheError(f"There are no modules in {path!r}.", hint=_ANEW)
        return [_install(manifest, staging, cache) for manifest in manifests]
    except OSError as error:
        if isinstance(error, HubError):
            raise
        raise cache_error(error, cache.root) from error
    finally:
        discard(cache, staging)


def _install(manifest: Manifest, staging: str, cache: Cache) -> CachedModule:
    """Moves one unpacked module with its documentation into the cache."""
    unpacked = os.path.join(staging, key_of(manifest.handle))
    has_documentation, found = os.path.lexists(unpacked + ENDING), read_documentation(unpacked + ENDING)
    module = cache.install(unpacked, manifest)
    if module.manifest.digest not in {None, manifest.digest}:
        return module  # the cache has other content under this handle
    kept = find_documentation(cache, manifest.handle) if found is not None else None
    if found is not None and kept is not None and is_older(found, kept):
        _log.warning(
            "The card of %s in the bundle is of %s. The cache keeps its card of %s, which is later.",
            manifest.handle,
            found.card_updated_at,
            kept.card_updated_at,
        )
    elif found is not None:
        write_documentation(cache, manifest.handle, found)
    elif has_documentation:
        _log.warning("The documentation of %s in the bundle cannot be read; it is left out.", manifest.handle)
    had = module.manifest.signatures
    signatures = tuple(dict.fromkeys((*had, *manifest.signatures)))[:MOST_SIGNATURES]
    if signatures != had:
        change_manifest(cache.manifest_path(manifest.handle), module.manifest, signatures=signatures)
        signed = dataclasses.replace(module.manifest, signatures=signatures)
        return dataclasses.replace(module, manifest=signed)
    return module


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
                f"The bundle {path!r} cannot be used. {problem.problem}",
                hint=_ANEW if problem.hint == AGAIN else problem.hint,
            ) from problem


def _add_module(archive: tarfile.TarFile, module: CachedModule) -> None:
    key = key_of(module.manifest.handle)
    document = dataclasses.replace(module.manifest, unflushed="").to_json()  # only valid here
    _add_file(archive, f"{key}.manifest.json", document)
    for file in module.manifest.files:
        member = tarfile.TarInfo(f"{key}/{file.path}")
        member.size = file.size
        with open(os.path.join(module.path, *file.path.split("/")), "rb") as content:
            archive.addfile(member, content)


def _add_file(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    archive.addfile(member, io.BytesIO(content))


def _is_manifest(path: str) -> bool:
    return "/" not in path and path.endswith(".manifest.json")


def _checked_manifest(staging: str, path: str, files: Sequence[FileEntry]) -> Manifest:
    manifest = read_manifest(os.path.join(staging, path))
    prefix = path.removesuffix(".manifest.json") + "/"
    there = {file.path[len(prefix) :]: file for file in files if file.path.startswith(prefix)}
    if manifest is None or key_of(manifest.handle) != prefix[:-1]:
        raise DigestError(f"{path!r} in the bundle is not a manifest.", hint=_ANEW)
    listed = {(file.path, file.size, file.sha256) for file in manifest.files}
    if listed != {(name, file.size, file.sha256) for name, file in there.items()} or (
        manifest.digest
        != module_digest(FileEntry(name, file.size, file.sha256) for name, file in there.items())
    ):
        raise DigestError(
            f"The files of {manifest.handle!r} in the bundle are not those of its manifest.",
            hint=f"The bundle was damaged or tampered with. {_ANEW}",
        )
    return manifest
