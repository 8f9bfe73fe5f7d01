"""`hub.resolve`: handle → local directory, by the first way that leads there."""

from __future__ import annotations

import dataclasses
import logging
import os
import re

from tensorflow_hub.errors import (
    DigestError,
    HandleError,
    NotFoundError,
    OfflineError,
    RequestError,
    UnreachableError,
)
from tensorflow_hub.handles import CloudHandle, ModelName, PathHandle, UrlHandle, as_model_name, parse_handle
from tensorflow_hub.resolving.cache.layout import Cache, CachedModule
from tensorflow_hub.resolving.cache.manifest import Manifest
from tensorflow_hub.resolving.lock_file import LockFile, load_lock_file
from tensorflow_hub.settings import Settings

_log = logging.getLogger("tensorflow_hub")


@dataclasses.dataclass(frozen=True)
class ResolvedModule:
    """Where a handle led.

    Attributes:
      handle: the handle in its full form.
      path: the local directory.
      origin: how it was found: "local", "cache" or "download".
      manifest: what the directory holds; None for a directory of the user's own.
    """

    handle: str
    path: str
    origin: str
    manifest: Manifest | None = None


def resolve(handle: str | os.PathLike[str]) -> str:
    """Gives the local directory of a module, downloading it at most once.

    Args:
      handle: a directory; an archive file (`x.tar.gz`); a URL of a module on a hub or of an archive on a web
        server; `gs://…` or `s3://…`; or `publisher/model/version` on the hub in `TFHUB_URL`.

    Returns:
      The path of a directory to read from. Never write into it: other programs use it too.

    Raises:
      HandleError: `handle` is none of these.
      NotFoundError: nothing is there.
      UnreachableError, DownloadError, OfflineError: it is not in the cache and cannot be fetched.
      ArchiveError, DigestError: what came is broken or not what was promised.
      CacheError: the cache cannot be written.

    Example:
      >>> import tensorflow_hub as hub
      >>> hub.resolve("no/such/directory/./here")  # doctest: +IGNORE_EXCEPTION_DETAIL
      Traceback (most recent call last):
      NotFoundError: ...
    """
    return resolve_module(handle).path


def resolve_module(
    handle: str | os.PathLike[str], settings: Settings | None = None, *, locked: bool = True
) -> ResolvedModule:
    """Like `resolve`, and tells how the directory was found and what it holds.

    Args:
      handle: as for `resolve`.
      settings: by default those of the environment.
      locked: whether a lock file is heeded.
    """
    settings = settings or Settings.from_environment()
    parsed = parse_handle(handle)
    lock = load_lock_file(settings) if locked and not isinstance(parsed, PathHandle) else None
    if isinstance(parsed, PathHandle):
        found = _resolve_path(parsed, settings, locked=locked)
    elif isinstance(parsed, UrlHandle):
        found = _resolve_url(parsed, settings, lock)
    else:
        found = _resolve_cloud(parsed, settings, lock)
    _log.debug("Resolved %s to %s (%s)", handle, found.path, found.origin)
    return found


def _resolve_path(handle: PathHandle, settings: Settings, *, locked: bool) -> ResolvedModule:
    path = os.path.expanduser(handle.path)
    if os.path.isdir(path):
        return ResolvedModule(path, path, "local")
    if os.path.isfile(path):
        from tensorflow_hub.resolving.transfer.archive_file import resolve_archive_file

        return _from_cache(*resolve_archive_file(path, settings))
    moved = _at_new_place(path, settings, locked=locked)
    if moved is not None:
        return moved
    name = as_model_name(handle.path)
    if name is None:
        raise NotFoundError(
            f"There is no directory or archive at {handle.path!r:.200}.", hint=_hint_for_path(handle.path)
        )
    url = f"{settings.hub.rstrip('/')}/{name}"
    try:
        parsed = parse_handle(url)
        assert isinstance(parsed, UrlHandle)
        return _resolve_url(parsed, settings, load_lock_file(settings) if locked else None)
    except NotFoundError as problem:
        raise NotFoundError(
            f"There is no directory {handle.path!r} here, and: {problem.problem}", hint=problem.hint
        ) from problem
    except (UnreachableError, OfflineError, RequestError) as problem:
        raise type(problem)(
            f"There is no directory {handle.path!r} here, and as a name on a hub: {problem.problem}",
            hint=problem.hint,
        ) from problem


def _at_new_place(path: str, settings: Settings, *, locked: bool) -> ResolvedModule | None:
    """The module where TFHUB_MIRRORS says that those of a folder are now; None where it says nothing.

    Raises:
      NotFoundError: it is in none of these places.
    """
    from tensorflow_hub.resolving.mirrors import places_of_path

    places = places_of_path(path, settings)
    for place in places:
        if isinstance(parse_handle(place), UrlHandle) or os.path.exists(place):
            return resolve_module(place, settings, locked=locked)
    if places:
        raise NotFoundError(
            f"There is no directory or archive at {path!r:.200}, nor where TFHUB_MIRRORS leads: "
            f"{', '.join(map(repr, places))}.",
            hint="Check the rule for this path in TFHUB_MIRRORS.",
        )
    return None


