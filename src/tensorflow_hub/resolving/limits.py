"""What is unpacked into the cache: within which limits, and the manifest of it."""

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
    """The manifest of files that were just written."""
    cached = tuple(CachedFile(file.path, file.size, file.sha256) for file in files)
    if source.startswith(("http://", "https://")):  # a mirror's, perhaps with a password
        parts = urllib.parse.urlsplit(source)
        source = urllib.parse.urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
    return Manifest(handle, source, module_digest(files), archive_sha256, now(), cached)


def limits_of(settings: Settings) -> ArchiveLimits:
    """What an archive may be at most, by the settings."""
    return ArchiveLimits(
        total_bytes=settings.max_module_bytes,
        files=settings.max_files,
        portable_names=os.name == "nt",
        advice="When you trust its publisher, TFHUB_MAX_MODULE_SIZE and TFHUB_MAX_FILES allow more.",
    )
