"""The limits for modules that are downloaded into the cache, and the manifest of such a module."""

from __future__ import annotations

import os
import urllib.parse

from tensorflow_hub.format.archive.index import FileEntry, module_digest
from tensorflow_hub.format.archive.limits import ArchiveLimits
from tensorflow_hub.resolving.cache.manifest import CachedFile, Manifest, now
from tensorflow_hub.settings import Settings


def manifest_of(
    handle: str, source: str, files: tuple[FileEntry, ...], archive_sha256: str | None
) -> Manifest:
    """The manifest of files that were downloaded."""
    cached = tuple(CachedFile(file.path, file.size, file.sha256) for file in files)
    if source.startswith(("http://", "https://")):  # the URL of a mirror may have a password
        parts = urllib.parse.urlsplit(source)
        source = urllib.parse.urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
    return Manifest(handle, source, module_digest(files), archive_sha256, now(), cached)


def limits_of(settings: Settings) -> ArchiveLimits:
    """The limits that the settings give for archives."""
    return ArchiveLimits(
        total_bytes=settings.max_module_bytes,
        files=settings.max_files,
        portable_names=os.name == "nt",
        advice="If you trust its publisher, set TFHUB_MAX_MODULE_SIZE or TFHUB_MAX_FILES to a larger value.",
    )
