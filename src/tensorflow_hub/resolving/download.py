"""A module over the network into a staging directory."""

from __future__ import annotations

import logging
import os

from tensorflow_hub.errors import DownloadError, HubError, NotFoundError, UnreachableError
from tensorflow_hub.format.archive_index import FileEntry
from tensorflow_hub.format.archive_reader import extract_archive
from tensorflow_hub.format.limits import ArchiveLimits
from tensorflow_hub.handles import UrlHandle
from tensorflow_hub.network.session import HubSession, open_session
from tensorflow_hub.resolving.cache import now
from tensorflow_hub.resolving.manifest import CachedFile, Manifest
from tensorflow_hub.resolving.progress import Progress
from tensorflow_hub.resolving.sources import explain_absence, sources_of
from tensorflow_hub.resolving.streamed import ArchiveStream, check_is_archive, with_format
from tensorflow_hub.settings import Settings

_log = logging.getLogger("tensorflow_hub")


def download(handle: UrlHandle, staging: str, settings: Settings, progress: Progress) -> Manifest:
    """Fetches a module from the first of its sources that has it.

    Args:
      handle: what.
      staging: a directory to fill; what an interrupted download left there is used.
      settings: those of the process.
      progress: told about the bytes.

    Returns:
      The manifest of what lies in `staging`.

    Raises:
      NotFoundError, UnreachableError, …: of the last source, when none has it.
    """
    sources = sources_of(handle.url, settings)
    with open_session(settings) as session:
        for number, source in enumerate(sources):
            try:
                return _download_from(session, handle, source, staging, settings, progress)
            except (NotFoundError, UnreachableError, DownloadError) as problem:
                if number == len(sources) - 1:
                    raise _explained(handle.url, problem) from problem.__cause__
                _log.warning("%s Trying the next mirror.", problem.problem)
    raise AssertionError("there is at least one source")


def _explained(url: str, problem: HubError) -> HubError:
    return explain_absence(url, problem)


def _download_from(
    session: HubSession, handle: UrlHandle, source: str, staging: str, settings: Settings, progress: Progress
) -> Manifest:
    url = source if handle.is_archive else with_format(source, "compressed")
    _log.debug("Fetching %s", url)
    headers = {"Accept": "application/gzip, */*;q=0.1", "Accept-Encoding": "identity"}
    response = session.exchange("GET", url, what=handle.url, headers=headers, stream=True)
    check_is_archive(response, handle.url)
    stream = ArchiveStream(session, response, handle.url, progress)
    try:
        files = extract_archive(stream, os.path.join(staging, "files"), limits_of(settings))
    finally:
        stream.close()
    return manifest_of(handle.url, source, files, stream.sha256)


def manifest_of(
    handle: str, source: str, files: tuple[FileEntry, ...], archive_sha256: str | None
) -> Manifest:
    """The manifest of files that were just written."""
    from tensorflow_hub.format.archive_index import module_digest

    cached = tuple(CachedFile(file.path, file.size, file.sha256) for file in files)
    return Manifest(handle, source, module_digest(files), archive_sha256, now(), cached)


def limits_of(settings: Settings) -> ArchiveLimits:
    """What an archive may be at most, by the settings."""
    return ArchiveLimits(
        total_bytes=settings.max_module_bytes, files=settings.max_files, portable_names=os.name == "nt"
    )
