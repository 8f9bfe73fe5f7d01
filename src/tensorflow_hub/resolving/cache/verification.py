"""Comparing the bytes of cached modules with the digests in their manifests."""

from __future__ import annotations

import contextlib
import dataclasses
import os

from tensorflow_hub.errors import CacheError
from tensorflow_hub.format.archive.file_digests import digest_at
from tensorflow_hub.format.archive.index import FileEntry, module_digest
from tensorflow_hub.resolving.cache.layout import CachedModule
from tensorflow_hub.resolving.cache.manifest import CachedFile, change_manifest, list_files


def problems_of(module: CachedModule) -> tuple[str, ...]:
    """The problems of a cached module: a sentence for each file that is missing, added or changed."""
    problems = []
    listed = {file.path: file for file in module.manifest.files}
    there = {file.path: file for file in list_files(module.path)}
    for path, file in listed.items():
        if path not in there:
            problems.append(f"{path} is missing.")
        elif there[path].size != file.size:
            problems.append(f"{path} has {there[path].size:,} bytes, expected {file.size:,}.")
        elif file.sha256 is not None and _digest(module, file) != file.sha256:
            problems.append(f"{path} has other bytes than were downloaded.")
    problems += [f"{path} does not belong there." for path in there if path not in listed]
    return tuple(problems)


def with_digest(module: CachedModule) -> CachedModule:
    """The module with digests in its manifest. They are computed for directories that another program cached.

    Raises:
      CacheError: a file cannot be read.
    """
    if module.manifest.digest is not None:
        return module
    files = []
    for file in module.manifest.files:
        sha256 = _digest(module, file)
        if sha256 is None:
            path = os.path.join(module.path, *file.path.split("/"))
            raise CacheError(f"The file {path!r} cannot be read.", hint="Check its permissions.")
        files.append(CachedFile(file.path, file.size, sha256))
    digest = module_digest(FileEntry(file.path, file.size, str(file.sha256)) for file in files)
    manifest = dataclasses.replace(module.manifest, files=tuple(files), digest=digest)
    if not module.is_foreign:
        with contextlib.suppress(OSError):
            change_manifest(
                module.path + ".manifest.json", module.manifest, files=manifest.files, digest=digest
            )
    return dataclasses.replace(module, manifest=manifest)


def _digest(module: CachedModule, file: CachedFile) -> str | None:
    return digest_at(os.path.join(module.path, *file.path.split("/")), 0, file.size)
