"""A module over the network into a staging directory, from the first source that has it."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import os
import shutil

import requests

from tensorflow_hub.errors import (
    CacheError,
    DigestError,
    DownloadError,
    HubError,
    NotFoundError,
    RequestError,
)
from tensorflow_hub.format.archive_index import (
    INDEX_MEDIA_TYPE,
    LARGEST_SEGMENT,
    ArchiveIndex,
)
from tensorflow_hub.format.archive_reader import extract_archive
from tensorflow_hub.format.file_digests import digest_at
from tensorflow_hub.format.limits import free_space
from tensorflow_hub.handles import CloudHandle, UrlHandle, parse_handle
from tensorflow_hub.network.answers import receive_body, shown_url
from tensorflow_hub.network.session import HubSession, open_session
from tensorflow_hub.network.withdrawal import withdrawal_reason
from tensorflow_hub.resolving.cache.layout import Cache
from tensorflow_hub.resolving.cache.manifest import Manifest
from tensorflow_hub.resolving.limits import limits_of, manifest_of
from tensorflow_hub.resolving.mirrors import FAILED_SOURCE, explain_absence, sources_of
from tensorflow_hub.resolving.transfer.archive_stream import ArchiveStream, check_is_archive, with_format
from tensorflow_hub.resolving.transfer.indexed_archive import IndexedDownload, RangesNotServedError
from tensorflow_hub.resolving.transfer.progress import Progress
from tensorflow_hub.resolving.transfer.reuse import index_path, reuse_content
from tensorflow_hub.resolving.transfer.staged_segments import StagedFiles
from tensorflow_hub.settings import Settings

_log = logging.getLogger("tensorflow_hub")

_LARGEST_LOCATION = 64 << 10  # bytes
_ARCHIVE_TYPES = "application/gzip;q=0.9, */*;q=0.1"


@dataclasses.dataclass(frozen=True)
class Job:
    """What is fetched into where.

    Attributes:
      handle: in its full form.
      is_archive: the handle names an archive file, not a model of a hub.
      staging: the directory to fill; its folder `files` becomes the module.
      cache: the cache it is for: content that is there already is not fetched.
      settings: those of the process.
      progress: told about the bytes.
      digest: that the module must have, None when any will do.
    """

    handle: str
    is_archive: bool
    staging: str
    cache: Cache
    settings: Settings
    progress: Progress
    digest: str | None = None

    @property
    def files(self) -> str:
        """Where the files of the module go."""
        return os.path.join(self.staging, "files")


def download(handle: UrlHandle | CloudHandle, job: Job) -> Manifest:
    """Fetches a module from the first of its sources that has it intact.

    Returns:
      The manifest of what lies in `job.files`.

    Raises:
      NotFoundError, UnreachableError, …: of the last source, when none has it.
      DigestError: it is not what was locked.
    """
    if job.cache.remote:
        manifest = _taken_from_remote(job)
        if manifest is not None:
            return manifest
    if isinstance(handle, CloudHandle):
        return _download_objects(handle, job)
    sources = sources_of(handle.url, job.settings)
    with open_session(job.settings) as session:
        for number, source in enumerate(sources):
            try:
                return _download_from(session, source, job)
            except FAILED_SOURCE as problem:
                if number == len(sources) - 1:
                    raise explain_absence(handle.url, problem, sources != (handle.url,)) from problem
                _log.warning("%s: %s Trying the next mirror.", shown_url(source), problem.problem)
    raise AssertionError("there is at least one source")


def _taken_from_remote(job: Job) -> Manifest | None:
    from tensorflow_hub.resolving.remote_cache import take_from_remote

    shutil.rmtree(job.files, ignore_errors=True)
    manifest = take_from_remote(job.cache.remote, job.handle, job.files, job.settings, job.progress)
    if manifest is not None and job.digest in {None, manifest.digest}:
        return manifest
    shutil.rmtree(job.files, ignore_errors=True)
    return None


def _download_objects(handle: CloudHandle, job: Job) -> Manifest:
    """Fetches a module from an object store."""
    from tensorflow_hub.resolving.transfer.object_store import RemoteDirectory

    shutil.rmtree(job.files, ignore_errors=True)
    remote, limits, archive_sha256 = RemoteDirectory(handle.url), limits_of(job.settings), None
    if handle.is_archive:
        files, archive_sha256 = remote.extract(job.files, limits, job.progress)
    else:
        objects = remote.objects(limits)
        _check_free_space(job, sum(item.size for item in objects))
        files = remote.fetch(job.files, objects, job.settings.connections, job.progress)
        if remote.objects(limits) != objects:
            raise DownloadError(f"{handle.url!r} changed while it was read.", hint="Run it again.")
    manifest = manifest_of(job.handle, handle.url, files, archive_sha256)
    _check_digest(manifest.digest, job)
    return manifest


def _download_from(session: HubSession, source: str, job: Job) -> Manifest:
    if job.settings.load_format == "UNCOMPRESSED" and not job.is_archive:
        try:
            return _download_uncompressed(session, source, job)
        except RequestError as problem:
            if type(problem) is not RequestError:  # a token is missing, …
                raise
            hint = f"{problem.hint.rstrip('.')}; TFHUB_MODEL_LOAD_FORMAT=AUTO takes what there is."
            raise RequestError(problem.problem, hint=hint) from problem
    try:
        return _download_archive(session, source, job)
    except NotFoundError:
        if job.settings.load_format == "COMPRESSED" or job.is_archive:
            raise
        with contextlib.suppress(HubError):
            return _download_uncompressed(session, source, job)
        raise


def _download_uncompressed(session: HubSession, source: str, job: Job) -> Manifest:
    """The other half of the hosting protocol: a 303 names the directory in an object store."""
    response = session.exchange(
        "GET",
        with_format(source, "uncompressed"),
        what=job.handle,
        accept_statuses=frozenset({303}),
        allow_redirects=False,
        largest=_LARGEST_LOCATION,
    )
    _warn_of_withdrawal(response, job)
    location = response.headers.get("Location") or response.content.decode("utf-8", "replace").strip()
    handle = parse_handle(location)
    if not isinstance(handle, CloudHandle):
        raise DownloadError(
            f"Expected a directory in an object store for {job.handle!r} from the hub, got {location!r:.99}.",
            hint="Set TFHUB_MODEL_LOAD_FORMAT=COMPRESSED.",
        )
    return _download_objects(handle, job)


def _download_archive(session: HubSession, source: str, job: Job) -> Manifest:
    url = source if job.is_archive else with_format(source, "compressed")
    _log.debug("Fetching %s", shown_url(url))
    headers = {"Accept": f"{INDEX_MEDIA_TYPE}, {_ARCHIVE_TYPES}", "Accept-Encoding": "identity"}
    response = session.exchange("GET", url, what=job.handle, headers=headers, stream=True)
    _warn_of_withdrawal(response, job)
    if response.headers.get("Content-Type", "").partition(";")[0].strip() != INDEX_MEDIA_TYPE:
        return _download_stream(session, response, source, job, None)
    index = _read_index(session, response, url, job)
    _check_digest(index.digest, job)
    if index.largest_segment <= LARGEST_SEGMENT:
        try:
            return _download_segments(session, response.url, source, index, job)
        except RangesNotServedError:
            _log.debug("%s does not serve parts of files", shown_url(response.url))
    response = session.exchange("GET", url, what=job.handle, headers={"Accept": _ARCHIVE_TYPES}, stream=True)
    return _download_stream(session, response, source, job, index.digest)


def _warn_of_withdrawal(response: requests.Response, job: Job) -> None:
    """Says once a download that what comes was withdrawn; a store redirected to does not know."""
    for answer in (*response.history, response):
        reason = withdrawal_reason(answer.headers)
        if reason is not None:
            _log.warning(
                "%s was withdrawn by its publisher%s Look for another version: `tfhub show %s`.",
                job.handle,
                f": {reason.rstrip('.')}." if reason else ".",
                job.handle.rpartition("/")[0],
            )
            return


def _read_index(session: HubSession, response: requests.Response, url: str, job: Job) -> ArchiveIndex:
    limits = limits_of(job.settings)
    try:
        receive_body(response, limits.index_bytes)
    except requests.exceptions.RequestException:  # it broke off: asked for again, with the session's patience
        headers = {"Accept": INDEX_MEDIA_TYPE}
        response = session.exchange("GET", url, what=job.handle, headers=headers, largest=limits.index_bytes)
    return ArchiveIndex.from_json(response.content, limits)


def _download_segments(session: HubSession, url: str, source: str, index: ArchiveIndex, job: Job) -> Manifest:
    staged = StagedFiles(job.staging, index)
    staged.open()
    try:
        reuse_content(job.cache, job.handle, staged)
        firsts = {staged.twins(number)[0] for number in range(len(index.segments))}
        total = sum(index.segments[number].length for number in firsts)
        missing = sum(index.segments[number].length for number in firsts & staged.missing)
        _check_free_space(job, sum(index.segments[number].size for number in staged.missing))
        job.progress.start(total, total - missing)
        _log.debug("%s: %d of %d bytes are to be fetched", job.handle, missing, total)
        IndexedDownload(session, url, job.handle, staged, job.progress).run(max(1, job.settings.connections))
    finally:
        staged.close()
    if job.digest is not None:
        # Segments were checked against the index; what is locked are the files as a whole.
        for file in index.files:
            if digest_at(staged.path_of(file.path), 0, file.size) != file.sha256:
                raise _other_digest(job, f"another content of {file.path!r}")
    _keep_index(job, index)
    return manifest_of(job.handle, source, index.files, index.archive_sha256)


def _download_stream(
    session: HubSession, response: requests.Response, source: str, job: Job, promised: str | None
) -> Manifest:
    check_is_archive(response, job.handle)
    shutil.rmtree(job.files, ignore_errors=True)
    stream = ArchiveStream(session, response, job.handle, job.progress)
    try:
        if stream.total:
            _check_free_space(job, stream.total)
        files = extract_archive(stream, job.files, limits_of(job.settings))
    finally:
        stream.close()
    manifest = manifest_of(job.handle, source, files, stream.sha256)
    _check_digest(manifest.digest, job)
    if promised is not None and manifest.digest != promised:
        raise _other_digest(job, str(manifest.digest), promised)
    return manifest


def _check_digest(digest: str | None, job: Job) -> None:
    if job.digest is not None and digest != job.digest:
        raise _other_digest(job, str(digest))


def _other_digest(job: Job, got: str, expected: str | None = None) -> DigestError:
    return DigestError(
        f"Expected {job.handle!r} with the digest {expected or job.digest}, got {got}.",
        hint="What is published there was changed: find out why before you run `tfhub lock` again.",
    )


def _check_free_space(job: Job, needed: int) -> None:
    free = free_space(job.staging)
    if free is not None and needed > free:
        raise CacheError(
            f"{job.handle!r} needs {needed / 1e6:,.1f} MB on the disk of the cache {job.cache.root!r}, "
            f"which has {free / 1e6:,.1f} MB left: the disk is full.",
            hint="Free space: `tfhub cache prune --max-size 10GB`; or set TFHUB_CACHE_DIR to another disk.",
        )


def _keep_index(job: Job, index: ArchiveIndex) -> None:
    """Keeps the index for later versions, whose segments may be the same. The cache works without it."""
    path = index_path(job.cache, job.handle)
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        os.replace(os.path.join(job.staging, "index.json"), path)
    except OSError as error:
        _log.debug("The index of %s is not kept: %s", job.handle, error)