def _hint_for_path(path: str) -> str:
    """What was probably meant by a path where nothing is."""
    slipped = re.match(r"(https?|gs|s3):/*", path, re.IGNORECASE)
    if slipped:
        return f"Did you mean {slipped[1].lower() + '://' + path[slipped.end() :]!r:.200}?"
    segments = path.strip().split("/")
    if len(segments) > 1 and all(segments) and not path.startswith((".", "~")):
        try:
            ModelName.parse(path)
        except HandleError as problem:
            return f"As a name on a hub: {problem.problem}"
    if os.path.isabs(path) and len(path) < 200:
        return (
            f"Check the path. If the module is elsewhere now, say where: TFHUB_MIRRORS='{path} -> /new/path'."
        )
    return "Check the path; a module on a hub is named by its URL or as publisher/model/version."


def _resolve_url(handle: UrlHandle, settings: Settings, lock: LockFile | None) -> ResolvedModule:
    cache = Cache.from_settings(settings)
    locked = lock.require(handle.url) if lock else None
    digest = locked.digest if locked else None
    if locked is not None and locked.newest:
        handle = UrlHandle(locked.newest)
    elif locked is None and handle.version is None and not handle.is_archive:
        handle = _newest_of(handle, cache, settings)
    return _cached_or_fetched(handle.url, handle, cache, settings, digest)


def _newest_of(handle: UrlHandle, cache: Cache, settings: Settings) -> UrlHandle:
    """The handle with the version it stands for today; the handle itself where a hub does not tell."""
    if cache.find(handle.url) is not None:
        return handle  # of a hub that does not tell
    from tensorflow_hub.resolving.latest import ask_newest, remember_newest, remembered_newest

    known = remembered_newest(cache, handle)
    if known is not None and cache.find(known.url) is None:
        known = None
    if settings.offline:
        return known or handle
    try:
        newest = ask_newest(handle, settings, hurry=known is not None)
    except UnreachableError as problem:
        if known is None:
            raise
        _log.warning("%s Using %s, which was the newest when it was asked last.", problem.problem, known.url)
        return known
    if newest is None:
        return handle
    if newest != known:
        remember_newest(cache, handle, newest)
    return newest


def _checked(found: CachedModule, digest: str | None) -> CachedModule:
    """The module, when it is what was locked.

    Raises:
      DigestError: it is not.
    """
    if digest is None:
        return found
    from tensorflow_hub.resolving.cache.verification import with_digest

    found = with_digest(found)
    if found.manifest.digest != digest:
        raise DigestError(
            f"Expected {found.manifest.handle!r} with the locked digest {digest}, "
            f"got {found.manifest.digest} in {found.path!r}.",
            hint="Check with `tfhub cache verify`; `tfhub cache clear HANDLE` makes room to fetch it again.",
        )
    return found


def _resolve_cloud(handle: CloudHandle, settings: Settings, lock: LockFile | None) -> ResolvedModule:
    """A module in an object store; one that is not versioned is looked at for changes each time."""
    cache = Cache.from_settings(settings)
    locked = lock.require(handle.url) if lock else None
    digest = locked.digest if locked else None
    name = UrlHandle(locked.newest if locked and locked.newest else handle.url)
    if cache.find(name.url) is None and not (locked and locked.newest) and name.version is None:
        from tensorflow_hub.resolving.latest import newest_state

        name = newest_state(handle, cache, settings)
    return _cached_or_fetched(name.url, handle, cache, settings, digest)


def _cached_or_fetched(
    name: str, handle: UrlHandle | CloudHandle, cache: Cache, settings: Settings, digest: str | None
) -> ResolvedModule:
    """The module that the cache has, or will have, under a name."""
    found = cache.find(name)
    if found is not None:
        return _from_cache(_checked(found, digest), "cache")
    if settings.offline:
        raise offline_error(handle.url, settings)
    from tensorflow_hub.resolving.cache.staging import staged_install

    def fill(staging: str) -> Manifest:
        # Imported by the one that downloads, not by those that wait for it.
        from tensorflow_hub.resolving.download import Job, download
        from tensorflow_hub.resolving.transfer.progress import shown_progress

        with shown_progress(handle.url, settings) as progress:
            return download(handle, Job(name, handle.is_archive, staging, cache, settings, progress, digest))

    found, origin = staged_install(cache, name, fill)
    return _from_cache(_checked(found, digest), origin)


def offline_error(url: str, settings: Settings) -> OfflineError:
    """The error for a handle that is not in the cache while `TFHUB_OFFLINE` is set."""
    from tensorflow_hub.resolving.mirrors import sources_of

    return OfflineError(
        f"{url!r} is not in the cache {Cache.from_settings(settings).root!r}, and TFHUB_OFFLINE forbids to "
        f"fetch {' or '.join(sources_of(url, settings))}.",
        hint="Unset TFHUB_OFFLINE, or bring the module along: `tfhub cache export`, `tfhub cache import`.",
    )


def _from_cache(found: CachedModule, origin: str) -> ResolvedModule:
    return ResolvedModule(found.manifest.handle, found.path, origin, found.manifest)
